"""The loop: intent before deed, one controller, and every wait told once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from tests.core.made import NOW, plan, tier
from tests.engine.desks import Answering, Hearing, desk, fine

from patchtide.core.errors import LockedError, UsageError
from patchtide.core.events import Held, HostFinished, RunTaken, Status, StepStarted
from patchtide.core.fold import folded
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals
from patchtide.core.said import Approved
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.windows import Window
from patchtide.engine.control import abort, ask_rollback
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import timeline
from patchtide.engine.rollout import drive, open_run
from patchtide.ports import Deed, Report

LATER = Window("later", "FREQ=DAILY", time(9), timedelta(hours=2), "UTC")


def alone(**more: object) -> Plan:
    return plan(tier("test", ("t1",), **more))


def asking() -> Plan:
    return alone(approvals=Approvals(1, ("bob",)))


def opened(of: Plan, at: Desk) -> str:
    return open_run(of, at, "ann")


def test_a_run_is_driven_to_its_end_and_the_log_says_the_same() -> None:
    at = desk()
    run_id = opened(plan(), at)
    run = drive(run_id, at, by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    assert {host.end for host in run.hosts.values()} == {EndState.PATCHED}
    assert folded(timeline(at.store, run_id)) == run


def test_everything_that_happens_is_told_once_it_is_in_the_log() -> None:
    at = desk()
    run_id = opened(alone(), at)
    drive(run_id, at, by="ann", wait=True)
    assert isinstance(at.notifier, Hearing)
    assert tuple(at.notifier.heard) == timeline(at.store, run_id)[1:]


def test_the_intent_is_in_the_log_before_the_deed() -> None:
    at = desk()
    seen: list[StepStarted] = []

    def looking(step: Step, host: str) -> Report:
        last = timeline(at.store, run_id)[-1]
        assert isinstance(last, StepStarted)
        assert (last.step, last.hosts) == (step, (host,))
        seen.append(last)
        return fine(step, host)

    at = replace(at, executor=Answering(looking))
    run_id = opened(alone(), at)
    drive(run_id, at, by="ann", wait=True)
    assert [event.attempt for event in seen] == [1, 3, 4, 5]  # 2 is `enter`, which is done along with the update


def well_and_gone(step: Step, host: str) -> Report:
    """The answer of a host that leaves as soon as it finds itself well."""
    well = fine(step, host)
    return replace(well, data={**well.data, "left": True}) if step is Step.VERIFY else well


def test_a_host_that_left_when_it_was_found_well_is_not_called_again() -> None:
    executor = Answering(well_and_gone)
    at = desk(executor)
    run_id = opened(alone(), at)
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    assert [step for step, _ in executor.steps] == [Step.STAGE, Step.PATCH, Step.VERIFY]
    told = [(e.step, e.status) for e in timeline(at.store, run_id) if isinstance(e, HostFinished)]
    steps = (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE)
    assert told == [(step, Status.OK) for step in steps]


def test_a_host_that_says_it_left_and_is_not_well_is_put_back_and_leaves_again() -> None:
    sick = {"measurements": [{"name": "web", "status": "fail", "before": "pass"}], "left": True}

    def answer(step: Step, host: str) -> Report:
        return Report(host, Status.OK, "", sick) if step is Step.VERIFY else fine(step, host)

    executor = Answering(answer)
    at = desk(executor)
    run = drive(opened(alone(), at), at, by="ann", wait=True)
    assert run.hosts["t1"].end is EndState.ROLLED_BACK
    assert [step for step, _ in executor.steps][-2:] == [Step.ROLLBACK, Step.LEAVE]


def test_a_host_that_left_and_is_put_back_days_later_is_called_to_leave_anew() -> None:
    executor = Answering(well_and_gone)
    at = desk(executor)
    run_id = opened(alone(), at)
    drive(run_id, at, by="ann", wait=True)
    ask_rollback(run_id, at, "ann", "it is slow")
    assert drive(run_id, at, by="ann", wait=True).hosts["t1"].end is EndState.ROLLED_BACK
    assert [step for step, _ in executor.steps][-2:] == [Step.ROLLBACK, Step.LEAVE]


def test_with_tasks_in_between_a_host_enters_and_leaves_in_plays_of_its_own() -> None:
    executor = Answering()
    at = desk(executor)
    hooked = replace(alone(), enter_hook="enter.yml", leave_hook="leave.yml")
    assert drive(opened(hooked, at), at, by="ann", wait=True).outcome is Outcome.DONE
    steps = [Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE]
    assert [step for step, _ in executor.steps] == steps


def test_a_second_controller_is_told_who_holds_the_run() -> None:
    at = desk()
    run_id = opened(alone(), at)
    with at.lock.hold("run x (bob)"), pytest.raises(LockedError, match="bob"):
        drive(run_id, at, by="ann", wait=True)
    assert len(timeline(at.store, run_id)) == 1


def test_a_controller_fences_its_predecessor_and_says_how_many_it_ended() -> None:
    executor = Answering()
    at = desk(executor)
    run_id = opened(alone(), at)
    drive(run_id, at, by="ann", wait=True)
    assert executor.fenced == [run_id]
    assert timeline(at.store, run_id)[1] == RunTaken(NOW, "ann", 3)


def test_a_run_that_ended_is_left_as_it_is() -> None:
    executor = Answering()
    at = desk(executor)
    run_id = opened(alone(), at)
    done = drive(run_id, at, by="ann", wait=True)
    count = len(executor.deeds)
    assert drive(run_id, at, by="ann", wait=True) == done
    assert (len(executor.deeds), len(executor.fenced)) == (count, 1)


def test_only_one_run_is_open_at_a_time() -> None:
    at = desk()
    first = opened(alone(), at)
    with pytest.raises(LockedError, match=f"run {first} has not ended"):
        opened(plan(), at)
    drive(first, at, by="ann", wait=True)
    with pytest.raises(UsageError, match="exists already"):
        opened(alone(), at)
    at.clock.sleep(1)
    assert opened(alone(), at) != first


def test_nobody_opens_a_run_while_another_controller_works() -> None:
    at = desk()
    with at.lock.hold("run x (bob)"), pytest.raises(LockedError, match="bob"):
        opened(alone(), at)
    assert list(at.store.runs()) == []


@pytest.mark.parametrize(("of", "code"), [(asking(), "approval"), (alone(always=False, windows=(LATER,)), "shut")])
def test_without_waiting_a_run_returns_where_it_would_have_to_wait(of: Plan, code: str) -> None:
    at = desk()
    run_id = opened(of, at)
    run = drive(run_id, at, by="ann", wait=False)
    assert run.outcome is None
    assert run.held is not None
    assert run.held.code == code
    assert at.clock.now() == NOW


def test_a_reason_to_wait_is_written_down_once() -> None:
    at = desk()
    run_id = opened(asking(), at)
    for _ in range(3):
        drive(run_id, at, by="ann", wait=False)
    kinds = [event.kind for event in timeline(at.store, run_id)]
    assert kinds.count("held") == 3  # each controller says it once
    run = drive(run_id, replace(at, clock=Approving(at, run_id)), by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    assert [event.kind for event in timeline(at.store, run_id)].count("held") == 4


class Approving:
    """A clock: somebody approves while it is slept the third time."""

    def __init__(self, at: Desk, run_id: str) -> None:
        self.at, self.run_id, self.naps = at, run_id, 0

    def now(self) -> datetime:
        return self.at.clock.now()

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.at.clock.sleep(seconds)
        if self.naps == 3:
            digest = folded(timeline(self.at.store, self.run_id)).plan.digest
            self.at.store.append(self.run_id, Approved(NOW, "bob", digest))


def test_a_waiting_run_goes_on_when_its_window_opens() -> None:
    at = desk()
    run_id = opened(alone(always=False, windows=(LATER,)), at)
    run = drive(run_id, at, by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    entered = next(e for e in timeline(at.store, run_id) if isinstance(e, StepStarted) and e.step is Step.ENTER)
    assert entered.at == NOW.replace(hour=9)


def test_a_window_that_never_opens_does_not_keep_a_run_for_ever() -> None:
    at = desk()
    never = replace(LATER, rrule="FREQ=DAILY;UNTIL=20240102T000000")
    run = drive(opened(alone(always=False, windows=(never,)), at), at, by="ann", wait=True)
    assert run.outcome is Outcome.HALTED
    assert "no window within" in run.reason


def test_what_people_say_is_heard_at_the_next_decision() -> None:
    at = desk()
    run_id = opened(asking(), at)
    drive(run_id, at, by="ann", wait=False)
    abort(run_id, at, "bob", "wrong day")
    run = drive(run_id, at, by="ann", wait=True)
    assert run.outcome is Outcome.HALTED
    assert "aborted by bob: wrong day" in run.reason


@pytest.mark.fault(18, how="a host that does not answer twice in the middle of its update")
def test_a_host_that_does_not_answer_is_waited_for_even_without_waiting() -> None:
    dark = iter([True, True])

    def answer(step: Step, host: str) -> Report:
        if step is Step.PATCH and next(dark, False):
            return Report(host, Status.UNREACHABLE, "no route", {})
        return fine(step, host)

    at = desk(Answering(answer))
    assert drive(opened(alone(), at), at, by="ann", wait=False).outcome is Outcome.DONE


class Odd(Answering):
    """Breaks the port's contract in every way."""

    def perform(self, deed: Deed) -> Iterator[Report]:
        yield Report("stranger", Status.OK, "", {})
        for report in super().perform(deed):
            if report.host == "t1":
                yield report
                yield Report(report.host, Status.FAILED, "twice", {})


@pytest.mark.fault(44, how="an executor that reports a host twice, a stranger, and one not at all")
def test_a_report_of_a_stranger_a_second_one_and_a_missing_one_do_no_harm() -> None:
    at = desk(Odd())
    run_id = opened(plan(tier("test", ("t1", "t2"))), at)
    run = drive(run_id, at, by="ann", wait=True)
    assert run.hosts["t1"].end is EndState.PATCHED
    assert run.hosts["t2"].end is EndState.UNTOUCHED
    silent = [e for e in timeline(at.store, run_id) if isinstance(e, HostFinished) and e.host == "t2"]
    assert {event.status for event in silent} == {Status.UNKNOWN}
    assert "stranger" not in str(timeline(at.store, run_id)[1:])


@pytest.mark.fault(15, how="an interrupt in the middle of the update, then `resume`")
def test_an_interrupt_passes_through_and_the_run_is_taken_up_where_it_was() -> None:
    struck = iter([True])

    def interrupted(step: Step, host: str) -> Report:
        if step is Step.PATCH and next(struck, False):
            raise KeyboardInterrupt
        return Report(host, Status.OK, "", {"journal": {"patch": {}}}) if step is Step.PROBE else fine(step, host)

    executor = Answering(interrupted)
    at = desk(executor)
    run_id = opened(alone(), at)
    with pytest.raises(KeyboardInterrupt):
        drive(run_id, at, by="ann", wait=True)
    assert at.lock.holder() is None
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    steps = [step for step, _ in executor.steps]
    assert steps == [Step.STAGE, Step.PATCH, Step.PROBE, Step.PATCH, Step.VERIFY, Step.LEAVE]


def test_held_events_name_the_tier() -> None:
    at = desk()
    run_id = opened(asking(), at)
    drive(run_id, at, by="ann", wait=False)
    held = [event for event in timeline(at.store, run_id) if isinstance(event, Held)]
    assert [(event.code, event.tier) for event in held] == [("approval", "test")]
