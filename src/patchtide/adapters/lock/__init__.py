"""One controller at a time, by a file that the kernel unlocks when its holder dies."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from patchtide.core.errors import LockedError, PatchtideError

_TRIES = 6
_PAUSE = 0.05
"""Seconds between tries: `holder` takes the lock for a moment to see whether it is free, which is nobody's refusal."""

_LONGEST_TEXT = 4096


class FileLock:
    """A lock by flock(2) on a file that names its holder; it ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def hold(self, holder: str) -> Iterator[None]:
        """Hold the lock while the context lasts; raises LockedError naming the holder when another has it."""
        descriptor = self._locked()
        try:
            _write(descriptor, _signed(holder))
            yield
        finally:
            os.ftruncate(descriptor, 0)
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child between fork and exec may still share the descriptor
            os.close(descriptor)

    def holder(self) -> str | None:
        """Return who holds the lock now, or None."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None
        try:
            return None if _taken(descriptor, fcntl.LOCK_SH) else _text(descriptor)
        finally:
            os.close(descriptor)

    def _locked(self) -> int:
        """Return a descriptor that holds the lock, of the file that is at the path now."""
        for _ in range(_TRIES):
            descriptor = self._opened()
            if _taken(descriptor, fcntl.LOCK_EX) and self._still_there(descriptor):
                return descriptor
            holder = _text(descriptor)
            os.close(descriptor)
            time.sleep(_PAUSE)
        raise LockedError(
            f"{self._path} is held by {holder}",
            hint="Wait for it to end, or look at it with `patchtide status`.",
            where=str(self._path),
        )

    def _opened(self) -> int:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._unusable(error) from None

    def _still_there(self, descriptor: int) -> bool:
        """A lock on a file that was deleted in the meantime keeps nobody out."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(descriptor))
        except FileNotFoundError:
            return False

    def _unusable(self, error: OSError) -> PatchtideError:
        hint = "Make the directory writable for the user that runs Patchtide."
        return PatchtideError(f"the lock cannot be used: {error.strerror}", hint=hint, where=str(self._path))


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signed(holder: str) -> str:
    since = datetime.now(UTC)
    command = " ".join(sys.argv)
    return f"{holder}: pid {os.getpid()} on {socket.gethostname()} since {since:%Y-%m-%dT%H:%M:%SZ} ({command})"


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, "".join(c if c.isprintable() else "?" for c in text).encode()[:_LONGEST_TEXT], 0)


def _text(descriptor: int) -> str:
    """Return what the holder wrote; between taking the lock and writing there is a moment without a text."""
    return os.pread(descriptor, _LONGEST_TEXT, 0).decode(errors="replace") or "another process"
