"""Files that a user names: read and written whole, or refused with a sentence before anything else happens."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from patchtide.core.errors import UsageError
from patchtide.files import Kind, kind_of, opened

_MOST_BYTES = 512 << 20
"""Longer than the plan of the largest fleet."""


def text_in(path: Path, what: str) -> str:
    """Return a file's text; raises UsageError."""
    try:
        with opened(path) as file:
            raw = file.read(_MOST_BYTES + 1)
        if len(raw) > _MOST_BYTES:
            raise UsageError(f"{what} is longer than {_MOST_BYTES >> 20} MB", where=str(path))
        return raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} cannot be read: {_why(error)}", where=str(path)) from None


def writable(path: Path | None) -> None:
    """Refuse a file that cannot be written later, now."""
    if path is None or kind_of(path) is Kind.OTHER:
        return
    if kind_of(path) is Kind.FOLDER or not os.access(_meant(path).parent, os.W_OK):
        raise UsageError("the file cannot be written", where=str(path), hint="Name a file in a folder that is there.")


def written(path: Path, text: str) -> None:
    """Write a file whole or not at all; what is no plain file (a device, a pipe) is written into. Raises UsageError."""
    path, temporary = _meant(path), None
    try:
        if kind_of(path) is Kind.OTHER:
            path.write_text(text, encoding="utf-8", errors="replace")
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        Path(temporary).chmod(_mode(path))
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()
        raise UsageError(f"the file cannot be written: {_why(error)}", where=str(path)) from None


def _meant(path: Path) -> Path:
    """Return the file that a link leads to: the link stays. What has no name (a pipe behind /dev/stdout) is as told."""
    real = Path(os.path.realpath(path))
    return real if kind_of(real) or not kind_of(path) else path


def _mode(path: Path) -> int:
    """Return the permissions that a file written here should have: those it has, or what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
