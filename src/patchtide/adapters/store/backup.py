"""Copies of the log: made while it is used, each with a digest of its own, and put back only when they are sound."""

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from patchtide.adapters.store.schema import StoreError
from patchtide.files import Kind, kind_of

_FOLDER = "backups"
_PARTS = ("", "-wal", "-shm")
"""The files of a log: without the second, what was said last is lost."""


def beside(path: Path, version: int | None = None) -> Path:
    """Return where a backup of a log lies when nobody names a file: one made now, or before a migration."""
    word = "log" if version is None else f"log-of-version-{version}"
    return path.parent / _FOLDER / f"{word}-{_now()}.db"


def digest_file(backup: Path) -> Path:
    """Return the file that holds the SHA-256 of a backup, as `sha256sum -c` reads it."""
    return backup.with_name(f"{backup.name}.sha256")


def backed_up(source: Path, target: Path) -> str:
    """Copy a log as it is at one instant, and return the copy's SHA-256; raises StoreError.

    Others may write meanwhile. The copy and its digest file are for their owner only; nothing is overwritten.
    """
    _refuse_existing(target, digest_file(target))
    with _told(target, "the backup cannot be written"), _temporary(target.parent) as copy:
        with closing(reader(source)) as log, closing(sqlite3.connect(copy)) as other:
            log.backup(other)
            other.execute("PRAGMA journal_mode = DELETE")  # one file that stands alone
        digest = digest_of(copy)
        _place_text(digest_file(target), f"{digest}  {target.name}\n")
        _place(copy, target)
    return digest


@contextmanager
def put_back(backup: Path, path: Path, marker: Path) -> Iterator[tuple[Path, Callable[[], Path | None]]]:
    """Give a copy of a backup that fits its digest, and what puts that copy in a log's place; raises StoreError.

    The latter returns the folder that keeps what was there, None when nothing was. Whenever it is interrupted, the log
    is the old one, the new one, or missed by name: never a mixture.
    """
    if kind_of(backup) is not Kind.FILE:
        raise StoreError("there is no such file", hint="Name a backup.", where=str(backup))
    with _told(path, "the backup cannot be put back"), _temporary(path.parent) as copy:
        shutil.copyfile(backup, copy)
        _refuse_unlike(copy, backup)

        def replace() -> Path | None:
            marker.touch(mode=0o600)  # from here on a log that is not there is one that is lost
            aside = _put_aside(path)
            _place(copy, path)
            return aside

        yield copy, replace


def _refuse_unlike(copy: Path, backup: Path) -> None:
    """Raise StoreError for a copy whose SHA-256 is not the one that lies beside the backup."""
    written = digest_file(backup)
    if not written.is_file():
        hint = f"`patchtide store backup` wrote {written.name} beside it: bring that too."
        raise StoreError("the backup's digest is not there", hint=hint, where=str(written))
    if written.read_text(encoding="utf-8", errors="replace").split()[:1] != [digest_of(copy)]:
        hint = "Nothing was changed. It was damaged or edited after it was made: take another one."
        raise StoreError("the backup is not what its digest says", hint=hint, where=str(backup))


def _put_aside(path: Path) -> Path | None:
    there = [part for suffix in _PARTS if (part := path.with_name(path.name + suffix)).exists()]
    if not there:
        return None
    folder = Path(tempfile.mkdtemp(prefix=f"replaced-{_now()}-", dir=path.parent))
    for part in there:  # the log itself first: its journal alone is no log, and without it it is another
        part.rename(folder / part.name)
    _flushed(folder)
    return folder


def digest_of(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reader(path: Path) -> sqlite3.Connection:
    """Return a connection to a log that cannot write into it."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """Give an empty file for its owner's eyes only, in a folder made likewise; it is gone at the end, if not moved."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".copy-", dir=folder)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _place(copy: Path, target: Path) -> None:
    """Give a written file its name, durably."""
    with copy.open("rb") as file:
        os.fsync(file.fileno())
    copy.replace(target)
    _flushed(target.parent)


def _place_text(target: Path, text: str) -> None:
    with _temporary(target.parent) as copy:
        copy.write_text(text, encoding="utf-8")
        _place(copy, target)


def _flushed(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists() or path.is_symlink():
            raise StoreError("there is a file already", hint="Name another one: none is overwritten.", where=str(path))


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        raise StoreError(f"{what}: {why}", hint="Check the disk and the permissions.", where=str(path)) from None


def _now() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
