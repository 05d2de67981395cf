"""Faults of the controller, injected into the real loop: it dies while it waits, its log fails, its machine is lost."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.core.made import NOW, plan, tier
from tests.engine.desks import Answering, desk, fine
from tests.engine.test_rollout import LATER, alone, opened

from patchtide.adapters.fake import FakeClock
from patchtide.adapters.store import SqliteStore, StoreError
from patchtide.adapters.store.care import LogKeeper
from patchtide.core.events import Event, HostFinished, Status
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import timeline
from patchtide.engine.rollout import drive
from patchtide.ports import Report


class Power(BaseException):
    """The controller is gone, between two instructions."""


class Dying(FakeClock):
    """A clock of a machine that loses its power while somebody sleeps."""

    def sleep(self, seconds: float) -> None:
        raise Power


@pytest.mark.fault(5, how="the controller dies while it waits for a window; three days later another takes up the run")
def test_a_run_whose_controller_died_waiting_goes_on_days_later_inside_a_window(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    first = replace(desk(), store=store, clock=Dying(NOW))
    run_id = opened(alone(always=False, windows=(LATER,)), first)
    with pytest.raises(Power):
        drive(run_id, first, by="ann", wait=True)
    store.close()

    clock = FakeClock(NOW + timedelta(days=3))
    again = replace(desk(), store=SqliteStore(tmp_path / "log.db"), clock=clock)
    run = drive(run_id, again, by="bob", wait=True)
    assert run.outcome is Outcome.DONE
    answers = [event for event in timeline(again.store, run_id) if isinstance(event, HostFinished)]
    assert [event.step for event in answers if event.step is Step.PATCH] == [Step.PATCH]
    assert all(9 <= event.at.hour < 11 for event in answers if event.step is not Step.STAGE)


class Failing(SqliteStore):
    """A log that cannot be written for a while."""

    broken = False

    def append(self, run_id: str, event: Event) -> int:
        if self.broken:
            raise StoreError("the log of the runs cannot be used: database is locked")
        return super().append(run_id, event)


@pytest.mark.fault(45, how="the log refuses every line for five minutes, from the middle of the update on")
def test_without_its_log_a_controller_begins_nothing_and_a_later_one_finds_out(tmp_path: Path) -> None:
    store = Failing(tmp_path / "log.db")

    def answer(step: Step, host: str) -> Report:
        if step is Step.PROBE:
            return Report(host, Status.OK, "", {"journal": {"patch": {"state": "done"}}})
        store.broken = store.broken or (step is Step.PATCH and len(executor.deeds) == 2)
        return fine(step, host)

    executor = Answering(answer)
    at: Desk = replace(desk(executor), store=store)
    run_id = opened(alone(), at)
    with pytest.raises(StoreError, match="locked"):
        drive(run_id, at, by="ann", wait=True)
    begun = [step for step, _ in executor.steps]
    assert begun == [Step.STAGE, Step.PATCH]
    with pytest.raises(StoreError, match="locked"):
        drive(run_id, at, by="ann", wait=True)
    assert [step for step, _ in executor.steps] == begun, "nothing is begun that cannot be written down first"

    store.broken = False
    assert isinstance(at.clock, FakeClock)
    at.clock.sleep(300)
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    rest = [step for step, _ in executor.steps][len(begun) :]
    assert rest[0] is Step.PROBE, "the host is asked what became of its update"
    assert LogKeeper(tmp_path / "log.db").soundness().problems == ()


@pytest.mark.fault(43, how="the controller's machine is lost in the middle; a backup of its log goes on elsewhere")
def test_a_run_goes_on_from_a_backup_on_another_machine(tmp_path: Path) -> None:
    old = tmp_path / "old" / "log.db"
    store = SqliteStore(old)

    def answer(step: Step, host: str) -> Report:
        if step is Step.PATCH and host == "p1":
            LogKeeper(old).backup(tmp_path / "kept.db")
            raise Power
        return fine(step, host)

    at = replace(desk(Answering(answer)), store=store)
    run_id = opened(plan(tier("test", ("t1",)), tier("prod", ("p1",))), at)
    with pytest.raises(Power):
        drive(run_id, at, by="ann", wait=True)
    store.close()

    def knows(step: Step, host: str) -> Report:
        return Report(host, Status.OK, "", {"journal": {"patch": {}}}) if step is Step.PROBE else fine(step, host)

    new = tmp_path / "new" / "log.db"
    LogKeeper(new).restore(tmp_path / "kept.db", lambda _: None)
    executor = Answering(knows)
    run = drive(run_id, replace(desk(executor), store=SqliteStore(new)), by="bob", wait=True)
    assert {host.end for host in run.hosts.values()} == {EndState.PATCHED}
    assert executor.steps[0] == (Step.PROBE, ("p1",)), "the host in doubt is asked first, the done one left alone"
    assert "t1" not in {host for _, hosts in executor.steps for host in hosts}
