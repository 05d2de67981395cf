"""What a wave needs of its window: learned where enough is known, the limits elsewhere, in rounds when it is big."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import DEBIAN, NOW, did, entered, host_plan, opened, plan, started, tier

from patchtide.core.actions import Do, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Finding
from patchtide.core.health import Check
from patchtide.core.pace import LEAST, MOST, Pace, expected, p95, paces
from patchtide.core.plan import Plan
from patchtide.core.policy import ENTER_MARGIN, Limits, OnFailure
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.core.wall import confirm_within, heard_within, longest, longest_need, need
from patchtide.core.windows import Window

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOUR = Window("hour", "FREQ=DAILY", time(5), timedelta(hours=1), "UTC")  # NOW is 05:00
QUICK = tuple(Pace(step, DEBIAN.key, 30 * SECOND, LEAST) for step in (Step.PATCH, Step.REBOOT, Step.ROLLBACK))
CHECK = Check("web", "http", {}, warm_up=10 * SECOND, healthy_for=20 * SECOND, deadline=5 * MINUTE)


def of_wave(size: int, *known: Pace, forks: int = 0, **more: object) -> Plan:
    names = tuple(f"t{number}" for number in range(size))
    made = plan(tier("test", names, always=False, windows=(HOUR,)), checks=(CHECK,), paces=known, forks=forks)
    return replace(made, **more) if more else made  # type: ignore[arg-type]


def test_without_history_the_limits_hold() -> None:
    of = of_wave(2)
    found = need(of, "test", ("t0", "t1"))
    assert found.total == longest(of, "test", 2)
    assert not any(found.samples.values())


def test_what_is_learned_is_what_a_window_has_to_have_room_for() -> None:
    found = need(of_wave(1, *QUICK), "test", ("t0",))
    limits = Limits()
    back = 30 * SECOND + 30 * SECOND + (CHECK.warm_up + CHECK.deadline)
    assert found.total == 2 * 30 * SECOND + (CHECK.warm_up + CHECK.deadline) + limits.confirm + back
    assert (found.samples["update"], found.samples["checks"]) == (LEAST, 0)


def test_a_few_samples_teach_nothing_and_one_unknown_platform_is_enough_to_know_nothing() -> None:
    few = tuple(replace(pace, samples=LEAST - 1) for pace in QUICK)
    assert need(of_wave(1, *few), "test", ("t0",)) == need(of_wave(1), "test", ("t0",))
    of = of_wave(2, *QUICK)
    other = {**of.hosts, "t1": host_plan("t1", platform="debian-13-amd64")}
    assert need(replace(of, hosts=other), "test", ("t0", "t1")).samples["update"] == 0
    assert need(replace(of, hosts=other), "test", ("t0",)).samples["update"] == LEAST


def test_checks_take_what_they_ask_for_whatever_they_took_before() -> None:
    known = Pace(Step.VERIFY, DEBIAN.key, SECOND, LEAST)
    assert need(of_wave(1, known), "test", ("t0",)).parts["checks"] == CHECK.warm_up + CHECK.healthy_for


@given(st.integers(1, 120), st.integers(1, 50), st.integers(1, 900))
def test_a_wave_bigger_than_forks_takes_as_many_rounds_and_hosts_wait_as_long(size: int, forks: int, pace: int) -> None:
    known = tuple(replace(each, p95=pace * SECOND) for each in QUICK)
    of, alone = of_wave(size, *known, forks=forks), of_wave(1, *known)
    rounds = -(-size // forks)
    names = of.tiers[0].waves[0]
    confirm = of.limits.confirm
    assert need(of, "test", names).rounds == rounds
    assert need(of, "test", names).total - confirm == rounds * (need(alone, "test", ("t0",)).total - confirm)
    assert confirm_within(of, "test", size) - confirm == rounds * (confirm_within(alone, "test", 1) - confirm)
    assert heard_within(of, "test", size) - confirm == rounds * (heard_within(alone, "test", 1) - confirm)
    assert longest(of, "test", size) == confirm_within(of, "test", size) + heard_within(of, "test", size) - confirm
    assert longest_need(of, of.tiers[0]).total <= longest(of, "test", size)


def test_what_a_host_is_told_is_never_less_than_its_limits() -> None:
    assert confirm_within(of_wave(1, *QUICK), "test", 1) == confirm_within(of_wave(1), "test", 1)


@given(st.lists(st.floats(0.001, 10_000), min_size=1, max_size=300), st.integers(1, 900))
def test_a_pace_is_one_of_its_samples_and_never_beyond_the_limit(seconds: list[float], limit: int) -> None:
    found = p95(seconds)
    assert found in {timedelta(seconds=each) for each in seconds}
    within = sum(timedelta(seconds=each) <= found for each in seconds)
    assert within * 100 >= 95 * len(seconds)
    assert sum(timedelta(seconds=each) < found for each in seconds) * 100 < 95 * len(seconds)
    (pace,) = paces({(Step.PATCH, "p"): seconds})
    assert pace.samples == min(len(seconds), MOST)
    expects, samples = expected((pace,), Step.PATCH, frozenset({"p"}), limit * SECOND)
    assert expects <= limit * SECOND
    assert samples == (pace.samples if pace.samples >= LEAST else 0)


def test_only_the_newest_samples_count() -> None:
    (pace,) = paces({(Step.PATCH, "p"): [1.0] * MOST + [500.0] * MOST})
    assert (pace.p95, pace.samples) == (SECOND, MOST)


def staged(of: Plan) -> Run:
    return did(opened(of), Step.STAGE, *of.tiers[0].hosts)


@pytest.mark.parametrize("known", [(), QUICK])
def test_a_wave_begins_up_to_the_wall_and_not_a_second_later(known: tuple[Pace, ...]) -> None:
    of = of_wave(2, *known)
    last = NOW + HOUR.duration - need(of, "test", ("t0", "t1")).total - ENTER_MARGIN
    first = decide(staged(of), last)
    assert isinstance(first, Do)
    assert first.step is Step.ENTER
    late = decide(staged(of), last + SECOND)
    assert isinstance(late, Wait)
    assert (late.code, late.until) == ("too_late", NOW + timedelta(days=1))
    assert "opens 2026-11-22 05:00 UTC" in late.reason


def test_what_was_learned_lets_in_what_the_limits_would_not() -> None:
    at = NOW + 30 * MINUTE
    assert isinstance(decide(staged(of_wave(1)), at), Wait)
    assert isinstance(decide(staged(of_wave(1, *QUICK)), at), Do)


def test_a_big_wave_needs_more_of_the_window_than_its_stragglers() -> None:
    of = of_wave(4, *QUICK, forks=2)
    assert isinstance(decide(staged(of), NOW + 40 * MINUTE), Wait)
    run = staged(of)
    for step in (Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = did(run, step, "t0", "t1", "t2")
    assert isinstance(decide(run, NOW + 40 * MINUTE), Do)


@pytest.mark.parametrize("late", [NOW + 55 * MINUTE, NOW + 3 * 60 * MINUTE, NOW + timedelta(days=1, minutes=59)])
def test_a_run_that_wakes_late_begins_nothing_and_says_until_when_it_waits(late: datetime) -> None:
    action = decide(staged(of_wave(2)), late)
    assert isinstance(action, Wait)
    assert action.until > late
    assert "UTC" in action.reason


@pytest.mark.parametrize("late", [NOW + 55 * MINUTE, NOW + 90 * MINUTE])
def test_an_update_that_was_never_begun_is_not_begun_by_a_resume_behind_the_wall(late: datetime) -> None:
    run = started(entered(opened(of_wave(2)), "t0", "t1"), Step.PATCH, "t0", "t1")
    run = did(run, Step.PROBE, "t0", "t1", finding=Finding(begun=(Step.ENTER,)))
    action = decide(run, late)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t0", "t1"))


@pytest.mark.parametrize("policy", list(OnFailure))
def test_a_package_manager_at_work_is_finished_behind_the_wall(policy: OnFailure) -> None:
    of = replace(of_wave(1), tiers=(replace(of_wave(1).tiers[0], on_failure=policy),))
    run = started(entered(opened(of), "t0"), Step.PATCH, "t0")
    run = did(run, Step.PROBE, "t0", finding=Finding(begun=(Step.PATCH,)))
    assert decide(run, NOW + 90 * MINUTE) == Do(Step.PATCH, ("t0",))
