"""What was entered around a host from the controller is left, whatever becomes of the host."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import NOW, did, failed, opened, plan, started, tier

from patchtide.core.actions import Do, Settle, Undo, Wait
from patchtide.core.around import UNDO_TRIES
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, HostsSettled, MaintenanceBegun, MaintenanceLeft
from patchtide.core.fold import fold
from patchtide.core.maintenance import Drain, Maintenance, Order, Silence, named
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step

LATER = NOW + timedelta(days=30)


def alone() -> Plan:
    return plan(tier("test", ("t1",)))


def begun(run: Run, *actions: str) -> Run:
    """The host t1 in the middle of entering, with these actions noted."""
    run = started(did(run, Step.STAGE, "t1"), Step.ENTER, "t1")
    for action in actions:
        run = fold(run, MaintenanceBegun(NOW, action, {"t1": "ready"}))
    return run


def undone(run: Run) -> tuple[Run, list[str]]:
    """The run once nothing around hosts is open, and what was left in which order."""
    order = []
    while isinstance(action := decide(run, LATER), Undo | Settle):
        if isinstance(action, Settle):
            run = fold(run, HostsSettled(LATER, action.hosts, action.end, action.reason, action.failed))
            continue
        order.append(action.action)
        run = fold(run, MaintenanceLeft(LATER, action.action, action.hosts))
    return run, order


def test_after_a_whole_update_everything_is_left_in_reverse() -> None:
    run = did(begun(opened(alone()), "alerts", "balancer"), Step.ENTER, "t1")
    for step in (Step.PATCH, Step.VERIFY):
        assert not isinstance(decide(run, NOW), Undo)
        run = did(run, step, "t1")
    run, order = undone(did(run, Step.LEAVE, "t1"))
    assert order == ["balancer", "alerts"]
    assert run.hosts["t1"].end is EndState.PATCHED


@pytest.mark.parametrize("how", ["refused", "given up", "aborted", "leave fails"])
def test_whatever_becomes_of_a_host_that_entered_all_is_left(how: str) -> None:
    run = begun(opened(alone()), "alerts", "balancer")
    match how:
        case "refused":
            run = did(failed(run, Step.ENTER, "t1"), Step.LEAVE, "t1")
        case "given up":
            run = fold(run, HostsSettled(NOW, ("t1",), EndState.QUARANTINED, "no answer", failed=True))
        case "aborted":
            run = fold(did(run, Step.ENTER, "t1"), Aborted(NOW, "bob", "enough"))
            run = did(run, Step.LEAVE, "t1")
        case _:
            run = did(did(did(run, Step.ENTER, "t1"), Step.PATCH, "t1"), Step.VERIFY, "t1")
            for _ in range(3):
                run = failed(run, Step.LEAVE, "t1")
            assert run.hosts["t1"].end is EndState.QUARANTINED
    assert not run.hosts["t1"].settled
    run, order = undone(run)
    assert order == ["balancer", "alerts"]
    assert not run.hosts["t1"].open


def test_what_was_before_is_noted_only_once() -> None:
    run = begun(opened(alone()), "balancer")
    run = fold(run, MaintenanceBegun(NOW, "balancer", {"t1": "drain"}))  # the host's own doing, seen on the second try
    assert [one.before for one in run.hosts["t1"].open] == ["ready"]


def test_the_run_is_not_over_and_the_next_wave_waits_until_all_is_left() -> None:
    run = opened(plan(tier("test", ("t1",), ("t2",))))
    run = did(did(begun(run, "balancer"), Step.ENTER, "t1"), Step.STAGE, "t2")
    for step in (Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = did(run, step, "t1")
    assert decide(run, NOW) == Undo("balancer", ("t1",))
    run = fold(run, MaintenanceLeft(NOW, "balancer", (), {"t1": "nothing answers"}))
    wait = decide(run, NOW)
    assert isinstance(wait, Wait)
    assert (wait.code, "balancer" in wait.reason) == ("leaving", True)
    run = fold(run, MaintenanceLeft(wait.until, "balancer", ("t1",)))
    assert decide(run, wait.until) == Do(Step.ENTER, ("t2",), "the tier is always open")


def test_a_leave_that_never_works_is_tried_for_a_while_and_then_a_persons_matter() -> None:
    run = did(begun(opened(alone()), "alerts", "balancer"), Step.ENTER, "t1")
    for step in (Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = did(run, step, "t1")
    now, tries = NOW, 0
    while run.hosts["t1"].end is EndState.PATCHED:
        match decide(run, now):
            case Undo(action, hosts):
                tries += 1
                run = fold(run, MaintenanceLeft(now, action, (), dict.fromkeys(hosts, "nothing answers")))
            case Wait() as wait:
                now = wait.until
            case other:
                pytest.fail(f"{other} in between")
    assert tries == UNDO_TRIES
    assert run.hosts["t1"].end is EndState.QUARANTINED
    assert "maintenance mode could not be left: balancer: nothing answers" in run.hosts["t1"].reason
    run, order = undone(run)
    assert order == ["alerts"]


def test_a_clock_that_was_set_back_does_not_put_off_leaving() -> None:
    run = did(begun(opened(alone()), "balancer"), Step.ENTER, "t1")
    run = fold(run, HostsSettled(NOW, ("t1",), EndState.QUARANTINED, "x", failed=True))
    run = fold(run, MaintenanceLeft(LATER, "balancer", (), {"t1": "nothing answers"}))
    assert decide(run, NOW) == Undo("balancer", ("t1",))


def test_what_entering_may_take_is_asked_of_the_window() -> None:
    drain = Drain("balancer", "/run/admin.sock", "web", deadline=timedelta(minutes=7), tiers=("test",))
    order = Order("page", ("a",), ("b",), timeout=timedelta(minutes=2))
    of = replace(plan(), maintenance=Maintenance((Silence("alerts", "http://a", ()), drain, order)))
    assert of.entering("test") == timedelta(minutes=1 + 7 + 2)
    assert of.entering("prod") == timedelta(minutes=1 + 2)


def test_a_name_stands_for_the_host_or_its_first_part() -> None:
    assert named("{host}/{short}", "web1.example.com") == "web1.example.com/web1"
