"""Services that still run files which an update replaced: the kernel calls those deleted."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Iterable

from .command import finished
from .services import has_systemd

# Code only: what is mapped as data, or lies where programs keep their own scratch files, is nobody's library.
_MAPPED = re.compile(
    r"[0-9a-f]+-[0-9a-f]+ ..x. \S+ \S+ \d+ +(/(?:usr|lib\w*|bin|sbin|opt)/.+?)(?:\.dpkg-\w+|;[0-9a-f]{8})? \(deleted\)"
)
_UNIT = re.compile(r"[^/]+\.(?:service|scope)")
_OF_PEOPLE = re.compile(r"(user@|session-|run-|patchtide-).*")
# Restarting these cuts off logins, consoles or the network: a reboot is the way to renew them.
_KEPT = re.compile(
    r"init\.scope|dbus(-broker)?\.service|systemd-logind\.service|(serial-|console-)?getty@.*|autovt@.*"
    r"|NetworkManager\.service|networking\.service|systemd-networkd\.service|wpa_supplicant(@.*)?\.service"
    r"|(display-manager|gdm3?|lightdm|sddm)\.service"
)
_PATIENCE = 180


def stale(proc: str = "/proc") -> dict[str, list[str]]:
    """The replaced files that run, by unit; what people started themselves is left out."""
    found: dict[str, set[str]] = {}
    for pid in (name for name in os.listdir(proc) if name.isdigit()):
        files = _replaced(Path(proc, pid, "maps"))
        unit = unit_of(_text(Path(proc, pid, "cgroup"))) if files else ""
        if unit and not _OF_PEOPLE.fullmatch(unit):
            found.setdefault(unit, set()).update(files)
    return {unit: sorted(files) for unit, files in sorted(found.items())}


def unit_of(cgroup: str) -> str:
    """The unit in the text of a process's cgroup file; a user's own units are that user's."""
    for line in cgroup.splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers not in ("", "name=systemd"):
            continue
        units = _UNIT.findall(path)
        of_users = [unit for unit in units if unit.startswith("user@")]
        if units:
            return str((of_users or units[-1:])[0])
    return ""


def renewed(keep: Iterable[str], proc: str = "/proc") -> list[str]:
    """Restart what is stale, but for the units in `keep` and those that would cut somebody off; what would not start.

    A service is given a moment to end its work: systemd waits for it as the unit says.
    """
    kept = set(keep)
    sentences = []
    for unit in stale(proc) if has_systemd() else {}:
        if unit.endswith(".service") and not is_lasting(unit) and unit not in kept:
            done = finished(["systemctl", "try-restart", "--", unit], _PATIENCE)
            sentences += [] if done.ok else [f"{unit} would not restart: {done.why()}"]
    return sentences


def is_lasting(unit: str) -> bool:
    """Whether only a boot renews the unit."""
    return _KEPT.fullmatch(unit) is not None


def told(found: dict[str, list[str]]) -> list[str]:
    """A line for each unit with the files that it still runs."""
    return [f"{unit} ({_few([os.path.basename(path) for path in files])})" for unit, files in found.items()]


def boot_reasons(found: dict[str, list[str]]) -> list[str]:
    """Why a reboot is owed for what is stale."""
    return [f"{unit} still runs replaced files" for unit in found if is_lasting(unit)]


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""  # noqa: PLR2004  as many as a line can carry
    return ", ".join(names[:3]) + more


def _replaced(maps: Path) -> set[str]:
    found = (_MAPPED.fullmatch(line) for line in _text(maps).splitlines())
    return {match[1] for match in found if match is not None}


def _text(path: Path) -> str:
    """The file's text; empty for a process that ended meanwhile."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
