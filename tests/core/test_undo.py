"""Harm: who is put back, when, and who decides that."""

from datetime import timedelta

from tests.core.made import (
    BAD,
    NOW,
    answered,
    carried,
    did,
    entered,
    failed,
    kept_out,
    opened,
    plan,
    settled,
    started,
    tier,
)

from patchtide.core.actions import Ask, Do, End, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Finding, RollbackAsked, RunEnded, Status
from patchtide.core.fold import fold
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import Amount, OnFailure
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome, Step

MINUTE = timedelta(minutes=1)
SICK = Finding(measurements=BAD)
ABORT = Aborted(NOW, "bob", "wrong day")


def soaking() -> tuple[Plan, Run]:
    of = plan(tier("test", ("t1",), ("t2",), soak=timedelta(hours=1)), tier("prod", ("p1",)))
    return of, carried(carried(opened(of), "t1"), "t2")


def test_a_tier_is_judged_again_and_again_until_its_soak_has_passed() -> None:
    _, run = soaking()
    now, judged = NOW, 0
    while not (isinstance(action := decide(run, now), Do) and action.step is Step.STAGE):
        if isinstance(action, Wait):
            assert action.code == "soak"
            now = action.until
        else:
            assert action == Do(Step.VERIFY, ("t1", "t2"), "soak")
            run, judged = did(run, Step.VERIFY, "t1", "t2", at=now), judged + 1
    assert now == NOW + timedelta(hours=1)
    assert judged == 12


def test_harm_in_the_soak_puts_back_the_wave_that_it_happened_in_and_ends_the_run() -> None:
    _, run = soaking()
    run = did(run, Step.VERIFY, "t2", at=NOW + 5 * MINUTE)
    run = did(run, Step.VERIFY, "t1", finding=SICK, at=NOW + 5 * MINUTE)
    stop = decide(run, NOW + 5 * MINUTE)
    assert isinstance(stop, Settle)
    assert stop.hosts == ("p1",)
    action = decide(settled(run, "p1"), NOW + 5 * MINUTE)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ROLLBACK, ("t1",))


def test_while_a_host_is_looked_for_nobody_soaks() -> None:
    _, run = soaking()
    run = failed(run, Step.VERIFY, "t1", Status.UNREACHABLE, at=NOW + 5 * MINUTE)
    action = decide(run, NOW + 5 * MINUTE)
    assert isinstance(action, Wait)
    assert action.code == "lost"


def harmed(on_failure: OnFailure = OnFailure.ROLLBACK, budget: int = 0) -> tuple[TierPlan, Run]:
    of = tier("test", ("t1", "t2", "t3"), ("t4",), on_failure=on_failure, failure_budget=Amount(count=budget))
    run = did(entered(opened(plan(of)), "t1", "t2", "t3"), Step.STAGE, "t4")
    run = did(run, Step.PATCH, "t1", "t2", "t3")
    run = did(did(run, Step.VERIFY, "t2", "t3"), Step.VERIFY, "t1", finding=SICK)
    return of, run if budget else settled(run, "t4")


def test_beyond_the_budget_the_whole_wave_goes_back() -> None:
    action = decide(harmed()[1], NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ROLLBACK, ("t1", "t2", "t3"))


def test_within_the_budget_only_the_harmed_host_goes_back() -> None:
    assert decide(harmed(budget=1)[1], NOW) == Do(Step.ROLLBACK, ("t1",), "the update did harm")


def test_a_healthy_host_in_doubt_is_looked_at_before_it_is_put_back_with_its_wave() -> None:
    run = started(harmed()[1], Step.LEAVE, "t2")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.PROBE, ("t2",))
    unheard = decide(failed(run, Step.PROBE, "t2", Status.UNREACHABLE), NOW)
    assert isinstance(unheard, Do)
    assert (unheard.step, unheard.hosts) == (Step.ROLLBACK, ("t1", "t3"))


def test_leaving_in_doubt_after_a_rollback_is_done_again_and_the_host_stays_rolled_back() -> None:
    run = kept_out(did(harmed(budget=1)[1], Step.ROLLBACK, "t1"))
    run = did(started(run, Step.LEAVE, "t1"), Step.PROBE, "t1")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert action.step is Step.LEAVE
    assert "t1" in action.hosts
    assert did(run, Step.LEAVE, "t1").hosts["t1"].end is EndState.ROLLED_BACK


def test_a_person_is_asked_once_the_healthy_hosts_have_left_maintenance_mode() -> None:
    run = harmed(OnFailure.ASK)[1]
    assert decide(run, NOW) == Do(Step.LEAVE, ("t2", "t3"))
    asked = decide(did(run, Step.LEAVE, "t2", "t3"), NOW)
    assert isinstance(asked, Ask)
    assert asked.code == "on_failure"
    assert "unhealthy: web" in asked.reason


def test_a_person_who_is_asked_may_have_it_rolled_back_or_left() -> None:
    run = did(harmed(OnFailure.ASK)[1], Step.LEAVE, "t2", "t3")
    back = decide(fold(run, RollbackAsked(NOW, "bob", "yes", ("t1",))), NOW)
    assert isinstance(back, Do)
    assert (back.step, back.hosts) == (Step.ROLLBACK, ("t1",))
    assert "bob asked for it: yes" in back.why
    left = decide(fold(run, ABORT), NOW)
    assert isinstance(left, Do)
    assert (left.step, left.hosts) == (Step.LEAVE, ("t1",))
    kept = did(fold(run, ABORT), Step.LEAVE, "t1")
    assert kept.hosts["t1"].end is EndState.QUARANTINED


def test_stop_leaves_a_harmed_host_as_it_is_for_a_person() -> None:
    run = harmed(OnFailure.STOP)[1]
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.LEAVE, ("t1",))
    run = started(run, Step.LEAVE, "t1", why=action.why)
    run = answered(run, Step.LEAVE, "t1")
    assert run.hosts["t1"].end is EndState.QUARANTINED
    assert "on_failure is stop" in run.hosts["t1"].reason


def test_nothing_begins_in_a_wave_while_a_harmed_host_waits_for_its_way_back() -> None:
    of = plan(tier("test", ("t1", "t2"), failure_budget=Amount(count=1)))
    run = did(failed(entered(opened(of), "t1", "t2"), Step.PATCH, "t1"), Step.LEAVE, "t2")
    assert run.hosts["t2"].next is Step.ENTER
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ROLLBACK, ("t1",))


def test_a_rollback_of_an_ended_run_goes_through_all_its_tiers() -> None:
    run = carried(carried(carried(opened(), "t1", "t2"), "p1"), "p2", "p3")
    run = fold(run, RunEnded(NOW, Outcome.DONE, "5 patched"))
    run = fold(run, RollbackAsked(NOW, "bob", "slow", ("t2", "p1", "p3")))
    order = []
    while isinstance(action := decide(run, NOW), Do):
        order.append((action.step, action.hosts))
        run = kept_out(did(run, action.step, *action.hosts))
    assert [hosts for step, hosts in order if step is Step.ROLLBACK] == [("t2",), ("p1",), ("p3",)]
    assert isinstance(action, End)
    assert action.outcome is Outcome.ROLLED_BACK
    ends = {name: host.end for name, host in run.hosts.items()}
    assert ends == {
        "t1": EndState.PATCHED,
        "t2": EndState.ROLLED_BACK,
        "p1": EndState.ROLLED_BACK,
        "p2": EndState.PATCHED,
        "p3": EndState.ROLLED_BACK,
    }


def test_a_rollback_request_in_the_middle_of_a_run_begins_nothing_new() -> None:
    run = did(carried(opened(), "t1", "t2"), Step.STAGE, "p1", "p2", "p3")
    run = fold(run, RollbackAsked(NOW, "bob", "slow", ("t1",)))
    action = decide(run, NOW)
    assert isinstance(action, Settle)
    assert action.hosts == ("p1", "p2", "p3")
    assert "rollback of t1" in action.reason


def test_a_host_that_is_put_back_from_the_soak_counts_as_patched_no_more() -> None:
    _, run = soaking()
    assert run.hosts["t1"].end is EndState.PATCHED
    assert started(run, Step.ROLLBACK, "t1").hosts["t1"].end is None
