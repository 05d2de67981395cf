"""The log read from its first row to its last, and compared with what it says of itself and with a checkpoint."""

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from patchtide.adapters.store.schema import chained
from patchtide.core.checkpoint import Altered, Head, Record, missed
from patchtide.documents import event_of

_ROWS = "SELECT run_id, seq, at, kind, body, hash FROM events ORDER BY rowid"

_GONE = """
SELECT m.run_id, m.seq FROM memories m WHERE m.hash <> '' AND typeof(m.seq) = 'integer' AND NOT EXISTS
    (SELECT 1 FROM events e WHERE e.run_id = m.run_id AND e.seq = m.seq AND e.hash = m.hash)
"""


class Row(NamedTuple):
    """One event as it lies in the file."""

    stream: str
    seq: int
    at: str
    kind: str
    body: str
    hash: str


@dataclass
class Reading:
    """A log while it is read; `against` is a record of it from earlier, whose places are remembered on the way."""

    against: Record | None = None
    heads: dict[str, Head] = field(default_factory=dict)
    findings: dict[str, Altered] = field(default_factory=dict)
    cut_off: dict[str, Altered] = field(default_factory=dict)
    then: dict[str, str] = field(default_factory=dict)
    whole_then: str = ""
    _events: int = 0
    _whole: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def take(self, row: Row) -> None:
        """Read one more row; of each stream the first thing that does not fit is kept, for the rest follows from it."""
        before = self.heads.get(row.stream, Head(0, row.stream))
        problem = _problem(row, before)
        if problem and row.stream not in self.findings:
            self.findings[row.stream] = Altered(row.stream, before.events + 1, problem)
        self.heads[row.stream] = Head(before.events + 1, chained(before.hash, str(row.body)))
        self._events += 1
        self._whole.update(self.heads[row.stream].hash.encode())
        self._remember(row.stream)

    @property
    def record(self) -> Record:
        """What was read so far."""
        return Record(self._events, self._whole.hexdigest(), self.heads)

    @property
    def altered(self) -> tuple[Altered, ...]:
        """Everything that is not as it was written, of each stream the first, those with a broken chain in front."""
        lost = missed(self.against, self.record, self.then, self.whole_then) if self.against is not None else ()
        found: dict[str, Altered] = {}
        for one in (*self.findings.values(), *lost, *self.cut_off.values()):
            found.setdefault(one.stream, one)
        return tuple(found.values())

    def _remember(self, stream: str) -> None:
        if self.against is None:
            return
        head = self.heads[stream]
        if stream in self.against.streams and head.events == self.against.streams[stream].events:
            self.then[stream] = head.hash
        if self._events == self.against.events:
            self.whole_then = self._whole.hexdigest()


def reading(log: sqlite3.Connection | None, against: Record | None = None) -> Reading:
    """Return what a log says of itself, held against a record of earlier; None is a log that was never made."""
    found = Reading(against)
    if against is not None and not against.events:
        found.whole_then = found.record.whole
    for row in _rows(log) if log is not None else ():
        found.take(row)
    for stream, event in _cut_off(log) if log is not None else ():
        found.cut_off[stream] = Altered(stream, event, "it was there once: events were cut off, or replaced")
    return found


def _cut_off(log: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return the events that somebody remembered when they were there, and that are gone; see `memory`."""
    remembers = log.execute("SELECT count(*) FROM sqlite_master WHERE name = 'memories'").fetchone()[0]
    return [(str(stream), int(seq)) for stream, seq in log.execute(_GONE)] if remembers else []


def _rows(log: sqlite3.Connection) -> Iterator[Row]:
    """Yield all rows; a text that is not UTF-8 is read with marks in place of the odd bytes, and so fits no hash."""
    log.text_factory = lambda data: data.decode(errors="replace")
    try:
        for row in log.execute(_ROWS):
            yield Row(*row)
    finally:
        log.text_factory = str


def _problem(row: Row, before: Head) -> str | None:
    """Say what is wrong with a row that follows on others, or None."""
    if row.seq != before.events + 1:
        return f"in its place is event {row.seq}: events were removed, or put in another order"
    if row.hash != chained(before.hash, str(row.body)):
        return "its text does not fit its hash: it was edited, or events before it were removed"
    try:
        event = event_of(str(row.body))
    except ValueError:
        return "it is not an event that this release knows"
    if row.kind != event.kind or row.at != event.at.isoformat():
        return "its kind or its date is not what its text says: it was edited"
    return None
