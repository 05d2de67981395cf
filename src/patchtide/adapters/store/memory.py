"""What runs added up to some events ago, kept beside their events so that a look at a long log does not read all of it.

A memory is derived and nothing else: it counts while the event that it ends with has the very hash that it was made
from and the release is the one that folded it, and it is made anew from the events whenever it does not.
"""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass

from patchtide import __version__
from patchtide.adapters.store.schema import altered, chain
from patchtide.core.brief import Brief, brief
from patchtide.core.errors import PatchtideError
from patchtide.core.events import Event, Held, RunEnded
from patchtide.core.fold import continued, folded
from patchtide.core.run import Run
from patchtide.documents import brief_of, brief_text, event_of, memory_text, remembered
from patchtide.ports import PROJECT

_LEAST = 250
"""Events between two memories of a run, or as many as it has hosts: what is remembered is as large as they are many."""
_FEWER = 4
"""A run that waits is remembered after a quarter of that: it is then that people look at it."""
_BEHIND = 20
"""So many events more than a memory has are quicker read than remembered."""

_KEPT = """
SELECT m.seq, m.body, o.body FROM memories m
JOIN events e ON e.run_id = m.run_id AND e.seq = m.seq AND e.hash = m.hash
JOIN events o ON o.run_id = m.run_id AND o.seq = 1
WHERE m.run_id = ? AND m.release = ?
"""
_DUE = "SELECT seq, due FROM memories WHERE run_id = ? AND release = ?"
_HASH = "SELECT hash FROM events WHERE run_id = ? AND seq = ?"
_LAST = "SELECT max(seq) FROM events WHERE run_id = ?"
_MORE = """
SELECT m.seq FROM memories m WHERE m.run_id = ? AND typeof(m.seq) = 'integer' AND m.hash <> ''
    AND m.seq > (SELECT coalesce(max(e.seq), 0) FROM events e WHERE e.run_id = m.run_id)
"""
_KEEP = """
INSERT INTO memories (run_id, seq, hash, due, release, brief, body) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (run_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, due = excluded.due,
    release = excluded.release, brief = excluded.brief, body = excluded.body
"""
_BRIEFS = """
SELECT o.run_id, m.brief FROM events o
LEFT JOIN memories m ON m.run_id = o.run_id AND m.release = ?
    AND m.hash = (SELECT e.hash FROM events e WHERE e.run_id = m.run_id AND e.seq = m.seq)
    AND NOT EXISTS (SELECT 1 FROM events e WHERE e.run_id = m.run_id AND e.seq = m.seq + 1)
WHERE o.seq = 1 AND o.run_id <> ? ORDER BY o.rowid
"""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A memory as it lies in the log: which event it ends with, its text, and the text of the run's first event."""

    seq: int
    body: str
    opening: str


def briefs(log: sqlite3.Connection) -> tuple[tuple[str, Brief | None], ...]:
    """Return all runs, oldest first, each in a line where its memory has all of its events."""
    rows = log.execute(_BRIEFS, (__version__, PROJECT)).fetchall()
    return tuple((run_id, _line(text)) for run_id, text in rows)


def _line(text: str | None) -> Brief | None:
    try:
        return brief_of(text) if text else None
    except (ValueError, LookupError, TypeError):  # somebody wrote it anew: the events tell
        return None


def recalled(log: sqlite3.Connection, run_id: str) -> Run | None:
    """Return what is remembered of a run, of most of its events at least; None where there is nothing to remember."""
    found = _kept(log, run_id)
    run = _read(found) if found else None
    last = log.execute(_LAST, (run_id,)).fetchone()[0] or 0
    if not isinstance(last, int):  # somebody wrote a text where a number belongs: the events tell what is wrong
        return None
    return _kept_now(log, run_id, last) if last - (run.seen if run else 0) > _BEHIND else run


def refuse_cut_off(log: sqlite3.Connection, run_id: str) -> None:
    """Raise StoreError for a run whose memory has events that are not in the log any more."""
    if (found := log.execute(_MORE, (run_id,)).fetchone()) is not None:
        raise altered(f"run {run_id} had {found[0]} events at least, and its last ones are gone")


def remember(log: sqlite3.Connection, run_id: str, seq: int, event: Event) -> None:
    """Remember a run after an event that was just written, if that is due; whatever comes of it, the event is there."""
    before, due = log.execute(_DUE, (run_id, __version__)).fetchone() or (0, _LEAST)
    waits = isinstance(event, Held) and (seq - before) * _FEWER >= due - before
    if seq >= due or waits or isinstance(event, RunEnded):
        _kept_now(log, run_id, seq)


def _kept(log: sqlite3.Connection, run_id: str) -> _Kept | None:
    """Return the memory of a run that counts."""
    row = log.execute(_KEPT, (run_id, __version__)).fetchone()
    return _Kept(*row) if row else None


def _kept_now(log: sqlite3.Connection, run_id: str, last: int) -> Run | None:
    """Remember what a run adds up to now, and return that; None, not soon tried again, when it adds up to nothing."""
    run = _caught_up(log, run_id)
    mark = log.execute(_HASH, (run_id, run.seen)).fetchone() if run else None
    with suppress(sqlite3.Error, OverflowError):  # a log that cannot be written to can still be looked at
        if run is None or mark is None:
            log.execute(_KEEP, (run_id, last, "", 2 * last, __version__, None, ""))
        else:
            # Whether a waiver counts, and so what a look at health came to, shows only when it is read.
            line = None if run.said.waivers else brief_text(brief(run))
            due = run.seen + max(_LEAST, len(run.hosts))
            log.execute(_KEEP, (run_id, run.seen, mark[0], due, __version__, line, memory_text(run)))
    return run


def _caught_up(log: sqlite3.Connection, run_id: str) -> Run | None:
    found = _kept(log, run_id)
    run = _read(found) if found else None
    after = (event_of(body) for _, body, _ in chain(log, run_id, run.seen if run else 0))
    try:
        return continued(run, after) if run else folded(after)
    except (PatchtideError, ValueError):
        return None


def _read(found: _Kept) -> Run | None:
    try:
        return remembered(found.body, found.opening)
    except ValueError:
        return None
