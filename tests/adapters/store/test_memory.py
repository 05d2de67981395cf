"""What is remembered of runs is what their events add up to, counts only while it does, and is never gone on from."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from tests.adapters.store.conftest import Behind
from tests.core.made import NOW
from tests.core.made import plan as made_plan
from tests.engine.desks import desk
from tests.simulation.telling import told as story

from patchtide.adapters.store import SqliteStore, memory
from patchtide.core.brief import brief
from patchtide.core.events import Aborted, Event, Held, HostsSettled, RunEnded, RunOpened
from patchtide.core.fold import folded
from patchtide.core.memory import Memory, memory_of, run_of
from patchtide.core.run import Run
from patchtide.core.said import Waived
from patchtide.core.steps import EndState, Outcome
from patchtide.documents import brief_of, brief_text, memory_text
from patchtide.engine.inspect import unfinished
from patchtide.engine.looking import history, run_seen
from patchtide.engine.rollout import drive

RUN = "run-1"
OPENED = RunOpened(NOW, made_plan(), "ann")
HELD = Held(NOW, "window", "opens later", NOW)
WAIVED = Waived(NOW, "bob", OPENED.plan.digest, "health:web", "known")
ENDED = (
    Aborted(NOW, "bob", "enough"),
    HostsSettled(NOW, tuple(OPENED.plan.hosts), EndState.UNTOUCHED, "enough"),
    RunEnded(NOW, Outcome.HALTED, "enough"),
)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LEAST", 10)
    monkeypatch.setattr(memory, "_BEHIND", 5)


def wrote(store: SqliteStore, *events: Event) -> Run:
    for event in events:
        store.append(RUN, event)
    return folded(event for _, event in store.events(RUN))


def begun(store: SqliteStore, count: int = 12) -> Run:
    return wrote(store, OPENED, *[HELD] * (count - 1))


def looked_at(store: SqliteStore) -> Run:
    return run_seen(store, None)[1]


@pytest.mark.parametrize("seed", range(4))
def test_a_run_is_remembered_as_what_its_events_add_up_to_at_every_moment(store: SqliteStore, seed: int) -> None:
    events = story(seed).events
    behind = []
    for count, event in enumerate(events, start=1):
        store.append(RUN, event)
        known = store.recalled(RUN)
        if known is not None:
            assert known == folded(islice(events, known.seen))
            behind.append(count - known.seen)
        assert looked_at(store) == folded(events[:count])
    assert max(behind) <= 5
    assert store.briefs() == ((RUN, brief(folded(events))),) or any(event.kind == "waived" for event in events)


@pytest.mark.parametrize("seed", range(8))
def test_a_memory_and_a_line_survive_being_written_down(seed: int) -> None:
    run = story(seed).run
    assert run_of(memory_of(run), run.plan) == run
    assert brief_of(brief_text(brief(run))) == brief(run)


def test_everything_of_a_run_is_remembered_but_its_plan() -> None:
    assert set(Memory.__dataclass_fields__) == set(Run.__dataclass_fields__) - {"plan"}


def test_a_run_that_ended_is_known_by_its_line_alone(store: SqliteStore, behind: Behind) -> None:
    run = wrote(store, OPENED, *ENDED)
    behind("UPDATE events SET body = 'nobody reads this' WHERE seq < 4")
    assert history(store) == ((RUN, brief(run)),)


def test_a_line_counts_until_the_next_event(store: SqliteStore) -> None:
    wrote(store, OPENED, *ENDED)
    later = wrote(store, HELD)
    assert store.briefs() == ((RUN, None),)
    assert history(store) == ((RUN, brief(later)),)


def test_a_run_with_a_waiver_has_no_line_as_its_word_is_looked_at_each_time(store: SqliteStore) -> None:
    run = wrote(store, OPENED, WAIVED, *ENDED)
    assert store.briefs() == ((RUN, None),)
    assert history(store) == ((RUN, brief(run)),)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE memories SET hash = 'x'",
        "UPDATE memories SET release = '0.0.1'",
        "UPDATE memories SET body = '{}', brief = '{}'",
        "UPDATE memories SET body = '[]', brief = '[1]'",
        "UPDATE memories SET body = x'ff', brief = x'ff'",
        "UPDATE memories SET body = '[', brief = '['",
        "UPDATE memories SET seq = 3",
        "DELETE FROM memories",
    ],
)
def test_what_was_not_made_from_these_events_by_this_release_does_not_count(
    store: SqliteStore, behind: Behind, statement: str
) -> None:
    run = begun(store)
    assert store.recalled(RUN) is not None
    behind("UPDATE memories SET body = replace(body, 'ann', 'eve')")
    assert looked_at(store) != run
    behind(statement)
    assert history(store) == ((RUN, brief(run)),)
    assert looked_at(store) == run
    assert store.recalled(RUN) == run, "it was made anew"


def forged(store: SqliteStore, behind: Behind) -> None:
    """Make the memory of a run that lasts say that it has ended."""
    run = begun(store)
    assert store.recalled(RUN) == run
    ended = folded([OPENED, *[HELD] * 11, *ENDED])
    body = memory_text(ended).replace(f'"seen":{ended.seen}', '"seen":12').replace("'", "''")
    behind(f"UPDATE memories SET body = '{body}'")  # noqa: S608 - the test's own text
    assert looked_at(store).outcome is Outcome.HALTED


def test_nobody_goes_on_from_a_memory(store: SqliteStore, behind: Behind) -> None:
    forged(store, behind)
    assert [name for name, _ in unfinished(store)] == [RUN]
    assert drive(RUN, replace(desk(), store=store), by="ann", wait=False).outcome is Outcome.DONE


def test_events_that_add_up_to_nothing_are_written_all_the_same(store: SqliteStore) -> None:
    for count in range(1, 60):
        assert store.append(RUN, HELD) == count
    assert store.recalled(RUN) is None


def test_who_cannot_write_a_memory_writes_the_event(store: SqliteStore, behind: Behind) -> None:
    store.append(RUN, OPENED)
    behind("CREATE TRIGGER no BEFORE INSERT ON memories BEGIN SELECT RAISE(ABORT, 'no'); END")
    run = wrote(store, *[HELD] * 30)
    assert looked_at(store) == run


def test_a_simulated_log_remembers_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db", durable=False, remembered=False)
    begun(store, 30)
    assert store.briefs() == ((RUN, None),)
    store.close()
