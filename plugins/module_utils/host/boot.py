"""Which boot this is, and whether a reboot is owed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Iterable

_NEEDS_REBOOT = re.compile(
    r"linux-image-.*|libc6|systemd|systemd-sysv|dbus|kernel(-core|-rt)?|glibc|dbus-(daemon|broker)"
)
_REQUIRED = ("/run/reboot-required", "/var/run/reboot-required")


def fingerprint(proc: str = "/proc") -> str:
    """Boot id and PID 1's start (clock ticks): containers share the kernel's boot id, PID 1's start they do not."""
    boot = Path(proc, "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    stat = Path(proc, "1/stat").read_text(encoding="utf-8", errors="replace")
    return f"{boot} {start_ticks(stat)}"


def start_ticks(stat: str) -> int:
    """Field 22 of a process's stat line, counted after the name, which may hold blanks and brackets."""
    return int(stat.rpartition(")")[2].split()[19])


def owed(changes: Iterable[tuple[str, list[str]]], boot_now: str, root: str = "/") -> dict[str, Any]:
    """Whether a reboot is owed and why: the distribution's flag, or (boot before, changed names) of this same boot."""
    why = _flag(root)
    for boot_before, names in changes:
        if boot_before == boot_now:
            why += [f"{name} changed since the last boot" for name in names if _NEEDS_REBOOT.fullmatch(name)]
    unique = list(dict.fromkeys(why))
    return {"owed": bool(unique), "why": unique}


def _flag(root: str) -> list[str]:
    for path in _REQUIRED:
        if os.path.exists(root.rstrip("/") + path):
            try:
                text = Path(f"{root.rstrip('/')}{path}.pkgs").read_text(encoding="utf-8", errors="replace")
            except OSError:
                text = ""
            names = ", ".join(sorted(set(text.split()))[:20])
            return [f"{path} exists" + (f" ({names})" if names else "")]
    return []
