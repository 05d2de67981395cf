"""Whatever is done to the log behind its back is found, and called by its name."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.adapters.store.conftest import Behind
from tests.core.made import NOW

from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.care import LogKeeper
from patchtide.adapters.store.schema import chained
from patchtide.core.events import Aborted

EVENT = Aborted(NOW, "eve", "later")


def test_a_log_that_nobody_changed_is_intact(told: SqliteStore, keeper: LogKeeper) -> None:
    read = keeper.audit()
    assert read.altered == ()
    assert {stream: head.events for stream, head in read.record.streams.items()} == {
        "run-1": 4,
        "project": 1,
        "run-2": 1,
    }
    assert keeper.audit(read.record).altered == ()
    told.append("run-2", EVENT)
    assert keeper.audit(read.record).altered == ()


def test_a_log_that_was_never_made_is_intact_until_a_checkpoint_knows_better(
    told: SqliteStore, keeper: LogKeeper, tmp_path: Path
) -> None:
    new = LogKeeper(tmp_path / "elsewhere" / "log.db")
    assert new.audit().altered == ()
    assert new.audit(new.audit().record).altered == ()
    assert {one.stream for one in new.audit(keeper.audit().record).altered} == {"run-1", "run-2", "project"}


@pytest.mark.parametrize(
    ("statement", "stream", "event", "problem"),
    [
        ("UPDATE events SET body = replace(body, 'enough', 'fine') WHERE seq = 2", "run-1", 2, "edited"),
        ("UPDATE events SET body = x'00ff' WHERE seq = 2", "run-1", 2, "edited"),
        ("UPDATE events SET hash = '' WHERE seq = 3", "run-1", 3, "edited"),
        ("UPDATE events SET kind = 'approved' WHERE run_id = 'project'", "project", 1, "its kind or its date"),
        ("UPDATE events SET at = '2020-01-01T00:00:00+00:00' WHERE run_id = 'run-2'", "run-2", 1, "its kind or its"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 1", "run-1", 1, "in its place is event 2"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 3", "run-1", 3, "in its place is event 4"),
        ("UPDATE events SET seq = 9 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 4", "run-1", 3, "event 9"),
        ("UPDATE events SET rowid = 99 WHERE seq = 2", "run-1", 2, "put in another order"),
        ("UPDATE events SET run_id = 'run-3' WHERE run_id = 'run-2'", "run-3", 1, "edited"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 2; UPDATE events SET seq = seq - 1 WHERE seq > 2", "run-1", 2, "fit its hash"),  # noqa: E501
    ],
)  # fmt: skip
@pytest.mark.fault(47, how="rows edited, removed and put in another order by SQL")
def test_what_was_edited_removed_or_reordered_is_named(
    told: SqliteStore, keeper: LogKeeper, behind: Behind, statement: str, stream: str, event: int, problem: str
) -> None:
    behind(statement)
    (found,) = keeper.audit().altered
    assert (found.stream, found.event) == (stream, event)
    assert problem in found.problem


def anew(path: Path, change: Callable[[list[tuple[str, int, str, str, str]]], object]) -> None:
    """Write the whole log again with hashes that fit, as somebody with the file in hand can."""
    log = sqlite3.connect(path)
    rows = log.execute("SELECT run_id, seq, at, kind, body FROM events ORDER BY rowid").fetchall()
    change(rows)
    log.execute("DELETE FROM memories")
    log.execute("DELETE FROM events")
    before: dict[str, str] = {}
    for stream, seq, at, kind, body in rows:
        before[stream] = chained(before.get(stream, stream), body)
        log.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", (stream, seq, at, kind, body, before[stream]))
    log.commit()
    log.close()


@pytest.mark.parametrize(
    ("statement", "stream", "event", "problem"),
    [
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 4", "run-1", 4, "its end was cut off: 1 of 4"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq > 1", "run-1", 2, "its end was cut off: 3 of 4"),
        ("DELETE FROM events WHERE run_id = 'run-2'", "run-2", 0, "all of it is gone"),
    ],
)
@pytest.mark.fault(47, how="the last rows, and whole runs, removed")
def test_what_was_cut_off_shows_only_against_a_checkpoint(
    told: SqliteStore, keeper: LogKeeper, behind: Behind, statement: str, stream: str, event: int, problem: str
) -> None:
    checkpoint = keeper.audit().record
    behind("DELETE FROM memories")
    behind(statement)
    assert keeper.audit().altered == ()
    (found,) = keeper.audit(checkpoint).altered
    assert (found.stream, found.event) == (stream, event)
    assert problem in found.problem


@pytest.mark.fault(47, how="the last rows of a run removed, where what it added up to was remembered")
def test_what_was_cut_off_shows_where_somebody_remembers_it(
    told: SqliteStore, keeper: LogKeeper, behind: Behind
) -> None:
    behind("DELETE FROM events WHERE run_id = 'run-1' AND seq > 2")
    (found,) = keeper.audit().altered
    assert (found.stream, found.event) == ("run-1", 4)
    assert "it was there once" in found.problem
    assert found.problem in keeper.soundness().problems[0]


@pytest.mark.fault(47, how="the whole log written anew with hashes that fit")
def test_a_tail_that_was_written_anew_shows_against_a_checkpoint(
    told: SqliteStore, keeper: LogKeeper, path: Path
) -> None:
    checkpoint = keeper.audit().record
    told.close()

    def other_word(rows: list[tuple[str, int, str, str, str]]) -> None:
        rows[1] = (*rows[1][:4], rows[1][4].replace("enough", "fine"))

    anew(path, other_word)
    assert keeper.audit().altered == ()
    (found,) = keeper.audit(checkpoint).altered
    assert (found.stream, found.problem) == (
        "run-1",
        "it is not the history that the checkpoint has seen: written anew",
    )


def test_streams_in_another_order_show_against_a_checkpoint(told: SqliteStore, keeper: LogKeeper, path: Path) -> None:
    checkpoint = keeper.audit().record
    told.close()
    anew(path, lambda rows: rows.insert(0, rows.pop(3)))
    assert keeper.audit().altered == ()
    (found,) = keeper.audit(checkpoint).altered
    assert "another order" in found.problem


def test_a_tail_that_grew_again_after_it_was_cut_is_found(told: SqliteStore, keeper: LogKeeper, behind: Behind) -> None:
    checkpoint = keeper.audit().record
    behind("DELETE FROM events WHERE run_id = 'run-1' AND seq = 4")
    told.append("run-1", EVENT)
    (found,) = keeper.audit(checkpoint).altered
    assert found.stream == "run-1"
