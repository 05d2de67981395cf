"""Which boot this is, and whether a reboot is owed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Iterable

from .command import finished
from .kernel import Kernels, kernels

_CORE = re.compile(r"libc6|systemd|systemd-sysv|dbus|glibc|dbus-(daemon|broker)")
_KERNEL = re.compile(r"linux-image-.*|kernel(-core|-rt)?")
_REQUIRED = ("/run/reboot-required", "/var/run/reboot-required")
_KERNEL_WAITS = ("2", "3")  # needrestart: a newer build of the same release, a newer release


def fingerprint(proc: str = "/proc") -> str:
    """Boot id and PID 1's start (clock ticks): containers share the kernel's boot id, PID 1's start they do not."""
    boot = Path(proc, "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    stat = Path(proc, "1/stat").read_text(encoding="utf-8", errors="replace")
    return f"{boot} {start_ticks(stat)}"


def start_ticks(stat: str) -> int:
    """Field 22 of a process's stat line, counted after the name, which may hold blanks and brackets."""
    return int(stat.rpartition(")")[2].split()[19])


def owed(
    changes: Iterable[tuple[str, list[str]]], boot_now: str, more: Iterable[str] = (), root: str = "/"
) -> dict[str, Any]:
    """Whether a reboot is owed and why: another kernel waits, the distribution says so, or what runs all the time.

    `changes` are (boot, names of packages that changed in it): only those of this same boot count. `more` are reasons
    that the caller knows of.
    """
    found = kernels(root)
    difference = found.difference()
    why = _flag(root) + ([difference] if difference else []) + (_told_by_tools(found) if root == "/" else [])
    for boot_before, names in changes:
        if boot_before == boot_now:
            why += [f"{name} changed since the last boot" for name in names if _counts(name, found)]
    unique = list(dict.fromkeys([*why, *more]))
    return {"owed": bool(unique), "why": unique}


def restart_expected(name: str) -> str:
    """`reboot` for a package whose update owes one as a rule; whether it does is seen when the update is done."""
    return "reboot" if _CORE.fullmatch(name) or _KERNEL.fullmatch(name) else ""


def _counts(name: str, found: Kernels) -> bool:
    """Whether a changed package owes a reboot; a kernel's does where the kernels themselves cannot be compared."""
    return bool(_CORE.fullmatch(name) or (_KERNEL.fullmatch(name) and found.own and found.expected is None))


def _told_by_tools(found: Kernels) -> list[str]:
    """What the distribution's own tools say, where they are installed."""
    why = []
    if found.expected is not None:
        told = dict(line.partition(": ")[::2] for line in finished(["needrestart", "-b", "-k"], 60).out.splitlines())
        if told.get("NEEDRESTART-KSTA") in _KERNEL_WAITS and not found.difference():
            why.append(f"needrestart says that kernel {told.get('NEEDRESTART-KEXP')} waits")
    asked = finished(["needs-restarting", "-r"], 120)
    if asked.code == 1 and "reboot is required" in asked.out.lower():
        why.append("needs-restarting says that a reboot is required")
    return why


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
