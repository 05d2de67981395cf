"""Maintenance mode around the hosts: the intent is in the log before each action, and so is what has to come back."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from patchtide.core.actions import Do, Undo
from patchtide.core.errors import PatchtideError
from patchtide.core.events import HostFinished, MaintenanceBegun, MaintenanceLeft, Status
from patchtide.core.hoststate import HostState
from patchtide.core.maintenance import Action, Silence
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.engine.desk import Desk

Event = MaintenanceBegun | HostFinished


@dataclass(frozen=True, slots=True)
class _Entering:
    """One wave that enters maintenance mode in an attempt of a run."""

    run_id: str
    run: Run
    attempt: int
    desk: Desk

    def opened(self, action: Action, host: str) -> str | None:
        """Return what was before an action that the log says was begun on a host; None: it says no such thing."""
        found = (one.before for one in self.run.hosts[host].open if one.action == action.name)
        return next(found, None)

    def refused(self, problems: Mapping[str, str], action: Action) -> Iterator[HostFinished]:
        """Yield that hosts could not enter."""
        for host, why in problems.items():
            now = self.desk.clock.now()
            reason = f"{action.name}: {why}"
            yield HostFinished(now, Step.ENTER, host, self.attempt, Status.FAILED, reason)


def entered(run_id: str, run: Run, do: Do, attempt: int, desk: Desk) -> Generator[Event, None, tuple[str, ...]]:
    """Yield what happens while the hosts' surroundings are told, and return the hosts for which all went well."""
    at = _Entering(run_id, run, attempt, desk)
    hosts = do.hosts
    for action in run.plan.maintenance.of(run.hosts[hosts[0]].tier).actions if hosts else ():
        hosts = yield from _entered(at, action, hosts)
    return hosts


def _entered(at: _Entering, action: Action, hosts: tuple[str, ...]) -> Generator[Event, None, tuple[str, ...]]:
    known = {host: before for host in hosts if (before := at.opened(action, host)) is not None}
    fresh = tuple(host for host in hosts if host not in known)
    found, unknown = _found(at, action, fresh)
    yield from at.refused(unknown, action)
    if found:
        yield MaintenanceBegun(at.desk.clock.now(), action.name, found)
    wanted = {**known, **found}
    problems = _told(at, action, wanted) if wanted else {}
    yield from at.refused(problems, action)
    return tuple(host for host in hosts if host in wanted and host not in problems)


def _found(at: _Entering, action: Action, hosts: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what is before an action, and of which hosts that cannot be known, with the reason."""
    if not hosts:
        return {}, {}
    try:
        found = at.desk.outside.found(at.run_id, action, hosts)
    except PatchtideError as error:
        return {}, dict.fromkeys(hosts, _said(error))
    silent = "nothing is known of it"
    return dict(found.before), {host: found.problems.get(host, silent) for host in hosts if host not in found.before}


def _told(at: _Entering, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
    try:
        return at.desk.outside.enter(at.run_id, action, before)
    except PatchtideError as error:
        return dict.fromkeys(before, _said(error))


def left(run_id: str, run: Run, undo: Undo, desk: Desk) -> MaintenanceLeft:
    """Leave an action for hosts around which it was entered, and return what came of that."""
    action = run.plan.maintenance.action(undo.action)
    opened = ((host, one) for host in undo.hosts for one in run.hosts[host].open)
    before = {host: one.before for host, one in opened if one.action == undo.action}
    try:
        failed = dict.fromkeys(before, "the plan has no such action")
        problems = desk.outside.leave(run_id, action, before) if action is not None else failed
    except PatchtideError as error:
        problems = dict.fromkeys(before, _said(error))
    failed = {host: why for host, why in problems.items() if host in before}
    done = tuple(host for host in before if host not in failed)
    return MaintenanceLeft(desk.clock.now(), undo.action, done, failed)


def leases(run: Run) -> dict[Silence, tuple[str, ...]]:
    """Return the silences that have to be held, each with its hosts."""
    silences = [action for action in run.plan.maintenance.actions if isinstance(action, Silence)]
    held = {action: tuple(h.name for h in run.hosts.values() if _has_open(h, action)) for action in silences}
    return {action: hosts for action, hosts in held.items() if hosts}


def _has_open(host: HostState, action: Action) -> bool:
    return any(one.action == action.name for one in host.open)


def _said(error: PatchtideError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
