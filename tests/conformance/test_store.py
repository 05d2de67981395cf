"""What every store of events promises."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.core.made import plan as made_plan

from patchtide.adapters.fake import MemoryStore
from patchtide.adapters.store import SqliteStore
from patchtide.core.brief import brief
from patchtide.core.events import (
    Aborted,
    Event,
    Finding,
    Held,
    HostFinished,
    Installed,
    RunOpened,
    RunTaken,
    Status,
    StepStarted,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.fold import folded
from patchtide.core.quarantine import KINDS
from patchtide.core.steps import Step
from patchtide.ports import PROJECT, Log, Store

AT = datetime(2026, 3, 29, 1, 30, 0, 250_000, tzinfo=UTC)
EVENTS: tuple[Event, ...] = (
    RunTaken(AT, "ada", 3),
    StepStarted(AT, Step.PATCH, ("a", "b"), 7, "why ä not?"),
    HostFinished(
        AT,
        Step.PATCH,
        "a",
        7,
        Status.OK,
        "",
        Finding((Installed("openssl", "amd64", "3:1~rc", "0" * 64),), reboot_owed=True),
    ),
    Held(AT, "window", "opens later", AT + timedelta(days=3)),
)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        sqlite = SqliteStore(tmp_path / "state" / "log.db")
        yield sqlite
        sqlite.close()


def test_events_come_back_as_they_were_in_the_order_they_came(store: Store) -> None:
    numbers = [store.append("run-1", event) for event in EVENTS]
    assert numbers == [1, 2, 3, 4]
    assert tuple(store.events("run-1")) == tuple(enumerate(EVENTS, start=1))


def test_only_what_is_new_is_read_when_asked_so(store: Store) -> None:
    for event in EVENTS:
        store.append("run-1", event)
    assert tuple(store.events("run-1", after=3)) == ((4, EVENTS[3]),)
    assert tuple(store.events("run-1", after=4)) == ()


def test_each_run_counts_for_itself(store: Store) -> None:
    store.append("run-2", EVENTS[0])
    store.append("run-1", EVENTS[1])
    assert store.append("run-2", EVENTS[2]) == 2
    assert tuple(store.events("run-1")) == ((1, EVENTS[1]),)


def test_runs_are_listed_from_the_oldest_on(store: Store) -> None:
    for run in ("zebra", "ant", "zebra", "mole"):
        store.append(run, EVENTS[0])
    assert tuple(store.runs()) == ("zebra", "ant", "mole")


def test_what_is_said_of_the_project_is_kept_and_is_no_run(store: Store) -> None:
    store.append(PROJECT, EVENTS[0])
    store.append("run-1", EVENTS[1])
    assert tuple(store.runs()) == ("run-1",)
    assert tuple(store.events(PROJECT)) == ((1, EVENTS[0]),)


def test_events_of_some_kinds_come_from_every_stream_in_the_order_they_were_said(store: Store) -> None:
    shut, free = VersionsQuarantined(AT, "ann", ("a=1",), "CVE"), VersionsReleased(AT, "bob", ("a=1",), "mended")
    for stream, event in (("zebra", shut), ("ant", EVENTS[0]), (PROJECT, free), ("ant", shut)):
        store.append(stream, event)
    assert tuple(store.said(*KINDS)) == (("zebra", shut), (PROJECT, free), ("ant", shut))
    assert tuple(store.said("held")) == ()


def test_what_never_was_is_empty_and_stays_so(store: Store) -> None:
    assert tuple(store.events("nobody")) == ()
    assert tuple(store.runs()) == ()
    assert tuple(store.said(*KINDS)) == ()


def test_texts_that_would_break_a_query_are_just_texts(store: Store) -> None:
    odd = Aborted(AT, "o'brien\"; DROP TABLE events; --", "\x00 {{ 1 }} \u2028 \\ \n")
    store.append("run-1", odd)
    assert tuple(store.events("run-1")) == ((1, odd),)


def test_what_is_remembered_of_a_run_is_a_beginning_of_what_it_adds_up_to(store: Log) -> None:
    told = [RunOpened(AT, made_plan(), "ann"), *[EVENTS[3]] * 400, Aborted(AT, "bob", "enough")]
    for event in told:
        store.append("run-1", event)
    known = store.recalled("run-1")
    assert known is None or known == folded(told[: known.seen])
    assert store.briefs() in ((("run-1", None),), (("run-1", brief(folded(told))),))
    assert store.recalled("nobody") is None
