"""The shape of the log's file, and the checks that it passes before it is trusted."""

import hashlib
import os
import sqlite3
from pathlib import Path

from patchtide.core.errors import PatchtideError

VERSION = 1
_APPLICATION = 0x50_54_49_44  # "PTID": other programs' databases are not ours to write to
_TABLE = """
CREATE TABLE events (
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
)
"""


class StoreError(PatchtideError):
    """The log of the runs cannot be read or written; nothing goes on without it."""


def chained(before: str, body: str) -> str:
    """Return the hash of an event: SHA-256 over the hash before it (the run's id at first) and its text."""
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()


def created(path: Path) -> None:
    """Make an empty file for the log, for its owner's eyes only; one that is there already stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def checked(log: sqlite3.Connection, path: Path, marker: Path) -> None:
    """Prepare a connection, and the schema when the file is new; raises StoreError for a file that is not this log."""
    log.execute("PRAGMA synchronous = FULL")
    if _value(log, "PRAGMA application_id") != _APPLICATION:
        _prepare(log, path, marker)
    version = _value(log, "PRAGMA user_version")
    if version != VERSION:
        raise StoreError(
            f"the log of the runs has schema version {version}; this release knows {VERSION}",
            hint="Use the release of Patchtide that wrote it, or a later one.",
            where=str(path),
        )
    if not marker.exists():
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def _prepare(log: sqlite3.Connection, path: Path, marker: Path) -> None:
    """Make the schema in a new file: two may come at once, so it is looked at again once it is ours."""
    _refuse_other(log, path, marker)
    log.execute("PRAGMA journal_mode = WAL")
    log.execute("BEGIN IMMEDIATE")
    try:
        if _value(log, "PRAGMA application_id") != _APPLICATION:
            _refuse_other(log, path, marker)
            log.execute(_TABLE)
            log.execute(f"PRAGMA application_id = {_APPLICATION}")
            log.execute(f"PRAGMA user_version = {VERSION}")
        log.execute("COMMIT")
    except BaseException:
        if log.in_transaction:
            log.execute("ROLLBACK")
        raise


def _refuse_other(log: sqlite3.Connection, path: Path, marker: Path) -> None:
    if _value(log, "SELECT count(*) FROM sqlite_master"):
        hint = "Move the file away, or name another state directory."
        raise StoreError("the file is another program's database, not a log of runs", hint=hint, where=str(path))
    if marker.exists():
        hint = f"Restore it from a backup. To begin anew and forget all runs, delete {path} and {marker}."
        raise StoreError("the log of the runs was emptied", hint=hint, where=str(path))


def _value(log: sqlite3.Connection, query: str) -> int:
    return int(log.execute(query).fetchone()[0])
