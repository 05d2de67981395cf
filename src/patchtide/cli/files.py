"""Files that a user names: read and written whole, or refused with a sentence before anything else happens."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from patchtide.core.errors import UsageError


def text_in(path: Path, what: str) -> str:
    """Return a file's text; raises UsageError."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{what} cannot be read: {_why(error)}", where=str(path)) from None


def writable(path: Path | None) -> None:
    """Refuse a file that cannot be written later, now."""
    if path is not None and (path.is_dir() or not os.access(path.parent, os.W_OK)):
        raise UsageError("the file cannot be written", where=str(path), hint="Name a file in a folder that is there.")


def written(path: Path, text: str) -> None:
    """Write a file whole or not at all; raises UsageError."""
    temporary = None
    try:
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


def _mode(path: Path) -> int:
    """Return the permissions that a file written here should have: those it has, or what the umask leaves."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _why(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not UTF-8 text"
