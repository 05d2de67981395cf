"""The loop: ask the core what comes next, write the intent down, do it, write down what came of it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from patchtide.core.actions import Action, Ask, Do, End, Quarantine, Settle, Undo, Wait
from patchtide.core.errors import LockedError, UsageError
from patchtide.core.events import (
    Event,
    Held,
    HostFinished,
    HostsSettled,
    MaintenanceBegun,
    MaintenanceLeft,
    RunEnded,
    RunOpened,
    RunTaken,
    Status,
    StepStarted,
    VersionsQuarantined,
)
from patchtide.core.fold import fold, folded
from patchtide.core.plan import Plan
from patchtide.core.quarantine import refused_versions
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.engine.announcing import announced
from patchtide.engine.around import entered, leases, left
from patchtide.engine.consent import requests_waiting
from patchtide.engine.desk import Desk
from patchtide.engine.findings import finding_of
from patchtide.engine.inspect import in_quarantine, standing, unfinished
from patchtide.engine.requests import request, time_allowed
from patchtide.engine.supply import pruned, staged
from patchtide.engine.watching import baselines, watched
from patchtide.ports import Deed, Report

_POLL_SECONDS = 1.0
"""How often a waiting run looks for an approval or an abort."""


def run_id_at(instant: datetime, digest: str) -> str:
    """Return the id of a run: when it was opened, and the beginning of its plan's digest."""
    return f"{instant:%Y%m%d-%H%M%S}-{digest.removeprefix('sha256:')[:6]}"


def open_run(plan: Plan, desk: Desk, by: str) -> str:
    """Open a run of a plan and return its id; refused while another run of the project has not ended.

    Refused too for a plan that was made before one of its versions did harm.
    """
    with desk.lock.hold(f"opening a run ({by})"):
        return _opened(plan, desk, by)


def refuse_beside_another(desk: Desk) -> None:
    """Raise LockedError while another run of the project has not ended."""
    for other, _ in unfinished(desk.store):
        raise LockedError(
            f"run {other} has not ended",
            hint=f"Go on with `patchtide resume {other}`, or end it with `patchtide abort {other} --reason ...`.",
        )


def _opened(plan: Plan, desk: Desk, by: str) -> str:
    refuse_beside_another(desk)
    for entry in refused_versions(plan, in_quarantine(desk.store)):
        raise UsageError(f"the plan installs {entry.version}, {entry.sentence}", hint=_PLAN_AGAIN)
    now = desk.clock.now()
    run_id = run_id_at(now, plan.digest)
    if run_id in desk.store.runs():
        raise UsageError(f"run {run_id} exists already", hint="Wait a second and run it again.")
    desk.store.append(run_id, RunOpened(now, plan, by))
    return run_id


_PLAN_AGAIN = "Make a new plan, or let it in again with `patchtide quarantine release`."


def drive(run_id: str, desk: Desk, *, by: str, wait: bool) -> Run:
    """Carry a run on until it ends, or until it has to wait and `wait` is false; return it as it then stands.

    Raises LockedError when another controller is at it. May be killed at any moment and called again.
    """
    with desk.lock.hold(f"run {run_id} ({by})"):
        run = folded(event for _, event in desk.store.events(run_id))
        if run.outcome is None:
            orphans = desk.executor.fence(run_id)
            desk.store.append(run_id, RunTaken(desk.clock.now(), by, orphans))
            for request_made in requests_waiting(run, desk):
                desk.store.append(run_id, request_made)
        try:
            run = _driven(run_id, run, desk, wait=wait)
        finally:
            desk.outside.hold(run_id, {})
        run = _announced(run_id, run, desk, wait=True)
        if run.outcome is not None:
            pruned(desk)
        return run


def _driven(run_id: str, run: Run, desk: Desk, *, wait: bool) -> Run:
    while (run := _caught_up(run_id, run, desk)).outcome is None:
        desk.outside.hold(run_id, leases(run))
        run = _announced(run_id, run, desk)
        action = standing(run, desk.clock.now(), desk.synchronised, desk.blackouts)
        for event in _performed(run_id, run, action, desk):
            desk.store.append(run_id, event)
            run = _caught_up(run_id, run, desk)
            if isinstance(event, MaintenanceBegun | MaintenanceLeft):
                desk.outside.hold(run_id, leases(run))
        if isinstance(action, Wait | Ask) and not _waited(action, desk, wait=wait):
            break
    return run


def _announced(run_id: str, run: Run, desk: Desk, *, wait: bool = False) -> Run:
    for event in announced(run_id, run, desk, wait=wait):
        desk.store.append(run_id, event)
    return _caught_up(run_id, run, desk)


def _caught_up(run_id: str, run: Run, desk: Desk) -> Run:
    """Return the run with everything that is new in its log: the controller's own events and what people said."""
    for _, event in desk.store.events(run_id, after=run.seen):
        desk.notifier.tell(run_id, event)
        run = fold(run, event)
    return run


def _performed(run_id: str, run: Run, action: Action, desk: Desk) -> Iterator[Event]:
    """Yield what happens, each event before anything follows from it: the loop commits one before it takes the next."""
    now = desk.clock.now()
    match action:
        case Do():
            yield from _step(run_id, run, action, desk)
        case Settle(hosts, end, reason, failed):
            yield HostsSettled(now, hosts, end, reason, failed)
        case Quarantine(versions, hosts, reason):
            yield VersionsQuarantined(now, "patchtide", versions, reason, hosts)
        case Wait(until, code, reason, tier):
            yield from _held(run, Held(now, code, reason, until, tier))
        case Ask(code, reason, tier):
            yield from _held(run, Held(now, code, reason, None, tier))
        case Undo():
            yield left(run_id, run, action, desk)
        case End(outcome, reason):
            yield RunEnded(now, outcome, reason)
        case _:
            assert_never(action)


def _step(run_id: str, run: Run, action: Do, desk: Desk) -> Iterator[Event]:
    attempt = run.attempt + 1
    tier = run.hosts[action.hosts[0]].tier
    together = max(len(action.hosts), len(run.plan.wave_of(action.hosts[0])))
    requests = {host: request(run_id, run, action.step, host, attempt, together) for host in action.hosts}
    timeout = time_allowed(run, action.step, tier, len(action.hosts))
    deed = Deed(run_id, action.step, requests, f"{run_id}.{attempt}", timeout, run.plan.inventory, forks=run.plan.forks)
    if action.step is Step.PATCH and (taken := tuple(baselines(deed, run, desk))):
        yield from taken
        return  # that took its time: whether the update may still begin is asked anew
    yield StepStarted(desk.clock.now(), action.step, action.hosts, attempt, action.why)
    if action.step is Step.ENTER:
        hosts = yield from entered(run_id, run, action, attempt, desk)
        deed = replace(deed, requests={host: requests[host] for host in hosts})
    done = _done_along(run, deed)
    yield from (_finished(desk, action.step, host, attempt, why) for host, why in done.items())
    deed = replace(deed, requests={host: asked for host, asked in deed.requests.items() if host not in done})
    for report in _once_each(deed, _reports(deed, run, desk) if deed.requests else ()):
        status, reason, finding = finding_of(action.step, report)
        now = desk.clock.now()
        yield HostFinished(now, action.step, report.host, attempt, status, reason, finding, report.seconds)


def _done_along(run: Run, deed: Deed) -> dict[str, str]:
    """Return the hosts that do a step along with another one, for which nobody has to call them, and with which."""
    tier = run.hosts[next(iter(deed.requests))].tier if deed.requests else ""
    if deed.step is Step.ENTER and tier and run.plan.enters_with_update(tier):
        return dict.fromkeys(deed.requests, "in the same call as the update")
    if deed.step is Step.LEAVE:
        return {host: "in the same call as the verification" for host in deed.requests if run.hosts[host].left}
    return {}


def _finished(desk: Desk, step: Step, host: str, attempt: int, why: str) -> HostFinished:
    return HostFinished(desk.clock.now(), step, host, attempt, Status.OK, why)


def _reports(deed: Deed, run: Run, desk: Desk) -> Iterator[Report]:
    match deed.step:
        case Step.STAGE:
            return staged(deed, run, desk)
        case Step.VERIFY | Step.ROLLBACK:
            return watched(deed, run, desk)
        case _:
            return desk.executor.perform(deed)


def _once_each(deed: Deed, reports: Iterable[Report]) -> Iterator[Report]:
    """Yield the first report of each requested host and of nobody else; one that is missing is `unknown`."""
    missing = dict.fromkeys(deed.requests)
    for report in reports:
        if report.host in missing:
            del missing[report.host]
            yield report
    yield from (Report(host, Status.UNKNOWN, "nothing was heard of the host", {}) for host in missing)


def _held(run: Run, held: Held) -> Iterator[Event]:
    before = run.held
    if before is None or (before.code, before.tier, before.until) != (held.code, held.tier, held.until):
        yield held


def _waited(action: Wait | Ask, desk: Desk, *, wait: bool) -> bool:
    """Let a moment pass and return true, or return false when nobody wants to wait for what is not due soon."""
    if not wait and not (isinstance(action, Wait) and action.code in _SHORT_WAITS):
        return False
    left = (action.until - desk.clock.now()).total_seconds() if isinstance(action, Wait) else _POLL_SECONDS
    desk.clock.sleep(max(0.0, min(left, _POLL_SECONDS)))
    return True


_SHORT_WAITS = frozenset({"lost", "leaving"})
"""What was begun is brought to its end even by a controller that may not wait: hosts that do not answer are looked for,
and what could not be left is tried again."""
