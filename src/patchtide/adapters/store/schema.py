"""The shape of the log's file, and the checks that it passes before it is trusted."""

import errno
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from patchtide.core.errors import PatchtideError

VERSION = 3
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

_INDEXES = (
    # What was said of versions, and the list of runs, are looked up in logs of a million events.
    "CREATE INDEX IF NOT EXISTS events_by_kind ON events (kind)",
    "CREATE INDEX IF NOT EXISTS events_that_open ON events (seq) WHERE seq = 1",
)
_MEMORIES = """
CREATE TABLE IF NOT EXISTS memories (
    run_id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    due INTEGER NOT NULL,
    release TEXT NOT NULL,
    brief TEXT,
    body TEXT NOT NULL
)
"""
_CHAIN = "SELECT seq, body, hash FROM events WHERE run_id = ? AND seq > ? ORDER BY seq LIMIT ?"
_EVENTS = frozenset({("table", "events")})
_INDEXED = _EVENTS | {("index", "events_by_kind"), ("index", "events_that_open")}
PARTS = {1: _EVENTS, 2: _INDEXED, 3: _INDEXED | {("table", "memories")}}
"""What a log of each version consists of, as SQLite lists it."""

_MIGRATIONS: Mapping[int, tuple[str, ...]] = {1: _INDEXES, 2: (_MEMORIES,)}
"""What brings a log from a schema version to the next; each may be done again."""


class StoreError(PatchtideError):
    """The log of the runs cannot be read or written; nothing goes on without it."""


def chained(before: str, body: str) -> str:
    """Return the hash of an event: SHA-256 over the hash before it (the run's id at first) and its text."""
    return hashlib.sha256(f"{before}\n{body}".encode()).hexdigest()


def chain(
    log: sqlite3.Connection, run_id: str, after: int, most: int = -1, before: str | None = None
) -> Iterator[tuple[int, str, str]]:
    """Yield number, text and hash of a run's events above `after`; raises StoreError for one that nobody wrote there.

    `before` is the hash of event `after`, where it is known. What goes on from a log goes on from what was written.
    """
    for seq, body, mark in log.execute(_CHAIN, (run_id, after, most)):
        if before is None:
            before = _mark(log, run_id, after)
        if seq != after + 1 or mark != chained(before, body):
            raise altered(f"event {after + 1} of run {run_id} is not the one that was written")
        yield seq, body, mark
        after, before = seq, mark


def altered(what: str) -> StoreError:
    """Return the refusal of a log that is not as it was written."""
    hint = "`patchtide audit verify` tells more; `patchtide store restore FILE` mends it."
    return StoreError(f"the log was altered: {what}", hint=hint)


def _mark(log: sqlite3.Connection, run_id: str, seq: int) -> str:
    found = log.execute("SELECT hash FROM events WHERE run_id = ? AND seq = ?", (run_id, seq)).fetchone()
    return str(found[0]) if found else run_id


def was_made(path: Path, marker: Path) -> bool:
    """Tell whether there is a log, or was one; raises OSError for a folder that is a broken link, or is none.

    What such a link led to may only be away for now: a project whose log is elsewhere is not a new one.
    """
    folder = path.parent
    if os.path.lexists(folder) and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "its folder is a link that leads nowhere, or is no folder")
    return os.path.lexists(path) or os.path.lexists(marker)


def created(path: Path) -> None:
    """Make an empty file for the log, for its owner's eyes only; one that is there already stays as it is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))


def checked(log: sqlite3.Connection, path: Path, marker: Path, keep: Callable[[int], object]) -> None:
    """Prepare a connection, and the schema when the file is new or of an older release.

    `keep` makes a backup of a log that has this older version, before it is changed. Raises StoreError for a file that
    is not this log, or that a later release wrote.
    """
    log.execute("PRAGMA synchronous = FULL")
    if _value(log, "PRAGMA application_id") != _APPLICATION:
        _prepare(log, path, marker)
    if version_of(log, path) != VERSION:
        _migrate(log, path, keep)
    log.execute("PRAGMA journal_mode = WAL")  # a restored copy has none yet; for all others this does nothing
    if not marker.exists():
        os.close(os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def version_of(log: sqlite3.Connection, path: Path) -> int:
    """Return a log's schema version; raises StoreError for a version of a later release, and for no log at all."""
    if _value(log, "PRAGMA application_id") != _APPLICATION:
        raise StoreError("this is not a log of runs", hint="Name another file.", where=str(path))
    version = _value(log, "PRAGMA user_version")
    if version != VERSION and version not in _MIGRATIONS:
        knows = f"this release knows {VERSION}, and migrates {' and '.join(map(str, sorted(_MIGRATIONS)))}"
        raise StoreError(
            f"the log of the runs has schema version {version}; {knows}",
            hint="Use the release of Patchtide that wrote it, or a later one.",
            where=str(path),
        )
    return version


def _migrate(log: sqlite3.Connection, path: Path, keep: Callable[[int], object]) -> None:
    """Bring a log to this release's version, all or nothing; nobody appends between the backup and the change."""
    with written_whole(log):
        version = version_of(log, path)  # another process may have been quicker
        if version != VERSION:
            keep(version)
        for step in range(version, VERSION):
            for statement in _MIGRATIONS[step]:
                log.execute(statement)
        log.execute(f"PRAGMA user_version = {VERSION}")


@contextmanager
def written_whole(log: sqlite3.Connection) -> Iterator[None]:
    """Do what follows in one transaction that nobody else writes in, or not at all."""
    log.execute("BEGIN IMMEDIATE")
    try:
        yield
        log.execute("COMMIT")
    except BaseException:
        if log.in_transaction:
            log.execute("ROLLBACK")
        raise


def _prepare(log: sqlite3.Connection, path: Path, marker: Path) -> None:
    """Make the schema in a new file: two may come at once, so it is looked at again once it is ours."""
    _refuse_other(log, path, marker)
    log.execute("PRAGMA journal_mode = WAL")
    with written_whole(log):
        if _value(log, "PRAGMA application_id") != _APPLICATION:
            _refuse_other(log, path, marker)
            for statement in (_TABLE, *_INDEXES, _MEMORIES):
                log.execute(statement)
            log.execute(f"PRAGMA application_id = {_APPLICATION}")
            log.execute(f"PRAGMA user_version = {VERSION}")


def _refuse_other(log: sqlite3.Connection, path: Path, marker: Path) -> None:
    if _value(log, "SELECT count(*) FROM sqlite_master"):
        hint = "Move the file away, or name another state directory."
        raise StoreError("the file is another program's database, not a log of runs", hint=hint, where=str(path))
    if marker.exists():
        hint = f"Restore it from a backup. To begin anew and forget all runs, delete {path} and {marker}."
        raise StoreError("the log of the runs was emptied", hint=hint, where=str(path))


def _value(log: sqlite3.Connection, query: str) -> int:
    return int(log.execute(query).fetchone()[0])
