"""The event log: append-only, hash-chained, durable once `append` has returned; never silently made anew."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TypeVar
from weakref import finalize

from patchtide.adapters.store import memory
from patchtide.adapters.store.backup import backed_up, beside
from patchtide.adapters.store.schema import StoreError, chain, chained, checked, created, was_made, written_whole
from patchtide.core.brief import Brief
from patchtide.core.errors import UsageError
from patchtide.core.events import Event
from patchtide.core.run import Run
from patchtide.documents import event_of, event_text
from patchtide.ports import PROJECT

T = TypeVar("T")
_RUN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_BUSY_SECONDS = 10.0
_LAST = "SELECT seq, hash FROM events WHERE run_id = ? ORDER BY seq DESC LIMIT 1"
_ADD = "INSERT INTO events (run_id, seq, at, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)"
_PAGE = 500
"""Rows that are read at once: a history of any length goes through in the same room."""
_RUNS = "SELECT run_id FROM events WHERE seq = 1 AND run_id <> ? ORDER BY rowid"
_SAID = "SELECT run_id, seq, body FROM events WHERE kind IN (SELECT value FROM json_each(?)) ORDER BY rowid"


class SqliteStore:
    """The runs of a project, in one file that several processes may append to; made by the first append.

    A file beside it remembers that a log was made, so that a lost one is noticed and never taken for a new project.
    One that is not `durable`, for simulated runs, does not wait for the disk; nobody looks at one that is not
    `remembered` while it grows.
    """

    def __init__(self, path: Path, *, durable: bool = True, remembered: bool = True) -> None:
        self._path = path
        self._remembered = remembered
        self._durable = durable
        self._marker = path.with_name(path.name + ".made")
        self._opened: sqlite3.Connection | None = None
        self._turn = RLock()

    def append(self, run_id: str, event: Event) -> int:
        """Add one event and return its sequence number within the run, counted from 1; raises StoreError."""
        _refuse_odd(run_id)
        body = event_text(event)
        return self._with(lambda log: self._append(log, run_id, event, body), make=True)

    def _append(self, log: sqlite3.Connection, run_id: str, event: Event, body: str) -> int:
        seq = _appended(log, run_id, event, body)
        if self._remembered and run_id != PROJECT:
            with suppress(sqlite3.Error):  # the event is in the log, and nothing else counts
                memory.remember(log, run_id, seq, event)
        return seq

    def events(self, run_id: str, after: int = 0) -> Iterable[tuple[int, Event]]:
        """Return the run's events with a sequence number above `after`, none for an unknown run; raises StoreError."""
        _refuse_odd(run_id)
        if not self._exists():
            return ()
        if not after:
            self._with(lambda log: memory.refuse_cut_off(log, run_id))
        return self._read(run_id, self._page(run_id, after))

    def _page(self, run_id: str, after: int, before: str | None = None) -> list[tuple[int, str, str]]:
        return self._with(lambda log: list(chain(log, run_id, after, _PAGE, before)))

    def _read(self, run_id: str, rows: list[tuple[int, str, str]]) -> Iterator[tuple[int, Event]]:
        while rows:
            for seq, body, _ in rows:
                yield seq, self._event(run_id, seq, body)
            rows = self._page(run_id, rows[-1][0], rows[-1][2]) if len(rows) == _PAGE else []

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, oldest first; raises StoreError."""
        if not self._exists():
            return ()
        return tuple(row[0] for row in self._with(lambda log: log.execute(_RUNS, (PROJECT,)).fetchall()))

    def said(self, *kinds: str) -> Sequence[tuple[str, Event]]:
        """Return the events of these kinds from every stream, each with its stream, oldest first; raises StoreError."""
        if not self._exists():
            return ()
        rows = self._with(lambda log: log.execute(_SAID, (json.dumps(kinds),)).fetchall())
        return tuple((stream, self._event(stream, seq, body)) for stream, seq, body in rows)

    def recalled(self, run_id: str) -> Run | None:
        """Return what a run's first events added up to, as somebody wrote it down; None: go through its events."""
        _refuse_odd(run_id)
        return self._with(lambda log: memory.recalled(log, run_id)) if self._exists() else None

    def briefs(self) -> Sequence[tuple[str, Brief | None]]:
        """Return all runs, oldest first, each in a line where that was written down since its last event."""
        return self._with(memory.briefs) if self._exists() else ()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._turn:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _event(self, run_id: str, seq: int, body: str) -> Event:
        try:
            return event_of(body)
        except ValueError:
            raise StoreError(
                f"event {seq} of run {run_id} is not one that this release knows",
                hint="Use the release of Patchtide that wrote it, or a later one.",
                where=str(self._path),
            ) from None

    def _exists(self) -> bool:
        """Whether there is a log; raises StoreError for one that is gone."""
        with self._told():
            if self._path.is_file():
                return True
            if not was_made(self._path, self._marker):
                return False
        self.close()
        raise self._gone()

    def _gone(self) -> StoreError:
        return StoreError(
            "the log of the runs was here and is gone",
            hint=f"Restore it from a backup. To begin anew and forget all runs, delete {self._marker}.",
            where=str(self._path),
        )

    def _with(self, work: Callable[[sqlite3.Connection], T], *, make: bool = False) -> T:
        with self._turn, self._told():
            return work(self._connected(make=make))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite and the system say into a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            hint = _HINTS.get(getattr(error, "sqlite_errorname", "")[:13], _OTHERWISE)
            raise StoreError(f"the log of the runs cannot be used: {error}", hint=hint, where=str(self._path)) from None
        except OSError as error:
            message = f"the log of the runs cannot be used: {error.strerror}"
            raise StoreError(message, hint=_OTHERWISE, where=str(self._path)) from None

    def _connected(self, *, make: bool) -> sqlite3.Connection:
        if not self._exists() and make:
            created(self._path)
        if self._opened is not None and not self._same_file():
            self.close()
        if self._opened is None:
            self._opened = self._connection()
        return self._opened

    def _same_file(self) -> bool:
        """What is written to a file that was deleted or replaced is lost."""
        now = self._path.stat()
        return (now.st_dev, now.st_ino) == self._identity

    def _connection(self) -> sqlite3.Connection:
        found = self._path.stat()
        self._identity = (found.st_dev, found.st_ino)
        log = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            checked(log, self._path, self._marker, lambda version: backed_up(self._path, beside(self._path, version)))
            if not self._durable:
                log.execute("PRAGMA synchronous = OFF")
        except BaseException:
            log.close()
            raise
        finalize(self, log.close)  # with the store at the latest, which nobody has to close
        return log


def _appended(log: sqlite3.Connection, run_id: str, event: Event, body: str) -> int:
    """Several processes append (the controller, and people's commands): the number is taken inside the transaction."""
    with written_whole(log), closing(log.execute(_LAST, (run_id,))) as rows:
        last, before = rows.fetchone() or (0, run_id)
        row = (run_id, last + 1, event.at.isoformat(), event.kind, body, chained(before, body))
        log.execute(_ADD, row)
    return int(last) + 1


def _refuse_odd(run_id: str) -> None:
    if not _RUN_ID.fullmatch(run_id):
        raise UsageError(
            f"{run_id!r} is not the id of a run",
            hint="An id has small letters, digits and '-', 64 at the most; `patchtide history` shows them.",
        )


_OTHERWISE = "Nothing was written. Check the disk and the file's permissions, or restore the file from a backup."
_HINTS = {
    "SQLITE_BUSY": "Nothing was written. Another process keeps the file locked: end it, then try again.",
    "SQLITE_FULL": "Nothing was written. The disk is full: make room, then try again.",
    "SQLITE_NOTADB": "The file is not a log any more: restore it from a backup.",
    "SQLITE_CORRUP": "The file is damaged: restore it from a backup.",
    "SQLITE_READON": "Nothing was written. Make the file and its directory writable for this user.",
}
