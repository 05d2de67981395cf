"""What has happened, added up: `fold` is the only way in which anything about a run is known."""

from collections.abc import Collection, Iterable, Iterator
from typing import assert_never

from patchtide.core.answers import answered, harmed
from patchtide.core.around import also, around
from patchtide.core.deliveries import abandoned, delivered
from patchtide.core.errors import PatchtideError
from patchtide.core.events import (
    Aborted,
    BaselineTaken,
    Continued,
    Event,
    Extended,
    Held,
    HostFinished,
    HostsSettled,
    MaintenanceBegun,
    MaintenanceLeft,
    NoticeBegun,
    NoticeFailed,
    NoticeSent,
    Paused,
    RollbackAsked,
    RunEnded,
    RunOpened,
    RunTaken,
    StepStarted,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.frozen import replace
from patchtide.core.hosts import Trait, hosts_of
from patchtide.core.hoststate import HostState
from patchtide.core.hoststeps import begun, put_back, settled
from patchtide.core.run import Run
from patchtide.core.said import (
    Approved,
    ChangeRequested,
    EmergencyDeclared,
    Rejected,
    Reviewed,
    Ticked,
    Waived,
    heard,
)


def opened(event: RunOpened) -> Run:
    """Return a run at its very beginning."""
    hosts, waves = event.plan.hosts, ((tier.name, *one) for tier in event.plan.tiers for one in enumerate(tier.waves))
    fresh = (HostState(name, tier, pointless=hosts[name].pointless, wave=n) for tier, n, wave in waves for name in wave)
    return Run(event.plan, event.at, event.by, hosts_of(fresh), seen=1)


def folded(events: Iterable[Event]) -> Run:
    """Return what a whole history adds up to; raises PatchtideError for one that does not fit together."""
    history = iter(events)
    first = next(history, None)
    if not isinstance(first, RunOpened):
        begins = f"begins with {first.kind}" if first else "is empty"
        raise PatchtideError(f"the history of a run {begins}, not with run_opened", hint=_LOOK)
    return continued(opened(first), history)


def continued(run: Run, events: Iterable[Event]) -> Run:
    """Return the run after more of its events; raises PatchtideError for one that does not fit."""
    try:
        for answers, event in _in_turn(events):
            run = _heard_from(run, answers.values()) if answers else run
            run = fold(run, event) if event else run
    except (LookupError, TypeError, ValueError) as error:
        why = f"does not fit together ({type(error).__name__}: {error})"
        raise PatchtideError(f"the history of a run {why}", hint=_LOOK) from error
    return run


def _in_turn(events: Iterable[Event]) -> Iterator[tuple[dict[str, HostFinished], Event | None]]:
    """Yield events in order, each behind the answers of different hosts before it, which are heard at once."""
    answers: dict[str, HostFinished] = {}
    for event in events:
        if not isinstance(event, HostFinished):
            yield answers, event
            answers = {}
        elif event.host in answers or len(answers) == _AT_ONCE:
            yield answers, None
            answers = {event.host: event}
        else:
            answers[event.host] = event
    yield answers, None


_AT_ONCE = 500
_LOOK = "`patchtide store check` and `patchtide audit verify` tell what is wrong with the log."


def fold(run: Run, event: Event) -> Run:
    """Return the run after one more event."""
    if isinstance(event, HostFinished):
        return _heard_from(run, (event,))
    run = replace(run, seen=run.seen + 1)
    match event:
        case StepStarted():
            at_work = {name: begun(run.hosts[name], event) for name in event.hosts}
            return replace(run, hosts=run.hosts | at_work, attempt=event.attempt, held=None)
        case BaselineTaken():
            looked = replace(run.hosts[event.host], baseline=event.measurements)
            return replace(run, hosts=run.hosts.updated([looked]))
        case MaintenanceBegun() | MaintenanceLeft():
            return replace(run, hosts=run.hosts | around(run.hosts, event))
        case HostsSettled():
            ended = {name: settled(run.hosts[name], event) for name in event.hosts}
            return replace(run, hosts=run.hosts | ended)
        case Held():
            return replace(run, held=event)
        case Approved() | Rejected() | Waived() | Ticked() | EmergencyDeclared() | Reviewed() | ChangeRequested():
            return replace(run, said=heard(run.said, event))
        case Aborted() | Paused() | Continued() | Extended() | RollbackAsked():
            return _ordered(run, event)
        case VersionsQuarantined() | VersionsReleased():
            return _kept_out(run, event)
        case NoticeBegun() | NoticeSent() | NoticeFailed():
            return replace(run, deliveries=delivered(run.deliveries, event))
        case RunTaken():
            known = run.hosts.updated(replace(host, unclear=()) for host in run.hosts.having(Trait.UNCLEAR))
            return replace(run, hosts=known, held=None, deliveries=abandoned(run.deliveries))
        case RunEnded():
            if run.hosts.count(Trait.UNSETTLED):
                return run  # a person asked for a rollback while the end was being written down
            return replace(run, outcome=event.outcome, reason=event.reason, ended_at=event.at, held=None)
        case RunOpened():
            raise TypeError("a run is opened once")
        case _:
            assert_never(event)


def _ordered(run: Run, event: Aborted | Paused | Continued | Extended | RollbackAsked) -> Run:
    match event:
        case Aborted():
            # What nobody could tell, and nobody did, counts as harm.
            asked = run.hosts.having(Trait.UNCLEAR)
            blamed = {host.name: harmed(replace(host, unclear=()), host.reason) for host in asked}
            return replace(run, hosts=run.hosts | blamed, aborted=event, held=None)
        case Paused() | Continued():
            held, freed = (event, None) if isinstance(event, Paused) else (None, event)
            return replace(run, paused=held, continued=freed, held=None)
        case Extended():
            return replace(run, extended=(*run.extended, event), held=None)
        case RollbackAsked():
            return _reopened(run, event)
        case _:
            assert_never(event)


def _kept_out(run: Run, event: VersionsQuarantined | VersionsReleased) -> Run:
    if isinstance(event, VersionsReleased):
        return replace(run, quarantined={v: t for v, t in run.quarantined.items() if v not in event.versions})
    tier = run.hosts[event.hosts[0]].tier if event.hosts else ""
    told = run.hosts.updated(replace(run.hosts[name], told=True) for name in event.hosts)
    # What a person says holds everywhere, whatever a tier learns besides.
    learnt = {version: tier and run.quarantined.get(version, tier) for version in event.versions}
    return replace(run, hosts=told, quarantined={**run.quarantined, **learnt})


def _reopened(run: Run, event: RollbackAsked) -> Run:
    why = f"{event.by} asked for it: {event.reason}"
    wanted = {
        name: put_back(host, also(host.reason, why) if host.failed else why)
        for name in event.hosts
        if run.may_return(host := run.hosts[name])
    }
    hosts = run.hosts | wanted
    return replace(run, hosts=hosts, outcome=None, ended_at=None, held=None, asked=run.asked | set(wanted))


def _heard_from(run: Run, answers: Collection[HostFinished]) -> Run:
    """Return the run after answers of different hosts, of which none changes what another one's means."""
    told = [answered(run, run.hosts[event.host], event) for event in answers]
    return replace(run, seen=run.seen + len(told), hosts=run.hosts.updated(told))
