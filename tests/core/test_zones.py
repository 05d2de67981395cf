"""A wave whose hosts are in several zones begins when it is open for all of those that are still to be worked on."""

from datetime import UTC, datetime, time, timedelta

from tests.core.made import NOW, carried, did, opened, plan, tier

from patchtide.core.actions import Do, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.plan import TierPlan
from patchtide.core.steps import Step
from patchtide.core.windows import HOST, Window

NIGHT = Window("night", "FREQ=DAILY", time(0), timedelta(hours=10), HOST)


def two(**zones: str) -> TierPlan:
    return tier("test", ("t1", "t2"), windows=(NIGHT,), always=False, zones=zones)


def test_a_wave_waits_until_it_is_open_for_all_its_hosts() -> None:
    of = plan(two(t1="Europe/Berlin", t2="America/New_York"))
    staged = did(opened(of), Step.STAGE, "t1", "t2")
    held = decide(staged, NOW)  # six in the morning in Berlin, midnight in New York: both are open
    assert isinstance(held, Do)
    late = NOW + timedelta(hours=4)
    held = decide(staged, late)
    assert isinstance(held, Wait)
    assert held.until == datetime(2026, 11, 22, 5, tzinfo=UTC)


def test_hosts_without_a_common_night_are_settled_with_the_reason() -> None:
    of = plan(two(t1="Pacific/Auckland", t2="Europe/London"))
    action = decide(did(opened(of), Step.STAGE, "t1", "t2"), NOW)
    assert isinstance(action, Settle)
    assert set(action.hosts) == {"t1", "t2"}
    assert "no window within" in action.reason


def test_the_zone_of_a_host_that_is_done_no_longer_counts() -> None:
    of = plan(two(t1="Pacific/Auckland", t2="Europe/London"))
    run = did(carried(opened(of), "t1"), Step.STAGE, "t2")
    action = decide(run, datetime(2026, 11, 21, 3, tzinfo=UTC))
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("t2",))
