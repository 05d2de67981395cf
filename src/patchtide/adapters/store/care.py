"""Looking after the log without using it: whether it is sound, what it says of itself, copies and their way back."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from patchtide.adapters.store.audit import Reading, reading
from patchtide.adapters.store.backup import backed_up, beside, put_back, reader
from patchtide.adapters.store.schema import PARTS, VERSION, StoreError, version_of, was_made
from patchtide.core.checkpoint import Record
from patchtide.core.errors import PatchtideError
from patchtide.core.fold import folded
from patchtide.documents import event_of
from patchtide.files import Kind, kind_of
from patchtide.ports import PROJECT

_OTHERS = 0o077
_HISTORY = "SELECT body FROM events WHERE run_id = ? ORDER BY seq"
_LONGEST_REPORT = 10
"""Lines: SQLite tells of every page that is damaged, and the first few are enough."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a look at a log found: `problems` is empty for a sound one; `version` is None for one not made yet."""

    path: str
    version: int | None
    events: int
    runs: int
    problems: tuple[str, ...]
    unfinished: tuple[str, ...] = ()


class LogKeeper:
    """The log of a project, looked after; nothing here writes into it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._marker = path.with_name(f"{path.name}.made")

    def soundness(self, path: Path | None = None) -> Soundness:
        """Return how the log is, or a copy of it elsewhere; raises StoreError where there is none to look at."""
        wanted = path or self._path
        with self._opened(wanted) as log:
            if log is None:
                return Soundness(str(wanted), None, 0, 0, ())
            return _soundness(log, wanted)

    def audit(self, against: Record | None = None) -> Reading:
        """Return the log read as a whole, held against a record of earlier; raises StoreError."""
        with self._opened(self._path) as log:
            return reading(log, against)

    def backup(self, target: Path | None = None) -> tuple[Path, str]:
        """Copy the log while it is used, look at the copy, and return its path and SHA-256; raises StoreError."""
        place = target or beside(self._path)
        with self._opened(self._path) as log:
            if log is None:
                raise StoreError("there is no log yet: nothing to back up", where=str(self._path))
        digest = backed_up(self._path, place)
        if problems := self.soundness(place).problems:
            hint = f"The copy is kept for whoever looks into it: {place}. Restore the log from an older backup."
            raise StoreError(f"the log is not sound: {problems[0]}", hint=hint, where=str(self._path))
        return place, digest

    def restore(self, backup: Path, judge: Callable[[Soundness], None]) -> Path | None:
        """Put a backup in the place of the log, and return the folder that keeps the old one; raises StoreError.

        What is put there is the very copy whose digest and content were found right, and that `judge` did not refuse.
        """
        with put_back(backup, self._path, self._marker) as (copy, replace):
            found = self.soundness(copy)
            if found.problems:
                hint = "Nothing was changed. Take another one; `patchtide store check FILE` tells all that is wrong."
                raise StoreError(f"the backup is not sound: {found.problems[0]}", hint=hint, where=str(backup))
            judge(found)
            return replace()

    @contextmanager
    def _opened(self, path: Path) -> Iterator[sqlite3.Connection | None]:
        """Give a connection that only reads, None where no log was ever made; raises StoreError."""
        if path == self._path and self._is_new():
            yield None
            return
        if kind_of(path) is not Kind.FILE:
            what = "the log of the runs was here and is gone" if path == self._path else "there is no such file"
            hint = "`patchtide store restore FILE` puts a backup back." if path == self._path else ""
            raise StoreError(what, hint=hint, where=str(path))
        try:
            with closing(reader(path)) as log:
                version_of(log, path)
                yield log
        except sqlite3.Error as error:
            raise _unreadable(path, error) from None

    def _is_new(self) -> bool:
        """Whether nothing was ever written: a file may be there, of a process that died when it began."""
        try:
            begun = self._path.is_file() and not self._path.stat().st_size and not self._marker.exists()
            return begun or not was_made(self._path, self._marker)
        except OSError as error:
            hint = "Make it a folder that this user can read and write, or name another one as `state`."
            raise StoreError(f"the log cannot be read: {error.strerror}", hint=hint, where=str(self._path)) from None


def _soundness(log: sqlite3.Connection, path: Path) -> Soundness:
    version = version_of(log, path)
    if damage := _damage(log):
        return Soundness(str(path), version, 0, 0, damage)
    log.execute("BEGIN")  # one instant for all that follows
    if misshapen := tuple(_misshapen(log, version)):
        return Soundness(str(path), version, 0, 0, misshapen)
    found = reading(log)
    altered = tuple(f"{one.stream}, event {one.event}: {one.problem}" for one in found.altered)
    runs = tuple(stream for stream in found.heads if stream != PROJECT)
    told, unfinished = ((), ()) if altered else _replayed(log, runs)
    problems = (*altered, *told, *_open_to_others(path))
    return Soundness(str(path), version, found.record.events, len(runs), problems, unfinished)


def _misshapen(log: sqlite3.Connection, version: int) -> Iterator[str]:
    """Yield what belongs into a log of a version and is not there, and what no release ever made: a trigger, a view."""
    there = set(log.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"))
    yield from (f"the {kind} {name!r} is gone" for kind, name in sorted(PARTS[version] - there))
    yield from (f"no release made the {kind} {name!r}" for kind, name in sorted(there - PARTS[VERSION]))


def _replayed(log: sqlite3.Connection, runs: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which histories do not add up to a run, and which runs have not ended."""
    problems, unfinished = [], []
    for run in runs:
        try:
            if folded(event_of(row[0]) for row in log.execute(_HISTORY, (run,))).outcome is None:
                unfinished.append(run)
        except PatchtideError as error:
            problems.append(f"{run}: {error.message}")
    return tuple(problems), tuple(unfinished)


def _damage(log: sqlite3.Connection) -> tuple[str, ...]:
    try:
        said = [str(row[0]) for row in log.execute(f"PRAGMA integrity_check({_LONGEST_REPORT})")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    return () if said == ["ok"] else tuple(f"the file is damaged: {line}" for line in said)


def _open_to_others(path: Path) -> tuple[str, ...]:
    mode = path.stat().st_mode & 0o777
    return (f"others can read it (mode {mode:04o}): `chmod 600 {path}`",) if mode & _OTHERS else ()


def _unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    hint = "`patchtide store restore FILE` puts a backup back, and keeps this file aside."
    return StoreError(f"the log cannot be read: {error}", hint=hint, where=str(path))
