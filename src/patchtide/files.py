"""Files that somebody names: what they are, and opened so that no odd one keeps anybody waiting for ever."""

import errno
import os
import stat
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO


class Kind(Enum):
    """What there is at a path, links followed; OTHER is a pipe, a socket or a device."""

    FILE = auto()
    FOLDER = auto()
    OTHER = auto()


def kind_of(path: Path) -> Kind | None:
    """Return what there is at a path; None for nothing, for what nobody may see, and for what cannot be a name."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return None
    return Kind.FILE if stat.S_ISREG(mode) else Kind.FOLDER if stat.S_ISDIR(mode) else Kind.OTHER


def opened(path: Path) -> BinaryIO:
    """Open a file to read its bytes; raises OSError.

    A pipe that nobody writes into is an empty file, and a device, which may be endless, is refused.
    """
    return open(path, "rb", opener=_opened)


def _opened(path: str, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        os.close(descriptor)
        raise OSError(errno.ENODEV, "it is a device, not a file", path)
    os.set_blocking(descriptor, True)
    return descriptor
