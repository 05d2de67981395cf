"""What lies between waves: canaries that soak and have to be patched, and pauses."""

from datetime import timedelta

import pytest
from tests.core.made import BAD, NOW, carried, did, failed, kept_out, opened, plan, settled, tier

from patchtide.core.actions import Do, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Finding
from patchtide.core.fold import fold
from patchtide.core.policy import Amount
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step

MINUTE = timedelta(minutes=1)
ALL = ("c1", "c2", "x1", "x2")


def staged(**more: object) -> Run:
    settings = {"canaries": 1, "canary_soak": 30 * MINUTE, "soak_every": 10 * MINUTE, **more}
    return did(opened(plan(tier("prod", ALL[:2], ALL[2:3], ALL[3:], **settings))), Step.STAGE, *ALL)


def test_canaries_soak_before_anybody_else_begins_and_are_judged_again_meanwhile() -> None:
    run = carried(staged(), "c1", "c2")
    action = decide(run, NOW)
    assert isinstance(action, Wait)
    assert (action.code, action.until) == ("soak", NOW + 10 * MINUTE)
    assert "the canary of tier 'prod' soaks until 2026-11-21 05:30:00 UTC" in action.reason
    assert decide(run, NOW + 10 * MINUTE) == Do(Step.VERIFY, ("c1", "c2"), "soak")
    run = did(run, Step.VERIFY, "c1", "c2", at=NOW + 29 * MINUTE)
    assert isinstance(decide(run, NOW + 29 * MINUTE), Wait)
    run = did(run, Step.VERIFY, "c1", "c2", at=NOW + 30 * MINUTE)
    action = decide(run, NOW + 30 * MINUTE)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("x1",))
    begun = carried(run, "x1", at=NOW + 31 * MINUTE)
    action = decide(begun, NOW + 31 * MINUTE)
    assert isinstance(action, Do)
    assert action.hosts == ("x2",)


def test_a_canary_that_turns_sick_while_it_soaks_goes_back_and_nobody_else_begins() -> None:
    run = did(carried(staged(), "c1", "c2"), Step.VERIFY, "c1", finding=Finding(measurements=BAD), at=NOW + 10 * MINUTE)
    stop = decide(run, NOW + 10 * MINUTE)
    assert isinstance(stop, Settle)
    assert stop.hosts == ("x1", "x2")
    back = decide(settled(run, *stop.hosts), NOW + 10 * MINUTE)
    assert isinstance(back, Do)
    assert (back.step, back.hosts) == (Step.ROLLBACK, ("c1", "c2"))


@pytest.mark.parametrize("soak", [timedelta(0), 30 * MINUTE])
def test_canaries_of_which_none_was_patched_prove_nothing(soak: timedelta) -> None:
    run = staged(canary_soak=soak, failure_budget=Amount(count=2))
    for host in ("c1", "c2"):
        run = did(failed(run, Step.ENTER, host), Step.LEAVE, host)
    action = decide(run, NOW)
    assert isinstance(action, Settle)
    assert (action.hosts, action.end) == (("x1", "x2"), EndState.UNTOUCHED)
    assert "no canary of tier 'prod' was patched (c1: enter failed)" in action.reason


def test_one_canary_that_fails_within_the_budget_is_isolated_and_the_other_speaks_for_both() -> None:
    run = did(failed(staged(failure_budget=Amount(count=1)), Step.ENTER, "c1"), Step.LEAVE, "c1")
    run = carried(run, "c2")
    assert isinstance(decide(run, NOW), Wait)
    run = did(run, Step.VERIFY, "c2", at=NOW + 30 * MINUTE)
    action = decide(run, NOW + 30 * MINUTE)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("x1",))


def test_waves_keep_their_distance_and_what_has_begun_does_not_wait() -> None:
    run = carried(staged(canaries=0, pause=15 * MINUTE), "c1", "c2", at=NOW + MINUTE)
    action = decide(run, NOW + 2 * MINUTE)
    assert isinstance(action, Wait)
    assert (action.code, action.until) == ("pause", NOW + 16 * MINUTE)
    run = did(run, Step.ENTER, "x1", at=NOW + 16 * MINUTE)
    assert decide(run, NOW + 3 * MINUTE) == Do(Step.PATCH, ("x1",))  # whatever the clock says by now


def test_an_abort_ends_soak_and_pause() -> None:
    run = fold(carried(staged(pause=MINUTE), "c1", "c2"), Aborted(NOW, "bob", "enough"))
    action = decide(run, NOW)
    assert isinstance(action, Settle)
    assert action.hosts == ("x1", "x2")
    assert kept_out(run) == run
