"""What comes next, in the situations that are easy to get wrong."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from tests.core.made import (
    NOW,
    answered,
    carried,
    did,
    entered,
    failed,
    host_plan,
    opened,
    plan,
    settled,
    started,
    tier,
)

from patchtide.core.actions import Ask, Do, End, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Finding, HostsSettled, RunEnded, Status
from patchtide.core.fold import fold
from patchtide.core.plan import Plan
from patchtide.core.policy import Amount, Approvals
from patchtide.core.said import Approved
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.wall import longest
from patchtide.core.windows import Window

MINUTE = timedelta(minutes=1)
NIGHT = Window("night", "FREQ=DAILY", time(5), timedelta(hours=1), "UTC")  # NOW is 05:00
NEVER = Window("never", "FREQ=DAILY;UNTIL=20240102T000000", time(5), timedelta(hours=1), "UTC")
ABORT = Aborted(NOW, "bob", "wrong day")


def windowed(*windows: Window) -> Plan:
    return plan(tier("test", ("t1", "t2"), always=False, windows=windows or (NIGHT,)))


def test_all_of_a_tier_is_staged_before_its_window_and_no_other_tier() -> None:
    assert decide(opened(windowed()), NOW - timedelta(hours=3)) == Do(Step.STAGE, ("t1", "t2"))
    assert decide(opened(), NOW) == Do(Step.STAGE, ("t1", "t2"))


def test_the_wave_goes_step_by_step_together() -> None:
    run = opened()
    for step in (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
        action = decide(run, NOW)
        assert isinstance(action, Do)
        assert (action.step, action.hosts) == (step, ("t1", "t2"))
        run = did(run, step, "t1", "t2")
    assert decide(run, NOW) == Do(Step.STAGE, ("p1", "p2", "p3"))


def test_a_reboot_that_is_owed_comes_before_the_judgement() -> None:
    run = did(entered(opened(), "t1", "t2"), Step.PATCH, "t2")
    run = did(run, Step.PATCH, "t1", finding=Finding(reboot_owed=True))
    assert decide(run, NOW) == Do(Step.REBOOT, ("t1",))


def test_waves_go_one_after_the_other() -> None:
    run = did(carried(opened(), "t1", "t2"), Step.STAGE, "p1", "p2", "p3")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("p1",))
    action = decide(carried(run, "p1"), NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("p2", "p3"))


def test_refused_hosts_and_idle_hosts_end_before_anything_is_done() -> None:
    hosts = (host_plan("t1", refused="dpkg is interrupted"), replace(host_plan("t2"), changes=()))
    run = opened(plan(tier("test", ("t1", "t2"), failure_budget=Amount(count=1)), hosts=hosts))
    first = decide(run, NOW)
    assert isinstance(first, Settle)
    assert (first.hosts, first.failed) == (("t2",), False)
    second = decide(fold(run, HostsSettled(NOW, first.hosts, first.end, first.reason, first.failed)), NOW)
    assert second == Settle(("t1",), EndState.UNTOUCHED, "dpkg is interrupted", failed=True)


@pytest.mark.parametrize(
    ("at", "kind"),
    [(NOW, Do), (NOW + 21 * MINUTE, Do), (NOW + 29 * MINUTE, Wait), (NOW - MINUTE, Wait)],
)
def test_a_window_lets_in_what_ends_in_it(at: datetime, kind: type) -> None:
    of = windowed()
    assert longest(of, "test", 1) <= 38 * MINUTE
    run = did(opened(of), Step.STAGE, "t1", "t2")
    action = decide(run, at)
    assert isinstance(action, kind)
    if isinstance(action, Wait):
        assert action.until > at


@pytest.mark.parametrize("windows", [(NEVER,), (replace(NIGHT, duration=10 * MINUTE),)])
def test_a_window_that_never_opens_halts_the_run(windows: tuple[Window, ...]) -> None:
    run = did(opened(windowed(*windows)), Step.STAGE, "t1", "t2")
    action = decide(run, NOW)
    assert isinstance(action, Settle)
    assert (action.hosts, action.end, action.failed) == (("t1", "t2"), EndState.UNTOUCHED, True)
    assert "no window within 400 days" in action.reason
    ended = fold(run, HostsSettled(NOW, action.hosts, action.end, action.reason, action.failed))
    end = decide(ended, NOW)
    assert isinstance(end, End)
    assert end.outcome is Outcome.HALTED


@pytest.mark.fault(39, how="a window that gets too short between entering and the update")
def test_an_update_that_has_not_begun_when_the_window_gets_short_is_called_off_and_tried_again_later() -> None:
    run = entered(opened(windowed()), "t1", "t2")
    action = decide(run, NOW + 40 * MINUTE)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t1", "t2"))
    waiting = decide(did(run, Step.LEAVE, "t1", "t2"), NOW + 41 * MINUTE)
    assert isinstance(waiting, Wait)
    assert waiting.until == NOW + timedelta(days=1)


def test_a_host_in_doubt_is_looked_at_before_anything_else_is_done_to_it() -> None:
    run = started(entered(opened(windowed()), "t1", "t2"), Step.PATCH, "t1", "t2")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.PROBE, ("t1", "t2"))


@pytest.mark.fault(39, how="a window that shuts while a host is in doubt")
def test_what_a_journal_knows_is_finished_even_outside_the_window() -> None:
    run = started(entered(opened(windowed()), "t1", "t2"), Step.PATCH, "t1", "t2")
    run = did(run, Step.PROBE, "t1", finding=Finding(begun=(Step.PATCH,)))
    run = did(run, Step.PROBE, "t2", finding=Finding(begun=(Step.ENTER,)))
    late = decide(run, NOW + 90 * MINUTE)
    assert isinstance(late, Do)
    assert (late.step, late.hosts) == (Step.LEAVE, ("t2",))  # the journal knows of no update, so there is none
    late = decide(did(run, Step.LEAVE, "t2"), NOW + 90 * MINUTE)
    assert late == Do(Step.PATCH, ("t1",))


@pytest.mark.parametrize("known", [True, False])
def test_entering_in_doubt_is_undone_when_the_window_shut(known: bool) -> None:
    run = started(did(opened(windowed()), Step.STAGE, "t1", "t2"), Step.ENTER, "t1", "t2")
    run = did(run, Step.PROBE, "t1", "t2", finding=Finding(begun=(Step.ENTER,) if known else ()))
    action = decide(run, NOW + 90 * MINUTE)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t1", "t2"))


def test_an_abort_while_hosts_enter_or_wait_for_the_update_takes_them_out_of_maintenance_mode() -> None:
    run = fold(entered(opened(), "t1", "t2"), ABORT)
    action = decide(run, NOW)
    while not isinstance(action, End):
        match action:
            case Do():
                assert action.step is Step.LEAVE
                run = did(run, action.step, *action.hosts)
            case Settle():
                run = fold(run, HostsSettled(NOW, action.hosts, action.end, action.reason, action.failed))
            case _:
                pytest.fail(str(action))
        action = decide(run, NOW)
    assert action.outcome is Outcome.HALTED
    assert {host.end for host in run.hosts.values()} == {EndState.UNTOUCHED}
    assert not any(host.entered for host in run.hosts.values())


def test_an_abort_lets_what_began_come_to_its_end() -> None:
    run = fold(did(entered(opened(), "t1", "t2"), Step.PATCH, "t1", "t2"), ABORT)
    action = decide(run, NOW)
    while isinstance(action, Settle):
        run = fold(run, HostsSettled(NOW, action.hosts, action.end, action.reason, action.failed))
        action = decide(run, NOW)
    assert action == Do(Step.VERIFY, ("t1", "t2"))


def test_a_lost_host_is_looked_for_with_growing_pauses_and_then_given_up_as_a_failure() -> None:
    run = started(entered(opened(), "t1", "t2"), Step.PATCH, "t1", "t2")
    run = answered(answered(run, Step.PATCH, "t2"), Step.PATCH, "t1", Status.UNREACHABLE)
    run = did(did(run, Step.VERIFY, "t2"), Step.LEAVE, "t2")
    now, looks = NOW, 0
    while isinstance(action := decide(run, now), Wait | Do):
        if isinstance(action, Wait):
            assert action.code == "lost"
            assert action.until > now
            now = action.until
        else:
            assert (action.step, action.hosts) == (Step.PROBE, ("t1",))
            run, looks = failed(run, Step.PROBE, "t1", Status.UNREACHABLE, at=now), looks + 1
    assert isinstance(action, Settle)
    assert (action.hosts, action.end, action.failed) == (("t1",), EndState.QUARANTINED, True)
    assert action.reason == "lost during patch: probe unreachable"
    assert timedelta(0) <= now - NOW - (run.plan.limits.lost + longest(run.plan, "test", 1)) <= timedelta(minutes=2)
    assert 8 <= looks <= 70


@pytest.mark.parametrize(
    ("steps", "end"), [((Step.STAGE,), EndState.QUARANTINED), ((Step.STAGE, Step.ENTER), EndState.QUARANTINED)]
)
def test_a_host_lost_after_entering_began_is_a_persons_matter(steps: tuple[Step, ...], end: EndState) -> None:
    run = opened()
    for step in steps:
        run = did(run, step, "t1", "t2")
    later = NOW + timedelta(hours=1)
    run = failed(run, Step.ENTER if len(steps) == 1 else Step.PATCH, "t1", Status.UNREACHABLE)
    action = decide(run, later)
    assert isinstance(action, Settle)
    assert (action.hosts, action.end) == (("t1",), end)


def test_a_host_that_cannot_be_staged_is_tried_three_times_and_left_untouched() -> None:
    run, now = opened(), NOW
    for _ in range(3):
        action = decide(run, now)
        assert isinstance(action, Do)
        assert "t1" in action.hosts
        run = failed(run, Step.STAGE, "t1", Status.UNREACHABLE, at=now)
        now += MINUTE
    assert decide(run, now) == Settle(("t1",), EndState.UNTOUCHED, "did not answer to stage: stage unreachable", True)


def test_a_step_that_is_never_heard_of_on_a_host_that_answers_is_given_up() -> None:
    run, now = entered(opened(), "t1", "t2"), NOW
    for _ in range(5):
        run = failed(run, Step.PATCH, "t1", Status.UNKNOWN, at=now)
        last, now = run, now + MINUTE
        run = did(run, Step.PROBE, "t1", finding=Finding(begun=(Step.PATCH,)), at=now)
    action = decide(last, now)
    assert isinstance(action, Settle)
    assert (action.hosts, action.end, action.failed) == (("t1",), EndState.QUARANTINED, True)


def test_a_clock_that_is_set_back_does_not_keep_a_lost_host_waiting_for_ever() -> None:
    future = NOW + timedelta(days=400)
    run = failed(entered(opened(), "t1", "t2"), Step.PATCH, "t1", Status.UNREACHABLE, at=future)
    action = decide(settled(run, "t2"), NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.PROBE, ("t1",))
    run = failed(run, Step.PROBE, "t1", Status.UNREACHABLE, at=NOW)
    assert run.hosts["t1"].lost_since == NOW


def test_what_is_not_proven_stays_out_even_after_it_was_staged() -> None:
    of = plan(tier("test", ("t1",), failure_budget=Amount(count=1)), tier("prod", ("p1",)))
    run = did(settled(opened(of), "t1"), Step.STAGE, "p1")
    assert decide(run, NOW) == Settle(("p1",), EndState.UNTOUCHED, "not proven by an earlier tier: tide=1.1")


def test_an_approval_is_waited_for_and_then_enough() -> None:
    of = plan(tier("test", ("t1",), approvals=Approvals(1, ("bob",))))
    run = did(opened(of), Step.STAGE, "t1")
    asked = decide(run, NOW)
    assert isinstance(asked, Ask)
    assert asked.code == "approval"
    action = decide(fold(run, Approved(NOW, "bob", of.digest)), NOW)
    assert isinstance(action, Do)
    assert action.step is Step.ENTER


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [
        ({"t1": EndState.PATCHED, "t2": EndState.PATCHED}, Outcome.DONE),
        ({"t1": EndState.PATCHED, "t2": EndState.UNTOUCHED}, Outcome.PARTLY),
        ({"t1": EndState.PATCHED, "t2": EndState.QUARANTINED}, Outcome.NEEDS_PERSON),
        ({"t1": EndState.PATCHED, "t2": EndState.ROLLED_BACK}, Outcome.PARTLY),
    ],
)
def test_the_outcome_is_the_worst_that_happened(ends: dict[str, EndState], outcome: Outcome) -> None:
    of = plan(tier("test", ("t1", "t2"), failure_budget=Amount(count=2)))
    run = opened(of)
    for host, end in ends.items():
        failure = end in {EndState.QUARANTINED, EndState.ROLLED_BACK}
        run = fold(run, HostsSettled(NOW, (host,), end, "for the test", failure))
    action = decide(run, NOW)
    assert isinstance(action, End)
    assert action.outcome is outcome


def test_a_run_that_ended_says_so_again() -> None:
    run = fold(carried(opened(plan(tier())), "t1", "t2"), RunEnded(NOW, Outcome.DONE, "2 patched"))
    assert decide(run, NOW + timedelta(days=9)) == End(Outcome.DONE, "2 patched")
