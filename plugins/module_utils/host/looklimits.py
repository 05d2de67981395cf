"""A look at what a host has left: room, inodes, memory, load; and at how much its journal complains."""

from __future__ import annotations

import os
import time
from pathlib import Path

from .checks import Check
from .command import NOT_FOUND, finished
from .seen import FAIL, PASS, SKIPPED, UNMEASURED, Look, Past

_LOOK_BACK = 60.0
"""Over how many seconds errors in the journal are counted."""


def disk(check: Check, _: Past) -> Look:
    """Whether a file system has room for everybody, in percent."""
    found = os.statvfs(check.own["path"])
    used = found.f_blocks - found.f_bfree
    return _free(check, f"{check.own['path']} has", found.f_bavail, used + found.f_bavail, "room")


def inodes(check: Check, _: Past) -> Look:
    """Whether a file system has inodes left, in percent; one that makes them as needed always has."""
    found = os.statvfs(check.own["path"])
    if not found.f_files:
        return Look(PASS, f"{check.own['path']} makes inodes as they are needed")
    return _free(check, f"{check.own['path']} has", found.f_favail, found.f_files, "inodes")


def memory(check: Check, _: Past) -> Look:
    """Whether memory is left for new work, in percent."""
    total, available = memory_bytes()
    return _free(check, "the host has", available, total, "memory")


def used_percent() -> float:
    """How much of the memory is used, in percent."""
    total, available = memory_bytes()
    return 100 * (total - available) / total


def memory_bytes(meminfo: str = "/proc/meminfo") -> tuple[int, int]:
    """All memory and what is available to new work, in bytes."""
    lines = Path(meminfo).read_text(encoding="ascii").splitlines()
    fields = {line.partition(":")[0]: int(line.split()[1]) * 1024 for line in lines if len(line.split()) > 1}
    return fields["MemTotal"], fields["MemAvailable"]


def _free(check: Check, who: str, free: int, total: int, what: str) -> Look:
    share = 100 * free / total if total else 0.0
    wanted = check.own["free"]
    told = f"{who} {share:.1f} % of its {what} free"
    return Look(PASS, told) if share >= wanted else Look(FAIL, f"{told}, {wanted:g} % are wanted")


def load(check: Check, _: Past) -> Look:
    """Whether the load of the last minute is bearable, per processor."""
    each = os.getloadavg()[0] / (os.cpu_count() or 1)
    told = f"the load of the last minute is {each:.2f} per processor"
    return Look(PASS, told) if each <= check.own["max"] else Look(FAIL, f"{told}, {check.own['max']:g} is allowed")


def journal(check: Check, past: Past) -> Look:
    """Whether the journal has no more errors per minute than allowed; what an update itself logged is left out."""
    begin = max(past.since, time.time() - _LOOK_BACK)
    found = journal_times(check, begin)
    if isinstance(found, Look):
        return found
    rate = len(found) * 60 / _LOOK_BACK
    told = f"{rate:g} entries of priority {check.own['priority']} or worse in a minute"
    return Look(PASS, told) if rate <= check.own["max"] else Look(FAIL, f"{told}, {check.own['max']:g} are allowed")


def journal_times(check: Check, begin: float) -> list[float] | Look:
    """When such entries were written since an instant (seconds of the epoch); why not, where that cannot be told."""
    units = [f"--unit={unit}" for unit in check.own["units"] or ()]
    argv = ["journalctl", "--quiet", "--no-pager", "--output=short-unix", f"--priority={check.own['priority']}"]
    done = finished([*argv, f"--since=@{begin:.6f}", *units], max(check.timeout, 5))
    if done.code == NOT_FOUND:
        return Look(SKIPPED, "journalctl is not there", final=True)
    if not done.ok:
        return Look(UNMEASURED, f"the journal cannot be read: {done.why()}")
    return [at for line in done.out.splitlines() if (at := _instant(line)) is not None and at >= begin]


def _instant(line: str) -> float | None:
    try:
        return float(line.split(" ", 1)[0])
    except ValueError:
        return None  # a further line of an entry
