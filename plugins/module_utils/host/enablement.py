"""Which units are enabled: asked, remembered for a while, compared, and put back."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Container, Iterator, cast

from .command import finished
from .errors import HostError
from .journal import Journal
from .services import has_systemd

# Where systemd.unit(5) looks for the units of the system; what generators make is made anew by each daemon-reload.
_FOLDERS = (
    "/etc/systemd/system",
    "/etc/systemd/system.control",
    "/etc/systemd/system.attached",
    "/run/systemd/system",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_GENERATED = ("/run/systemd/generator.early", "/run/systemd/generator", "/run/systemd/generator.late")
_MASKS = "/etc/systemd/system"
_OURS = "patchtide-"


def remembered(journal: Journal, masked: Container[str] = ()) -> dict[str, str]:
    """The enablement as it was asked for this run earlier, as long as no unit file changed since; else asked anew.

    systemd takes longer to tell it than a small update lasts. Of the units in `masked`, which maintenance mode masked
    meanwhile, it is what it was before.
    """
    seen = fingerprint(masked)
    memo = journal.read("units") or {}
    if memo.get("seen") != seen:
        memo = journal.write("units", {"seen": seen, "states": unit_files()})
    return cast("dict[str, str]", memo["states"])


def fingerprint(masked: Container[str] = (), root: str = "") -> str:
    """A digest of all unit files: their names, sizes and when they were last changed. Our own are left out."""
    digest = hashlib.sha256()
    for folder in (*_FOLDERS, *_GENERATED):
        for path in sorted(_files(f"{root}{folder}")):
            name = os.path.basename(path)
            if name.startswith(_OURS) or (name in masked and os.path.dirname(path) == f"{root}{_MASKS}"):
                continue
            digest.update(f"{path}\0{_state(path, dated=folder not in _GENERATED)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _state(path: str, dated: bool) -> str:
    """Kind, size and last change; a folder changes with each of its files, which are looked at themselves."""
    found = os.lstat(path)
    if stat.S_ISDIR(found.st_mode):
        return "folder"
    return f"{found.st_mode} {found.st_size} {found.st_ctime_ns if dated else 0}"


def _files(folder: str) -> Iterator[str]:
    for place, names, files in os.walk(folder):
        yield from (os.path.join(place, name) for name in (*files, *names))


def unit_files() -> dict[str, str]:
    """The enablement of every installed service, socket and timer by unit name."""
    if not has_systemd():
        return {}
    asked = finished(
        ["systemctl", "list-unit-files", "--type=service,socket,timer", "--full", "--no-legend", "--no-pager"], 60
    )
    if not asked.ok:
        raise HostError(f"systemctl list-unit-files failed: {asked.why()}", code="services")
    return parsed_unit_files(asked.out)


def parsed_unit_files(text: str) -> dict[str, str]:
    """Unit name and state from `systemctl list-unit-files --no-legend`, states that a boot does not keep left out."""
    rows = (line.split() for line in text.splitlines())
    return {
        row[0]: row[1] for row in rows if len(row) > 1 and not row[1].endswith("-runtime") and row[1] != "transient"
    }


def restored_enablement(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Give units whose enablement differs their former one; the names of those touched."""
    verbs = {"enabled": "enable", "disabled": "disable", "masked": "mask"}
    touched = []
    for name, state in sorted(before.items()):
        verb = verbs.get(state)
        if name in now and now[name] != state and verb:
            if now[name] == "masked":
                finished(["systemctl", "--no-reload", "unmask", "--", name], 60)
            finished(["systemctl", "--no-reload", verb, "--", name], 60)
            touched.append(name)
    return touched


def enablement_differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """A sentence for every unit file that is there as before but enabled otherwise."""
    return [
        f"{name} is {now[name]}, was {state}"
        for name, state in sorted(before.items())
        if name in now and now[name] != state
    ]
