"""Files that hold keys: written once, read whole, and a private one only when nobody else could have read it."""

import os
from pathlib import Path

from patchtide.core.errors import UsageError
from patchtide.files import opened

_LONGEST = 65536
"""Bytes: a key is shorter by far, and a wrong file may be endless."""

_OTHERS = 0o077


def made(path: Path, data: bytes, mode: int) -> None:
    """Write a new file durably; raises UsageError when there is one, or it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        hint = "Name another file; a key that is used somewhere is never overwritten."
        raise UsageError("there is a file already", where=str(path), hint=hint) from None
    except OSError as error:
        raise UsageError(f"the key cannot be written: {error.strerror}", where=str(path)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()
        raise UsageError(f"the key cannot be written: {error.strerror}", where=str(path)) from None


def private_bytes(path: Path) -> bytes:
    """Return what a file holds that only its owner can read; raises UsageError when others can, or there is none."""
    try:
        with opened(path) as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & _OTHERS:
                hint = f"`chmod 600 {path}`, and think of who may have copied it; `patchtide key new` makes another."
                raise UsageError(f"others can read this private key (mode {mode:04o})", where=str(path), hint=hint)
            return file.read(_LONGEST)
    except OSError as error:
        hint = "Make a pair with `patchtide key new FILE`."
        raise UsageError(f"the private key cannot be read: {error.strerror}", where=str(path), hint=hint) from None


def short_text(path: Path) -> str:
    """Return the text of a public key's file; raises UsageError."""
    try:
        with opened(path) as file:
            return file.read(_LONGEST).decode("ascii")
    except OSError as error:
        raise UsageError(f"the public key cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise UsageError("this is no public key: it is not plain text", where=str(path)) from None
