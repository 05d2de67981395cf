"""What events add up to: answers that come late, twice, or after a person spoke."""

import pytest
from tests.core.made import BAD, FINE, GOOD, NOW, answered, carried, did, failed, installed, opened, plan, started

from patchtide.core.errors import PatchtideError
from patchtide.core.events import (
    Aborted,
    Finding,
    Held,
    HostFinished,
    HostsSettled,
    RollbackAsked,
    RunEnded,
    RunOpened,
    RunTaken,
    Status,
)
from patchtide.core.fold import fold, folded
from patchtide.core.health import Measurement
from patchtide.core.hoststate import HostState
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome, Step

ASKED = RollbackAsked(NOW, "bob", "slow", ("t1",))
ROLLED_BACK = Finding(restored="restored", measurements=GOOD)


def t1(run: Run) -> HostState:
    return run.hosts["t1"]


def patching() -> Run:
    return started(did(did(opened(), Step.STAGE, "t1"), Step.ENTER, "t1"), Step.PATCH, "t1")


def test_a_history_begins_with_its_opening_and_has_one() -> None:
    with pytest.raises(PatchtideError):
        folded([RunTaken(NOW, "ann")])
    with pytest.raises(PatchtideError):
        folded([RunOpened(NOW, plan(), "ann"), RunOpened(NOW, plan(), "ann")])


def test_a_host_goes_through_its_steps_to_patched() -> None:
    host = t1(carried(opened(), "t1"))
    assert (host.end, host.next, host.settled, host.installed) == (EndState.PATCHED, None, True, installed())
    assert not host.entered
    assert "healthy: web" in host.reason


def test_an_intent_without_an_answer_leaves_a_doubt() -> None:
    host = t1(patching())
    assert (host.started, host.settled, host.changed, host.entered) == (Step.PATCH, False, True, True)


def test_an_answer_of_an_earlier_attempt_changes_nothing() -> None:
    run = started(answered(patching(), Step.PATCH, "t1", Status.UNKNOWN), Step.PATCH, "t1")
    late = HostFinished(NOW, Step.PATCH, "t1", run.attempt - 1, Status.FAILED, "too late")
    assert t1(fold(run, late)) == t1(run)


@pytest.mark.fault(44, how="an answer twice, and one of a fenced attempt")
def test_an_answer_that_comes_twice_changes_nothing() -> None:
    run = answered(patching(), Step.PATCH, "t1")
    assert t1(answered(run, Step.PATCH, "t1", Status.FAILED)) == t1(run)


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.UNREACHABLE])
def test_not_knowing_is_not_failing(status: Status) -> None:
    host = t1(answered(patching(), Step.PATCH, "t1", status))
    assert (host.started, host.failed, host.lost_since) == (Step.PATCH, False, NOW)


def test_a_look_tells_whether_the_journal_knows_the_step() -> None:
    doubt = answered(patching(), Step.PATCH, "t1", Status.UNKNOWN)
    for begun, known in (((Step.STAGE, Step.PATCH), True), ((Step.STAGE,), False)):
        host = t1(did(doubt, Step.PROBE, "t1", finding=Finding(begun=begun)))
        assert (host.started, host.next, host.reattach, host.lost_since) == (None, Step.PATCH, known, None)


def test_a_look_that_fails_has_seen_nothing_and_patience_goes_on_running_out() -> None:
    doubt = answered(patching(), Step.PATCH, "t1", Status.UNKNOWN)
    host = t1(failed(doubt, Step.PROBE, "t1"))
    assert (host.started, host.lost_since) == (Step.PATCH, NOW)
    assert host.tries > t1(doubt).tries


def test_unheard_steps_are_counted_across_looks_that_work() -> None:
    run = patching()
    for _ in range(3):
        run = answered(run, Step.PATCH, "t1", Status.UNKNOWN)
        run = started(did(run, Step.PROBE, "t1", finding=Finding(begun=(Step.PATCH,))), Step.PATCH, "t1")
    assert t1(run).unheard == 3
    assert t1(answered(run, Step.PATCH, "t1")).unheard == 0


def test_losing_a_host_does_not_overwrite_why_it_failed() -> None:
    run = failed(did(did(opened(), Step.STAGE, "t1"), Step.ENTER, "t1"), Step.PATCH, "t1")
    host = t1(failed(run, Step.ROLLBACK, "t1", Status.UNREACHABLE))
    assert host.reason == "patch failed"
    assert host.lost_why == "rollback unreachable"


@pytest.mark.parametrize(
    ("finding", "status", "end"),
    [
        (ROLLED_BACK, Status.OK, EndState.ROLLED_BACK),
        (Finding(restored="nothing"), Status.OK, EndState.UNTOUCHED),
        (Finding(restored="unverified", differences=("x",)), Status.OK, EndState.QUARANTINED),
        (Finding(restored="failed"), Status.FAILED, EndState.QUARANTINED),
        (Finding(restored="restored", measurements=BAD), Status.OK, EndState.QUARANTINED),
        (Finding(restored="restored"), Status.OK, EndState.QUARANTINED),
        (Finding(measurements=GOOD), Status.OK, EndState.QUARANTINED),
        (Finding(restored="rubbish", measurements=GOOD), Status.OK, EndState.QUARANTINED),
    ],
)
@pytest.mark.fault(36, how="a rollback that restored everything, with a check that still fails")
def test_a_rollback_counts_only_when_the_state_and_the_health_are_back(
    finding: Finding, status: Status, end: EndState
) -> None:
    run = answered(patching(), Step.PATCH, "t1", Status.FAILED)
    run = answered(started(run, Step.ROLLBACK, "t1"), Step.ROLLBACK, "t1", status, finding)
    host = t1(did(run, Step.LEAVE, "t1"))
    assert (host.end, host.failed) == (end, True)
    assert host.reason.startswith("patch failed")


def test_a_host_that_forgot_its_update_is_not_called_untouched() -> None:
    run = did(answered(patching(), Step.PATCH, "t1"), Step.VERIFY, "t1", finding=Finding(measurements=BAD))
    run = did(run, Step.ROLLBACK, "t1", finding=Finding(restored="nothing"))
    assert t1(did(run, Step.LEAVE, "t1")).end is EndState.QUARANTINED


def test_packages_that_are_not_as_the_update_left_them_are_harm() -> None:
    odd = Finding(measurements=GOOD, differences=("tide is 1.2, not 1.1",))
    host = t1(did(answered(patching(), Step.PATCH, "t1"), Step.VERIFY, "t1", finding=odd))
    assert (host.next, host.failed) == (Step.ROLLBACK, True)


def test_maintenance_mode_that_cannot_be_left_is_a_persons_matter() -> None:
    run = did(did(did(did(opened(), Step.STAGE, "t1"), Step.ENTER, "t1"), Step.PATCH, "t1"), Step.VERIFY, "t1")
    for _ in range(3):
        assert t1(run).next is Step.LEAVE
        run = failed(run, Step.LEAVE, "t1")
    assert (t1(run).end, t1(run).settled, t1(run).entered) == (EndState.QUARANTINED, True, True)


def test_a_rollback_request_for_a_settled_host_turns_it_at_once() -> None:
    run = fold(carried(opened(), "t1", "t2"), ASKED)
    assert (t1(run).next, t1(run).end, t1(run).fate) == (Step.ROLLBACK, None, None)
    assert run.hosts["t2"].end is EndState.PATCHED
    assert t1(run).reason == "bob asked for it: slow"


@pytest.mark.parametrize("step", [Step.VERIFY, Step.LEAVE])
def test_a_rollback_request_in_the_middle_of_a_step_waits_for_its_answer(step: Step) -> None:
    run = did(did(did(opened(), Step.STAGE, "t1"), Step.ENTER, "t1"), Step.PATCH, "t1")
    run = run if step is Step.VERIFY else did(run, Step.VERIFY, "t1")
    run = fold(started(run, step, "t1"), ASKED)
    assert t1(run).started is step
    assert t1(answered(run, step, "t1", finding=FINE.get(step))).next is Step.ROLLBACK


def test_a_rollback_request_for_a_host_that_was_given_up_looks_for_it_again() -> None:
    run = answered(patching(), Step.PATCH, "t1", Status.UNREACHABLE)
    run = fold(run, HostsSettled(NOW, ("t1",), EndState.QUARANTINED, "lost during patch", failed=True))
    host = t1(fold(run, ASKED))
    assert (host.next, host.lost_since, host.tries) == (Step.ROLLBACK, None, 0)
    assert host.reason == "lost during patch; bob asked for it: slow"


def test_a_host_is_put_back_once() -> None:
    run = did(did(fold(carried(opened(), "t1"), ASKED), Step.ROLLBACK, "t1"), Step.LEAVE, "t1")
    assert t1(run).end is EndState.ROLLED_BACK
    assert t1(fold(run, ASKED)) == t1(run)


def test_an_end_that_crosses_a_rollback_request_is_none() -> None:
    run = fold(carried(opened(plan(*opened().plan.tiers[:1])), "t1", "t2"), ASKED)
    ended = fold(run, RunEnded(NOW, Outcome.DONE, "2 patched"))
    assert ended.outcome is None
    assert ended.seen == run.seen + 1


def test_a_run_that_ended_goes_on_when_a_rollback_is_asked_for() -> None:
    run = carried(opened(plan(*opened().plan.tiers[:1])), "t1", "t2")
    ended = fold(run, RunEnded(NOW, Outcome.DONE, "2 patched"))
    assert ended.outcome is Outcome.DONE
    assert fold(ended, ASKED).outcome is None


def test_what_holds_a_run_up_is_forgotten_when_it_goes_on() -> None:
    held = fold(opened(), Held(NOW, "shut", "no window is open", NOW, "test"))
    assert held.held is not None
    assert started(held, Step.STAGE, "t1").held is None
    assert fold(held, Aborted(NOW, "bob", "no")).held is None


def test_a_soak_check_that_fails_harms_a_patched_host() -> None:
    bad = Finding(measurements=(Measurement("web", "fail", "500", "pass"),))
    host = t1(did(carried(opened(), "t1"), Step.VERIFY, "t1", finding=bad))
    assert (host.next, host.end, host.failed) == (Step.ROLLBACK, None, True)
