"""What people say to a run: each is an event in its log, which the controller reads before it decides again."""

from datetime import timedelta

from patchtide.core.errors import LockedError, UsageError
from patchtide.core.events import (
    Aborted,
    Continued,
    Extended,
    Paused,
    RollbackAsked,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.extension import extension
from patchtide.core.fold import folded
from patchtide.core.gates import stop_verdict
from patchtide.core.hoststate import HostState
from patchtide.core.meant import meant
from patchtide.core.quarantine import version_named, versions_matching
from patchtide.core.run import Run
from patchtide.core.steps import EndState
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import in_quarantine, unfinished
from patchtide.ports import PROJECT, Store


def abort(run_id: str, desk: Desk, by: str, reason: str) -> Aborted:
    """Record that nothing new may begin; the controller, running or resumed, brings the rest to a safe end."""
    run = _run(run_id, desk)
    if run.outcome is not None:
        raise UsageError(f"run {run_id} has ended already: {run.reason}")
    event = Aborted(desk.clock.now(), by, reason)
    desk.store.append(run_id, event)
    return event


def pause(run_id: str, desk: Desk, by: str, reason: str) -> Paused:
    """Record that nothing new may begin until somebody resumes the run; refused where that changes nothing."""
    run = _run(run_id, desk)
    if run.outcome is not None:
        raise UsageError(f"run {run_id} has ended already: {run.reason}")
    if run.paused is not None:
        raise UsageError(f"run {run_id} is paused already, by {run.paused.by}: {run.paused.reason}")
    if not (stop := stop_verdict(run)).ok:
        raise UsageError(f"nothing begins in run {run_id} any more: {stop.reason}")
    event = Paused(desk.clock.now(), by, reason)
    desk.store.append(run_id, event)
    return event


def unpause(run_id: str, desk: Desk, by: str) -> Continued:
    """Record that a paused run goes on."""
    event = Continued(desk.clock.now(), by)
    desk.store.append(run_id, event)
    return event


def extend(run_id: str, desk: Desk, by: str, longer: timedelta, reason: str, tier: str | None = None) -> Extended:
    """Record that the open (or next) window of a tier, by default the one at work, closes so much later, once."""
    run = _run(run_id, desk)
    now = desk.clock.now()
    name, added = extension(run, tier, now, longer)
    event = Extended(now, by, reason, name, added.name, added.opens, added.closes)
    desk.store.append(run_id, event)
    return event


def ask_rollback(run_id: str, desk: Desk, by: str, reason: str, hosts: tuple[str, ...] = ()) -> RollbackAsked:
    """Record that hosts (all changed ones by default) are to be put back; `drive` then does it."""
    run = _run(run_id, desk)
    wanted = returnable(run_id, run, hosts)
    _refuse_to_cross(run_id, wanted, desk)
    event = RollbackAsked(desk.clock.now(), by, reason, wanted)
    desk.store.append(run_id, event)
    return event


def returnable(run_id: str, run: Run, hosts: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return which of these hosts (all by default) can be put back now; raises UsageError, with why, where none can."""
    for name in hosts:
        if name not in run.hosts:
            raise UsageError(f"run {run_id} has no host {name!r}", hint=meant(name, run.hosts))
    named = [host for host in run.hosts.values() if not hosts or host.name in hosts]
    changed = [host for host in named if run.may_return(host)]
    wanted = tuple(host.name for host in changed if host.started is None)
    if not wanted:
        raise _not_returnable(run_id, named, [host.name for host in changed])
    return wanted


def _not_returnable(run_id: str, named: list[HostState], at_work: list[str]) -> UsageError:
    """Why none of these hosts can be put back; `at_work` are those in the middle of a step."""
    failed = [host.name for host in named if host.rolled_back and host.end is EndState.QUARANTINED]
    if at_work:
        hint = f"Ask again when the step is over: `patchtide status {run_id}`."
        return UsageError(f"run {run_id} is in the middle of a step on {', '.join(at_work)}", hint=hint)
    if failed:
        hint = f"`patchtide status {run_id}` says why; the old files are in /var/lib/patchtide/{run_id}/kept there."
        return UsageError(f"run {run_id} tried to put {', '.join(failed)} back, which is done once", hint=hint)
    if any(host.rolled_back for host in named):
        return UsageError(f"run {run_id} has put back already what it changed there")
    return UsageError(f"run {run_id} changed nothing there that could be put back")


def quarantine(desk: Desk, by: str, versions: tuple[str, ...], reason: str) -> VersionsQuarantined:
    """Record that a person wants these `package=version` kept out, of a run that has not ended too."""
    named = tuple(dict.fromkeys(version_named(version) for version in versions))
    kept = in_quarantine(desk.store)
    already = [kept[version] for version in named if version in kept]
    if already:
        raise UsageError(f"{already[0].version} is {already[0].sentence}")
    event = VersionsQuarantined(desk.clock.now(), by, named, reason)
    desk.store.append(_stream(desk.store), event)
    return event


def release(desk: Desk, by: str, patterns: tuple[str, ...], reason: str) -> VersionsReleased:
    """Record that a person lets versions in again, named one by one or by patterns (`lib*=*`)."""
    versions = versions_matching(patterns, in_quarantine(desk.store))
    event = VersionsReleased(desk.clock.now(), by, versions, reason)
    desk.store.append(_stream(desk.store), event)
    return event


def _stream(store: Store) -> str:
    """Return where such a word belongs: the log of the run that has not ended, so that its controller hears it."""
    return next((run_id for run_id, _ in unfinished(store)), PROJECT)


def _refuse_to_cross(run_id: str, hosts: tuple[str, ...], desk: Desk) -> None:
    """Refuse to put hosts back beneath a later run that changed them, or beside one that has not ended."""
    runs = desk.store.runs()
    for later in runs[runs.index(run_id) + 1 :]:
        other = _run(later, desk)
        if other.outcome is None:
            raise LockedError(f"run {later} has not ended", hint=f"Go on with `patchtide resume {later}` first.")
        kept = [name for name in hosts if name in other.hosts and other.hosts[name].end in _CHANGED]
        if kept:
            raise UsageError(
                f"run {later} changed {', '.join(kept)} after run {run_id}",
                hint=f"Put that one back first: `patchtide rollback {later}`, or name other hosts.",
            )


_CHANGED = frozenset({EndState.PATCHED, EndState.QUARANTINED})


def _run(run_id: str, desk: Desk) -> Run:
    return folded(event for _, event in desk.store.events(run_id))
