"""The simulator can fail: an engine that breaks a promise is found out, and the promise is named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.simulation.telling import told

from patchtide.adapters.fake import MemoryLock
from patchtide.core import answers, decide, fold, gates, undoing, wave
from patchtide.core.approvals import approval_gate
from patchtide.core.events import HostFinished, StepStarted
from patchtide.core.hosts import hosts_of
from patchtide.core.hoststate import HostState
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.verdict import Verdict, yes
from patchtide.engine import requests, rollout
from patchtide.simulation.moments import StuckError
from patchtide.simulation.people import TwoControllersError
from patchtide.simulation.promises import broken

SEEDS = range(150)
Mutation = Callable[[pytest.MonkeyPatch], None]


def always(*_: object) -> Verdict:
    return yes("mutant", "whatever it is")


def never(*_: object) -> None:
    return None


def without_windows(patch: pytest.MonkeyPatch) -> None:
    def gate(of: Run, tier: TierPlan, now: datetime, need: timedelta, hosts: object) -> Verdict:
        return approval_gate(of, tier, now)

    patch.setattr(wave, "tier_gate", gate)


def without_approvals(patch: pytest.MonkeyPatch) -> None:
    def gate(of: Run, tier: TierPlan, now: datetime, need: timedelta, hosts: object) -> Verdict:
        return of.plan.calendar(tier).may_begin(now, need)

    patch.setattr(wave, "tier_gate", gate)


def without_a_budget(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gates, "budget_verdict", always)
    patch.setattr(undoing, "budget_verdict", always)


def without_an_abort(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "stop_verdict", always)
    patch.setattr(wave, "stop_verdict", always)


def without_a_pause(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "pause_gate", always)
    patch.setattr(gates, "pause_gate", always)


def without_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "shut_out", never)


def without_a_soak(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "soak", never)


def without_quarantine(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(decide, "_quarantine", never)


def without_health(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(answers, "health_verdict", always)


def a_fold_that_forgets_doubt(patch: pytest.MonkeyPatch) -> None:
    def unheard(host: HostState, event: HostFinished) -> HostState:
        return replace(host, started=None)

    patch.setattr(answers, "_unheard", unheard)


def a_fold_that_believes_every_rollback(patch: pytest.MonkeyPatch) -> None:
    def given_up(host: HostState, reason: str) -> HostState:
        return replace(host, next=Step.LEAVE, fate=EndState.ROLLED_BACK, end=None, reason=reason)

    patch.setattr(answers, "_given_up", given_up)


def a_fold_that_skips_the_stage(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fold, "hosts_of", lambda states: hosts_of(replace(state, next=Step.ENTER) for state in states))


def a_request_that_arms_no_timer(patch: pytest.MonkeyPatch) -> None:
    def request(run_id: str, of: Run, step: Step, host: str, attempt: int, together: int = 1) -> dict[str, object]:
        asked = requests.request(run_id, of, step, host, attempt, together)
        return {**asked, "confirm": 0.0} if step is Step.PATCH else asked

    patch.setattr(rollout, "request", request)


def a_loop_that_numbers_no_attempts(patch: pytest.MonkeyPatch) -> None:
    def started(at: datetime, step: Step, hosts: tuple[str, ...], _: int, why: str) -> StepStarted:
        return StepStarted(at, step, hosts, 1, why)

    patch.setattr(rollout, "StepStarted", started)


def a_loop_that_knows_what_no_event_says(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rollout, "fold", lambda run, event: replace(fold.fold(run, event), opened_by="somebody else"))


MUTATIONS: list[tuple[Mutation, set[int]]] = [
    (without_windows, {5}),
    (without_approvals, {6}),
    (without_a_budget, {6}),
    (without_an_abort, {6}),
    (without_a_pause, {6}),
    (without_proof, {1, 7}),
    (without_a_soak, {1}),
    (without_quarantine, {7}),
    (without_health, {6}),
    (a_fold_that_forgets_doubt, {3, 4, 8, 9}),
    (a_fold_that_believes_every_rollback, {3}),
    (a_fold_that_skips_the_stage, {2}),
    (a_request_that_arms_no_timer, {4}),
    (a_loop_that_numbers_no_attempts, {9}),
    (a_loop_that_knows_what_no_event_says, {10}),
]


def found(seed: int) -> set[int]:
    try:
        return {one.promise for one in broken(told(seed))}
    except StuckError:
        return {8}


@pytest.mark.parametrize(("mutation", "promises"), MUTATIONS, ids=[one.__name__ for one, _ in MUTATIONS])
def test_an_engine_that_breaks_a_promise_is_found_out(
    mutation: Mutation, promises: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutation(monkeypatch)
    assert any(promises & found(seed) for seed in SEEDS), f"no story of {len(SEEDS)} shows it"


def test_two_controllers_at_once_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def hold(self: MemoryLock, holder: str) -> Iterator[None]:
        before, self._holder = self._holder, holder
        yield
        self._holder = before

    monkeypatch.setattr(MemoryLock, "hold", hold)
    with pytest.raises(TwoControllersError):
        all(told(seed) for seed in SEEDS)
