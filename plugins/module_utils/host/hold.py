"""Locks: one call at a time on a host, one transaction at a time, and who holds the package manager's."""

from __future__ import annotations

import fcntl
import os
import struct
import time
from contextlib import contextmanager
from typing import Callable, Iterator, TypeVar

from .errors import HostError

CALL_LOCK = "/run/patchtide.lock"
TRANSACTION_LOCK = "/run/patchtide-transaction.lock"
_LOCK_WAIT = 120
_POLL = 0.2

T = TypeVar("T")


def lock_patience(timeout: float) -> float:
    """For how long another package manager is waited for, of a time (seconds): what follows needs the rest."""
    return min(_LOCK_WAIT, timeout / 2)


def waited(held: Callable[[], T], patience: float) -> T:
    """What is held still, as soon as nothing is or patience (seconds) is over."""
    until = time.monotonic() + patience
    while (found := held()) and time.monotonic() < until:
        time.sleep(_POLL)
    return found


@contextmanager
def exclusive(path: str, wait: float) -> Iterator[None]:
    """The file's lock for the length of the block; HostError when another holds it longer than wait (seconds)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        until = time.monotonic() + wait
        while not _taken(descriptor):
            if time.monotonic() >= until:
                raise HostError(
                    f"another Patchtide call has held {path} for more than {wait:.0f} s",
                    "wait for it, or look at it with `systemctl list-units 'patchtide-*'`",
                    code="locked",
                )
            time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


def is_free(path: str) -> bool:
    """Whether nobody holds the file's lock now."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        return _taken(descriptor)
    finally:
        os.close(descriptor)


def holder(path: str) -> str | None:
    """The process that holds a POSIX lock on the file, as "name (pid 12)"; None when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # struct flock: type, whence, start, length, pid
        asked = struct.pack("hhqqi0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack("hhqqi0q", fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if answer[0] == fcntl.F_UNLCK else _process_name(answer[4])


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _process_name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as comm:
            return f"{comm.read().strip()} (pid {pid})"
    except OSError:
        return f"a process outside this container or gone (pid {pid})"
