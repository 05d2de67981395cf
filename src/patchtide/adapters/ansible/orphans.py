"""Processes that an attempt left behind, found by the marks that it put into their environment."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")
_GRACE_SECONDS = 2.0
_PAUSE_SECONDS = 0.05


def marked(name: str, value: str, sockets: str = "") -> frozenset[int]:
    """Return the ids of this user's processes whose environment sets a variable so, without ours and our parents.

    An ssh master overwrites its environment with a title that holds the path of its socket: `sockets` is the
    beginning of such paths.
    """
    mark = f"{name}={value}".encode()
    ours = _ancestors()
    return frozenset(
        pid for pid in _processes() if pid not in ours and (_set(pid, mark) or _serves(pid, sockets)) and _alive(pid)
    )


def ended(name: str, value: str, sockets: str = "") -> int:
    """End all marked processes, first by asking, then by force; return how many there were."""
    asked = marked(name, value, sockets)
    _signal(asked, signal.SIGTERM)
    patience = time.monotonic() + _GRACE_SECONDS
    seen = set(asked)
    while left := marked(name, value, sockets):
        seen |= left
        if time.monotonic() > patience:
            _signal(left, signal.SIGKILL)
        time.sleep(_PAUSE_SECONDS)
    return len(seen)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _set(pid: int, mark: bytes) -> bool:
    """Whether a process of this user has the mark; another user's cannot be read, and is not ours to end."""
    return mark in _read(pid, "environ").split(b"\0")


def _serves(pid: int, sockets: str) -> bool:
    return bool(sockets) and _read(pid, "cmdline").startswith(f"ssh: {sockets}".encode())


def _alive(pid: int) -> bool:
    """A zombie has ended, whatever its parent makes of it."""
    state = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(state) and state[0] not in {b"Z", b"X"}


def _read(pid: int, name: str) -> bytes:
    try:
        if (_PROC / str(pid)).stat().st_uid != os.getuid():
            return b""
        return (_PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""


def _ancestors() -> frozenset[int]:
    """Return our own process id and those of all our parents."""
    found: set[int] = set()
    pid = os.getpid()
    while pid > 0 and pid not in found:
        found.add(pid)
        fields = _read_any(pid).rpartition(b")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return frozenset(found)


def _read_any(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return b""
