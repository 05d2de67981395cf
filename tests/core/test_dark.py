"""Hosts that went dark, or owe something: what the log knows of them, and what is decided."""

from datetime import timedelta

import pytest
from tests.core.made import (
    BAD,
    GOOD,
    NOW,
    answered,
    carried,
    did,
    entered,
    failed,
    installed,
    opened,
    plan,
    started,
    tier,
)

from patchtide.core.actions import Ask, Do, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Finding, Status
from patchtide.core.fold import fold
from patchtide.core.hoststate import HostState
from patchtide.core.policy import Limits, OnFailure, RebootPolicy
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.wall import confirm_within, longest

REVERTED = Finding(reverted=True)
WHY = "the host was not confirmed within 1500 s and restored itself"


def patched(on_failure: OnFailure = OnFailure.ROLLBACK, limits: Limits = Limits()) -> Run:  # noqa: B008  # frozen
    """A run in which t1 is patched, and verify comes next."""
    of = plan(tier("test", ("t1",), on_failure=on_failure), limits=limits)
    return did(entered(opened(of), "t1"), Step.PATCH, "t1")


def t1(run: Run) -> HostState:
    return run.hosts["t1"]


def reverted(run: Run, step: Step) -> Run:
    """The host answers that it restored itself."""
    return answered(started(run, step, "t1"), step, "t1", Status.FAILED, REVERTED)


@pytest.mark.parametrize("step", [Step.PATCH, Step.REBOOT, Step.VERIFY])
def test_a_host_that_restored_itself_is_judged_and_ends_rolled_back(step: Step) -> None:
    run = reverted(patched(), step)
    assert (t1(run).next, t1(run).failed, t1(run).reverted) == (Step.ROLLBACK, True, True)
    run = did(did(run, Step.ROLLBACK, "t1"), Step.LEAVE, "t1")
    assert t1(run).end is EndState.ROLLED_BACK


@pytest.mark.parametrize("on_failure", OnFailure)
def test_nobody_is_asked_about_what_the_host_did_already(on_failure: OnFailure) -> None:
    action = decide(reverted(patched(on_failure), Step.VERIFY), NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ROLLBACK, ("t1",))


def test_a_host_that_restored_itself_while_a_person_was_asked_is_not_called_left_as_it_is() -> None:
    run = did(patched(OnFailure.ASK), Step.VERIFY, "t1", finding=Finding(measurements=BAD))
    assert isinstance(decide(run, NOW), Ask)
    run = fold(run, Aborted(NOW, "bob", "another day"))
    assert decide(run, NOW) == Do(Step.LEAVE, ("t1",), "left as it is: on_failure is ask")
    run = answered(started(run, Step.LEAVE, "t1"), Step.LEAVE, "t1", finding=REVERTED)
    assert t1(run).next is Step.ROLLBACK
    run = did(did(run, Step.ROLLBACK, "t1"), Step.LEAVE, "t1")
    assert t1(run).end is EndState.ROLLED_BACK


def test_a_healthy_host_that_does_not_say_that_it_is_confirmed_goes_back() -> None:
    run = did(patched(), Step.VERIFY, "t1", finding=Finding(measurements=GOOD))
    assert (t1(run).next, t1(run).failed) == (Step.ROLLBACK, True)
    trusting = did(patched(limits=Limits(confirm=timedelta(0))), Step.VERIFY, "t1", finding=Finding(measurements=GOOD))
    assert t1(trusting).fate is EndState.PATCHED


def test_a_soaking_host_was_confirmed_long_ago() -> None:
    of = plan(tier("test", ("t1",), soak=timedelta(hours=1)))
    run = did(carried(opened(of), "t1"), Step.VERIFY, "t1", finding=Finding(measurements=GOOD))
    assert t1(run).end is EndState.PATCHED


@pytest.mark.parametrize(("confirm", "more"), [(timedelta(minutes=5), True), (timedelta(0), False)])
def test_a_host_that_may_come_back_by_itself_is_looked_for_until_it_must_have(confirm: timedelta, more: bool) -> None:
    limits = Limits(lost=timedelta(minutes=3), confirm=confirm)
    run = failed(patched(limits=limits), Step.VERIFY, "t1", Status.UNREACHABLE)
    alone = confirm_within(run.plan, "test", 1) + limits.rollback + limits.reboot
    patience = limits.lost + (longest(run.plan, "test", 1) if more else timedelta(0))
    assert (alone < patience) is more
    assert isinstance(decide(run, NOW + patience - timedelta(minutes=1)), Wait | Do)
    action = decide(run, NOW + patience)
    assert isinstance(action, Settle)
    assert action.end is EndState.QUARANTINED


def test_a_host_on_which_nothing_was_begun_is_not_looked_for_longer() -> None:
    run = failed(entered(opened(), "t1"), Step.ENTER, "t1", Status.UNREACHABLE)
    assert isinstance(decide(run, NOW + run.plan.limits.lost), Settle)


def test_a_put_off_reboot_is_a_debt_with_its_reasons() -> None:
    of = plan(tier("test", ("t1",)), reboot=RebootPolicy.NEVER)
    owing = Finding(installed=installed(), reboot_owed=True, reboot_why=("libc6 changed",), stale=("x.service",))
    run = did(entered(opened(of), "t1"), Step.PATCH, "t1", finding=owing)
    assert (t1(run).next, t1(run).reboot_owed, t1(run).reboot_why) == (Step.VERIFY, True, ("libc6 changed",))
    assert t1(run).stale == ("x.service",)
    run = did(did(run, Step.VERIFY, "t1"), Step.LEAVE, "t1")
    assert (t1(run).reboot_why, t1(run).stale) == (("libc6 changed",), ()), "verify saw nothing stale any more"


def test_a_reboot_that_was_done_leaves_what_is_owed_anew() -> None:
    run = did(entered(opened(), "t1"), Step.PATCH, "t1", finding=Finding(reboot_owed=True, reboot_why=("libc6",)))
    assert t1(run).next is Step.REBOOT
    assert t1(did(run, Step.REBOOT, "t1")).reboot_why == ()
    again = did(run, Step.REBOOT, "t1", finding=Finding(reboot_owed=True, reboot_why=("something new",)))
    assert (t1(again).next, t1(again).reboot_owed) == (Step.VERIFY, True)
