"""A run that somebody holds: nothing new begins, what began comes to its end, what protects goes on."""

from datetime import timedelta

import pytest
from tests.core.made import BAD, NOW, answered, carried, did, entered, opened, plan, started, tier

from patchtide.core.actions import Action, Ask, Do, End, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Continued, Finding, Paused
from patchtide.core.fold import fold
from patchtide.core.run import Run
from patchtide.core.steps import Step

HELD = Ask("paused", "paused by bob: the shop is busy", "test")


def paused(run: Run) -> Run:
    return fold(run, Paused(NOW, "bob", "the shop is busy"))


def alone(**more: object) -> Run:
    return opened(plan(tier("test", ("t1",), ("t2",), **more)))


def after(run: Run) -> Action:
    return decide(run, NOW)


def test_nothing_is_staged_and_nothing_enters_while_somebody_holds_the_run() -> None:
    assert after(paused(alone())) == HELD
    assert after(paused(did(alone(), Step.STAGE, "t1", "t2"))) == HELD


def test_who_was_let_in_and_not_begun_leaves_maintenance_mode_and_enters_again_later() -> None:
    run = paused(entered(alone(), "t1", "t2"))
    assert after(run) == Do(Step.LEAVE, ("t1",), HELD.reason)
    run = did(run, Step.LEAVE, "t1")
    assert after(run) == HELD
    assert isinstance(found := after(fold(run, Continued(NOW, "cid"))), Do)
    assert (found.step, found.hosts) == (Step.ENTER, ("t1",))


@pytest.mark.parametrize("step", [Step.PATCH, Step.VERIFY])
def test_what_has_begun_is_carried_to_its_end(step: Step) -> None:
    run = entered(alone(), "t1", "t2")
    for done in (Step.PATCH, Step.VERIFY)[: (Step.PATCH, Step.VERIFY).index(step)]:
        run = did(run, done, "t1")
    run = paused(started(run, step, "t1"))
    run = answered(run, step, "t1")
    while not isinstance(action := after(run), Ask):
        assert isinstance(action, Do)
        assert action.step in {Step.VERIFY, Step.LEAVE}
        run = did(run, action.step, *action.hosts)
    assert (action, run.hosts["t1"].end, run.hosts["t2"].end) == (HELD, "patched", None)


def test_harm_is_undone_while_somebody_holds_the_run() -> None:
    run = did(entered(opened(plan(tier("test", ("t1",)))), "t1"), Step.PATCH, "t1")
    run = paused(did(run, Step.VERIFY, "t1", finding=Finding(measurements=BAD)))
    assert isinstance(found := after(run), Do)
    assert (found.step, found.hosts) == (Step.ROLLBACK, ("t1",))


def test_a_soak_goes_on_and_what_comes_after_it_waits_for_a_person() -> None:
    soaking = plan(tier("test", ("t1",), soak=timedelta(minutes=5)), tier("prod", ("p1",)))
    run = paused(carried(opened(soaking), "t1"))
    assert isinstance(found := after(run), Wait)
    assert found.code == "soak"
    later = NOW + timedelta(minutes=5)
    assert decide(run, later) == Do(Step.VERIFY, ("t1",), "soak")
    run = did(run, Step.VERIFY, "t1", at=later)
    assert decide(run, later) == Ask("paused", HELD.reason, "prod")


def test_a_run_in_which_nothing_is_left_to_begin_ends_all_the_same() -> None:
    assert isinstance(after(paused(carried(alone(), "t1", "t2"))), End)
    assert isinstance(
        after(fold(paused(alone()), Aborted(NOW, "bob", "enough"))),
        type(after(fold(alone(), Aborted(NOW, "bob", "enough")))),
    )
