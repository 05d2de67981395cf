"""The way back that a tier has: old packages, a snapshot as well, or none, which people agreed to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import BAD, NOW, answered, carried, did, entered, opened, plan, started, tier

from patchtide.core.actions import Do
from patchtide.core.decide import decide
from patchtide.core.events import Finding, RollbackAsked, Status
from patchtide.core.fold import fold
from patchtide.core.plan import Plan, misfit
from patchtide.core.policy import Approvals, Limits, OnFailure, RebootPolicy, ReturnBy
from patchtide.core.steps import EndState, Step
from patchtide.core.wall import confirm_within, longest
from patchtide.engine.requests import request, time_allowed

BOTH = Approvals(1, ("bob",))
CONFIRMED = Limits(confirm=timedelta(minutes=2))


def one_way(returns: ReturnBy = ReturnBy.NONE) -> Plan:
    return plan(tier("test", ("t1", "t2"), returns=returns, approvals=BOTH), limits=CONFIRMED)


@pytest.mark.parametrize("on_failure", list(OnFailure))
def test_harm_on_a_host_without_a_way_back_is_left_to_a_person(on_failure: OnFailure) -> None:
    of = plan(tier("test", ("t1", "t2"), returns=ReturnBy.NONE, approvals=BOTH, on_failure=on_failure))
    run = started(entered(opened(of), "t1", "t2"), Step.PATCH, "t1", "t2")
    run = answered(answered(run, Step.PATCH, "t1", Status.FAILED), Step.PATCH, "t2")
    run = did(run, Step.VERIFY, "t2")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t1",))
    assert "return: none" in action.why
    run = answered(started(run, Step.LEAVE, "t1", why=action.why), Step.LEAVE, "t1")
    assert run.hosts["t1"].end is EndState.QUARANTINED
    assert "no way back" in run.hosts["t1"].reason
    assert decide(run, NOW) == Do(Step.LEAVE, ("t2",)), "the healthy host of the wave stays patched"


def test_sick_hosts_without_a_way_back_are_left_too() -> None:
    run = did(entered(opened(one_way()), "t1", "t2"), Step.PATCH, "t1", "t2")
    run = did(did(run, Step.VERIFY, "t1", finding=Finding(measurements=BAD)), Step.VERIFY, "t2")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t1",))


def test_a_person_cannot_ask_for_a_way_back_that_there_is_none() -> None:
    run = carried(opened(one_way()), "t1", "t2")
    assert not run.may_return(run.hosts["t1"])
    asked = fold(run, RollbackAsked(NOW, "bob", "slow", ("t1",)))
    assert asked.hosts["t1"].end is EndState.PATCHED
    there = carried(opened(one_way(ReturnBy.PACKAGES)), "t1", "t2")
    assert there.may_return(there.hosts["t1"])


def test_no_way_back_without_an_approval_is_no_plan() -> None:
    unasked = replace(one_way(), tiers=tuple(replace(one, approvals=None) for one in one_way().tiers))
    assert "nobody who approves" in (misfit(unasked) or "")
    assert misfit(one_way()) is None


def test_the_wall_holds_the_way_back_that_there_is() -> None:
    walls = {returns: longest(one_way(returns), "test", 1) for returns in ReturnBy}
    assert walls[ReturnBy.NONE] < walls[ReturnBy.PACKAGES] < walls[ReturnBy.SNAPSHOT]
    assert walls[ReturnBy.SNAPSHOT] - walls[ReturnBy.PACKAGES] == Limits().reboot, "a snapshot takes effect with a boot"
    never = replace(one_way(ReturnBy.SNAPSHOT), reboot=RebootPolicy.NEVER)
    assert walls[ReturnBy.SNAPSHOT] - longest(never, "test", 1) == 2 * Limits().reboot


def test_a_host_without_a_way_back_has_no_timer_that_would_take_it() -> None:
    assert confirm_within(one_way(), "test", 1) == timedelta(0)
    assert confirm_within(one_way(ReturnBy.SNAPSHOT), "test", 1) > timedelta(0)


@pytest.mark.parametrize("returns", list(ReturnBy))
def test_the_host_is_told_which_way_back_to_prove(returns: ReturnBy) -> None:
    run = opened(one_way(returns))
    assert request("r", run, Step.STAGE, "t1", 1)["returns"] == str(returns)


def test_a_rollback_may_take_as_long_as_the_boot_of_a_snapshot() -> None:
    times = [
        time_allowed(opened(one_way(way)), Step.ROLLBACK, "test") for way in (ReturnBy.PACKAGES, ReturnBy.SNAPSHOT)
    ]
    assert times[1] - times[0] == Limits().reboot.total_seconds()
    assert request("r", opened(one_way()), Step.ROLLBACK, "t1", 1)["reboot_timeout"] == Limits().reboot.total_seconds()
