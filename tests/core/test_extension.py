"""One opening, kept open for longer: which, how much, by whom, and when not."""

from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW, carried, did, opened, plan, tier

from patchtide.core.actions import Do, Wait
from patchtide.core.decide import decide
from patchtide.core.errors import UsageError
from patchtide.core.events import Aborted, Extended, RunEnded
from patchtide.core.extension import LONGEST_EXTENSION, extension
from patchtide.core.fold import fold
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.steps import Outcome, Step
from patchtide.core.windows import Blackout, Day, Window

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NIGHT = Window("night", "FREQ=DAILY", time(5), HOUR, "UTC")  # NOW is 05:00
CLOSES = NOW + HOUR


def of(*windows: Window, blackouts: tuple[Blackout, ...] = ()) -> Plan:
    test = tier("test", ("t1",))
    return plan(test, tier("prod", ("p1", "p2"), always=False, windows=windows or (NIGHT,)), blackouts=blackouts)


def waiting(made: Plan | None = None) -> Run:
    return did(carried(opened(made or of()), "t1"), Step.STAGE, "p1", "p2")


def extended(run: Run, longer: timedelta, now: datetime, tier_name: str | None = None) -> Run:
    name, added = extension(run, tier_name, now, longer)
    return fold(run, Extended(now, "ann", "late switch", name, added.name, added.opens, added.closes))


def test_a_run_ten_minutes_before_the_wall_waits_until_somebody_extends_its_window() -> None:
    late = CLOSES - 10 * MINUTE
    run = waiting()
    held = decide(run, late)
    assert isinstance(held, Wait)
    assert (held.code, held.until) == ("too_late", NOW + DAY)
    run = extended(run, HOUR, late)
    action = decide(run, late)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("p1", "p2"))
    assert "06:00" not in action.why
    assert "2026-11-21 07:00 UTC" in action.why


def test_what_is_longer_is_this_opening_and_no_other() -> None:
    run = extended(waiting(), HOUR, CLOSES - 10 * MINUTE)
    assert isinstance(decide(run, CLOSES + 10 * MINUTE), Do)  # 50 minutes are left, though the window itself is over
    assert isinstance(decide(run, CLOSES + HOUR), Wait)
    assert isinstance(decide(run, NOW + DAY + 50 * MINUTE), Wait)


def test_before_it_opens_the_next_opening_becomes_longer() -> None:
    run = extended(waiting(), HOUR, NOW - 3 * HOUR)
    assert [(e.since, e.until) for e in run.extended] == [(CLOSES, CLOSES + HOUR)]
    assert isinstance(decide(run, NOW - 3 * HOUR), Wait)
    assert isinstance(decide(run, CLOSES), Do)


def test_it_is_the_tier_at_work_and_only_that_one() -> None:
    first = plan(*(tier(n, (h,), always=False, windows=(NIGHT,)) for n, h in (("test", "t1"), ("prod", "p1"))))
    name, _ = extension(opened(first), None, NOW, HOUR)
    assert name == "test"
    run = extended(carried(opened(first), "t1"), HOUR, NOW)
    assert run.extended[0].tier == "prod"
    assert run.calendar(first.tiers[0]).next_opening(NOW) != run.calendar(first.tiers[1]).next_opening(NOW)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_however_often_it_is_asked_for_it_is_bounded(minutes: list[int]) -> None:
    run = waiting()
    for each in minutes:
        try:
            run = extended(run, each * MINUTE, CLOSES - MINUTE)
        except UsageError as error:
            assert "is the most" in error.message  # there is no other reason here
    longer = sum(((e.until - e.since) for e in run.extended), timedelta(0))
    assert longer <= LONGEST_EXTENSION
    opening = run.calendar(run.plan.tiers[1]).next_opening(NOW)
    assert opening is not None
    assert (opening.opens, opening.closes) == (NOW, CLOSES + longer)
    fresh = extended(run, LONGEST_EXTENSION, NOW + DAY)  # another opening
    assert fresh.extended[-1].since == CLOSES + DAY


TOMORROW = Blackout("fair", Day(11, 22), Day(11, 22), "UTC")
TODAY_LATE = Window("late", "FREQ=DAILY", time(22), HOUR, "UTC")
OVER_MIDNIGHT = Window("midnight", "FREQ=DAILY", time(22), 3 * HOUR, "UTC")


@pytest.mark.parametrize(
    ("run", "longer", "told"),
    [
        (waiting(of(TODAY_LATE, blackouts=(TOMORROW,))), 2 * HOUR, "then comes the blackout 'fair'"),
        (waiting(of(OVER_MIDNIGHT, blackouts=(TOMORROW,))), MINUTE, "then comes the blackout 'fair'"),
        (waiting(of(Window("never", "FREQ=DAILY;UNTIL=20240102", time(5), HOUR, "UTC"))), HOUR, "no window that opens"),
        (waiting(), timedelta(0), "only be made longer"),
        (waiting(), -HOUR, "only be made longer"),
        (waiting(), LONGEST_EXTENSION + MINUTE, "4 h is the most"),
        (fold(waiting(), Aborted(NOW, "bob", "enough")), HOUR, "nothing begins in this run any more: aborted by bob"),
        (carried(waiting(), "p1", "p2"), HOUR, "nothing is still to begin in the run"),
        (fold(carried(waiting(), "p1", "p2"), RunEnded(NOW, Outcome.DONE, "all")), HOUR, "the run has ended: all"),
        (opened(plan()), HOUR, "tier 'test' has no window that closes"),
    ],
)
def test_where_there_is_nothing_to_lengthen_it_is_refused(run: Run, longer: timedelta, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        extension(run, None, NOW, longer)


def test_a_tier_that_is_not_there_or_has_nothing_to_begin_is_refused() -> None:
    with pytest.raises(UsageError, match="no tier 'x'"):
        extension(waiting(), "x", NOW, HOUR)
    with pytest.raises(UsageError, match="nothing is still to begin in tier 'test'"):
        extension(waiting(), "test", NOW, HOUR)
