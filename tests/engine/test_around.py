"""Maintenance mode around hosts: noted before it is done, undone whatever happens, also by the next controller."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from tests.core.made import plan, tier
from tests.engine.desks import Answering, desk

from patchtide.adapters.fake import ENTERED, READY, MemoryOutside, MemoryStore
from patchtide.core.errors import PatchtideError
from patchtide.core.events import Event, MaintenanceBegun, Status
from patchtide.core.maintenance import Action, Drain, Maintenance, Matcher, Order, Silence
from patchtide.core.plan import Plan
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import timeline
from patchtide.engine.rollout import drive, open_run
from patchtide.ports import Found, Report

SILENCE = Silence("alerts", "http://alerts", (Matcher("instance", "{host}"),))
DRAIN = Drain("balancer", "/run/admin.sock", "web")
ORDER = Order("page", ("enter",), ("leave",))
ALL = (SILENCE, DRAIN, ORDER)


class Killed(BaseException):
    """The controller is gone, at once."""


class Recording(MemoryOutside):
    """Surroundings that remember in which order they were told, and fail or kill where a test wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str, str]] = []
        self.refuses: set[tuple[str, str, str]] = set()
        self.kills: set[tuple[str, str]] = set()

    def _told(self, what: str, action: Action, hosts: Sequence[str]) -> dict[str, str]:
        self.said += [(what, action.name, host) for host in hosts]
        return {host: "it does not answer" for host in hosts if (what, action.name, host) in self.refuses}

    def enter(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        super().enter(run_id, action, before)
        self._kill("enter", action)
        return self._told("enter", action, tuple(before))

    def leave(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        problems = self._told("leave", action, tuple(before))
        super().leave(run_id, action, {host: was for host, was in before.items() if host not in problems})
        self._kill("leave", action)
        return problems

    def _kill(self, what: str, action: Action) -> None:
        if (what, action.name) in self.kills:
            self.kills.remove((what, action.name))
            raise Killed


def acting(*actions: Action) -> Plan:
    return plan(tier("test", ("t1", "t2")), maintenance=Maintenance(actions))


def at_work(outside: Recording, executor: Answering | None = None) -> Desk:
    made = desk(executor)
    return replace(made, outside=outside)


def test_all_is_entered_in_order_before_the_hosts_are_and_left_in_reverse_after_them() -> None:
    outside = Recording()
    at = at_work(outside)
    run = drive(open_run(acting(*ALL), at, "ann"), at, by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    names = list(dict.fromkeys((what, name) for what, name, _ in outside.said))
    entering = [("enter", "alerts"), ("enter", "balancer"), ("enter", "page")]
    assert names == [*entering, *(("leave", name) for _, name in reversed(entering))]
    assert set(outside.states.values()) == {READY}


def test_the_log_knows_what_was_before_ahead_of_the_action() -> None:
    known: list[Mapping[str, str]] = []

    class Looking(Recording):
        def enter(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
            known.extend(e.before for e in timeline(at.store, run_id) if isinstance(e, MaintenanceBegun))
            return super().enter(run_id, action, before)

    outside = Looking()
    outside.states[("balancer", "t2")] = "maint"
    at = at_work(outside)
    drive(open_run(acting(DRAIN), at, "ann"), at, by="ann", wait=True)
    assert known == [{"t1": READY, "t2": "maint"}]
    assert outside.states == {("balancer", "t1"): READY, ("balancer", "t2"): "maint"}


def test_a_host_that_cannot_be_drained_is_left_untouched_and_the_others_go_on() -> None:
    outside = Recording()
    outside.refuses.add(("enter", "balancer", "t1"))
    executor = Answering()
    at = at_work(outside, executor)
    run = drive(open_run(acting(*ALL), at, "ann"), at, by="ann", wait=True)
    assert run.hosts["t1"].end is EndState.UNTOUCHED
    assert run.hosts["t1"].reason == "balancer: it does not answer"
    assert run.hosts["t1"].failed
    assert (Step.LEAVE, ("t2",)) in executor.steps  # it had entered when the budget was exceeded
    assert set(outside.states.values()) == {READY}


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
@pytest.mark.parametrize("what", ["enter", "leave"])
def test_who_is_killed_in_between_is_followed_by_one_who_leaves_everything(what: str, action: Action) -> None:
    outside = Recording()
    outside.states[("balancer", "t2")] = "maint"
    outside.kills.add((what, action.name))
    at = at_work(outside)
    run_id = open_run(acting(*ALL), at, "ann")
    with pytest.raises(Killed):
        drive(run_id, at, by="ann", wait=True)
    run = drive(run_id, at, by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    left = {key: state for key, state in outside.states.items() if state == ENTERED}
    assert left == {}
    assert outside.states[("balancer", "t2")] == "maint"


def test_a_silence_is_held_while_hosts_are_worked_on_and_never_after() -> None:
    held: list[Mapping[str, tuple[str, ...]]] = []

    def looking(step: Step, host: str) -> Report:
        held.append(dict(outside.held))
        return Answering().answer(step, host)

    outside = Recording()
    at = at_work(outside, Answering(looking))
    drive(open_run(acting(*ALL), at, "ann"), at, by="ann", wait=True)
    assert {"alerts": ("t1", "t2")} in held
    assert outside.held == {}


def test_surroundings_that_cannot_be_seen_keep_the_hosts_untouched() -> None:
    class Gone(Recording):
        def found(self, run_id: str, action: Action, hosts: Sequence[str]) -> Found:
            raise PatchtideError("HAProxy does not answer", hint="Is it up?")

    at = at_work(Gone())
    run = drive(open_run(acting(DRAIN), at, "ann"), at, by="ann", wait=True)
    assert {host.end for host in run.hosts.values()} == {EndState.UNTOUCHED}
    assert run.hosts["t2"].reason == "balancer: HAProxy does not answer (Is it up?)"


def test_a_leave_that_fails_for_good_is_told_with_the_host() -> None:
    outside = Recording()
    outside.refuses.add(("leave", "balancer", "t2"))
    at = at_work(outside)
    run = drive(open_run(acting(*ALL), at, "ann"), at, by="ann", wait=False)
    assert run.outcome is Outcome.NEEDS_PERSON
    assert run.hosts["t2"].end is EndState.QUARANTINED
    assert "maintenance mode could not be left: balancer: it does not answer" in run.hosts["t2"].reason
    assert outside.states[("alerts", "t2")] == READY
    assert run.hosts["t1"].end is EndState.PATCHED


def test_the_deeds_go_only_to_hosts_that_entered() -> None:
    def unreachable(step: Step, host: str) -> Report:
        fine = Answering().answer(step, host)
        return Report(host, Status.UNREACHABLE, "no route", {}) if host == "t1" and step is not Step.STAGE else fine

    outside = Recording()
    at = at_work(outside, Answering(unreachable))
    run = drive(open_run(acting(DRAIN), at, "ann"), at, by="ann", wait=True)
    assert run.hosts["t1"].end is EndState.QUARANTINED
    assert set(outside.states.values()) == {READY}, "a host that is gone is not drained for ever"


class Dying(MemoryStore):
    """A log whose controller dies at its nth event, before it is written or right after."""

    def __init__(self, at: int, *, written: bool) -> None:
        super().__init__()
        self.left = at
        self.written = written

    def append(self, run_id: str, event: Event) -> int:
        self.left -= 1
        if self.left:
            return super().append(run_id, event)
        if self.written:
            super().append(run_id, event)
        raise Killed


@pytest.mark.parametrize("written", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("refuses", [(), (("enter", "balancer", "t1"),)], ids=["well", "refused"])
def test_whenever_a_controller_dies_the_next_one_leaves_everything(
    written: bool, refuses: tuple[tuple[str, str, str], ...]
) -> None:
    deaths = 0
    for number in range(2, 60):
        outside = Recording()
        outside.refuses |= set(refuses)
        outside.states[("balancer", "t2")] = "maint"
        made = at_work(outside)
        at = replace(made, store=Dying(number, written=written))
        run_id = open_run(acting(*ALL), at, "ann")
        try:
            drive(run_id, at, by="ann", wait=True)
        except Killed:
            deaths += 1
        run = drive(run_id, at, by="ann", wait=True)
        assert run.outcome is not None
        assert all(host.end is not None and not host.open for host in run.hosts.values())
        assert {key: state for key, state in outside.states.items() if state != READY} == {("balancer", "t2"): "maint"}
    assert deaths > 20
