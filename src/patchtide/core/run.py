"""A run is what its events add up to. `fold` is the only way in which anything about a run is known."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from patchtide.core.around import also, around, not_left
from patchtide.core.calendar import Calendar
from patchtide.core.deliveries import Deliveries, abandoned, delivered
from patchtide.core.errors import PatchtideError
from patchtide.core.events import (
    Aborted,
    BaselineTaken,
    Continued,
    Event,
    Extended,
    Finding,
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
    Status,
    StepStarted,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.frozen import replace
from patchtide.core.health import skipped, undecided, verdict
from patchtide.core.hosts import Hosts, Trait, hosts_of
from patchtide.core.hoststate import HostState
from patchtide.core.hoststeps import begun, put_back, settled, turned
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import RebootPolicy, ReturnBy
from patchtide.core.said import (
    Approved,
    ChangeRequested,
    EmergencyDeclared,
    Rejected,
    Reviewed,
    Said,
    Ticked,
    Waived,
    heard,
)
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.verdict import Verdict
from patchtide.core.waivers import checks_waived
from patchtide.core.windows import Opening

__all__ = ["HostState", "Run", "continued", "fold", "folded", "health_verdict", "opened"]

_LEAVE_RETRIES = 2
_MEASURED_AGAIN = 2
_NEVER_CHANGES_A_HOST = frozenset({Step.PROBE, Step.STAGE, Step.VERIFY})


@dataclass(frozen=True, slots=True)
class Run:
    """One plan being carried out, as its events tell it."""

    plan: Plan
    opened_at: datetime
    opened_by: str
    hosts: Hosts
    attempt: int = 0
    said: Said = Said()
    aborted: Aborted | None = None
    paused: Paused | None = None
    continued: Continued | None = None
    extended: tuple[Extended, ...] = ()
    held: Held | None = None
    outcome: Outcome | None = None
    reason: str = ""
    ended_at: datetime | None = None
    seen: int = 0
    asked: frozenset[str] = field(default_factory=frozenset)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Versions that stay out (`package=version`), and the tier in which that was learnt ("": a person said so)."""
    deliveries: Deliveries = field(default_factory=dict)

    def in_tier(self, tier: str) -> tuple[HostState, ...]:
        """Return the states of a tier's hosts, in the order of its waves."""
        return self.hosts.within(tier)

    def calendar(self, tier: TierPlan, hosts: Iterable[str] | None = None) -> Calendar:
        """Return when hosts of a tier may be worked on: as the plan says, and for longer where a person said so."""
        longer = tuple(Opening(e.window, e.since, e.until) for e in self.extended if e.tier == tier.name)
        return replace(self.plan.calendar(tier, hosts), extra=longer)

    def may_return(self, host: HostState) -> bool:
        """Return whether a host was changed, was not put back before, and has a way back at all."""
        return host.changed and not host.rolled_back and self.plan.returns(host.tier) is not ReturnBy.NONE


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
            harmed = {host.name: _harmed(replace(host, unclear=()), host.reason) for host in asked}
            return replace(run, hosts=run.hosts | harmed, aborted=event, held=None)
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
    told = [_answered(run, run.hosts[event.host], event) for event in answers]
    return replace(run, seen=run.seen + len(told), hosts=run.hosts.updated(told))


def _answered(run: Run, host: HostState, event: HostFinished) -> HostState:
    expected = host.started is not None if event.step is Step.PROBE else host.started is event.step
    if event.attempt != run.attempt or not expected:
        return host  # an answer that comes late, of an attempt that was fenced, or twice
    if event.status in {Status.UNREACHABLE, Status.UNKNOWN} or (event.step, event.status) == _BLIND:
        return _unheard(host, event)
    looked = event.step is Step.PROBE
    heard = replace(
        host,
        started=None,
        lost_since=None,
        tries=0,
        unheard=host.unheard if looked else 0,
        reattach=looked and host.started in event.finding.begun,
        reverted=host.reverted or event.finding.reverted,
    )
    told = heard if looked else _moved(run, heard, event)
    wanted = host.name in run.asked and told.changed and not told.rolled_back
    return turned(told) if wanted else told


_BLIND = (Step.PROBE, Status.FAILED)
"""A look that failed has seen nothing."""


def _unheard(host: HostState, event: HostFinished) -> HostState:
    since = min(host.lost_since or event.at, event.at)  # a clock may be set back
    lost = replace(host, lost_since=since, last_try=event.at, lost_why=event.reason)
    if event.step is Step.PROBE:
        return lost
    if event.step in _NEVER_CHANGES_A_HOST:
        return replace(lost, started=None)  # nothing can have been begun there: it is simply tried again
    return replace(lost, unheard=host.unheard + 1)


def _moved(run: Run, host: HostState, event: HostFinished) -> HostState:
    fine = event.status is Status.OK
    finding = event.finding
    match event.step:
        case Step.STAGE:
            return _staged(run, host, event)
        case Step.ENTER:
            if fine:
                return replace(host, next=Step.PATCH)
            return replace(host, next=Step.LEAVE, fate=EndState.UNTOUCHED, reason=event.reason, failed=True)
        case Step.PATCH:
            return _patched(run, host, event)
        case Step.REBOOT:
            owes = replace(host, reboot_owed=finding.reboot_owed or not fine, reboot_why=finding.reboot_why)
            return replace(owes, next=Step.VERIFY) if fine else _harmed(owes, event.reason)
        case Step.VERIFY:
            return _verified(run, host, event)
        case Step.ROLLBACK:
            return _restored(run, host, event, finding)
        case Step.LEAVE:
            return _left(host, event)
        case Step.PROBE:
            return host
        case _:
            assert_never(event.step)


def _staged(run: Run, host: HostState, event: HostFinished) -> HostState:
    if event.status is not Status.OK:
        return _ended(host, EndState.UNTOUCHED, event.reason)
    if run.plan.backup_of(host.tier) is None:
        return replace(host, next=Step.ENTER)
    if not event.finding.backed_up:
        return _ended(host, EndState.UNTOUCHED, "the host does not say that it has a good backup")
    return replace(host, next=Step.ENTER, backed_up=event.at, backups=host.backups + 1)


def _ended(host: HostState, end: EndState, reason: str) -> HostState:
    return replace(host, next=None, end=end, reason=reason, failed=True)


def _harmed(host: HostState, reason: str) -> HostState:
    """Return a host on which the update went wrong: it is put back, or given to a person if it was put back before."""
    if host.rolled_back:
        return _given_up(host, f"rolled back, but {reason}")
    return replace(host, next=Step.ROLLBACK, fate=None, end=None, reason=reason, failed=True)


def _given_up(host: HostState, reason: str) -> HostState:
    return replace(host, next=Step.LEAVE, fate=EndState.QUARANTINED, end=None, reason=reason, failed=True)


def _patched(run: Run, host: HostState, event: HostFinished) -> HostState:
    if event.status is not Status.OK:
        return _harmed(host, event.reason)
    finding = event.finding
    owed = finding.reboot_owed
    reboot = owed and run.plan.reboot is RebootPolicy.WHEN_OWED
    host = replace(host, installed=finding.installed, reboot_owed=owed, reboot_why=finding.reboot_why)
    return replace(host, stale=finding.stale, next=Step.REBOOT if reboot else Step.VERIFY)


def health_verdict(run: Run, host: HostState, finding: Finding) -> Verdict:
    """Judge what a host reports against the checks of its tier, but for those that a person waived."""
    changed = finding.differences if host.end is EndState.PATCHED else ()
    known = checks_waived(run.plan, run.opened_by, run.said, host.tier)
    return verdict(finding.measurements, run.plan.checks_of(host.tier), known, changed)


def _verified(run: Run, host: HostState, event: HostFinished) -> HostState:
    if event.status is not Status.OK:
        return _harmed(host, event.reason)
    finding = event.finding
    health = health_verdict(run, host, finding)
    host = replace(host, health=health.reason, skipped=skipped(finding.measurements))
    if health.code == "unmeasured" and host.unmeasured < _MEASURED_AGAIN:
        return replace(host, next=Step.VERIFY, unmeasured=host.unmeasured + 1)
    if health.code == "inconclusive":  # a person has to say whether it is well: it stays as it is until then
        asked = undecided(finding.measurements, run.plan.checks_of(host.tier))
        return replace(host, next=Step.VERIFY, unclear=asked, reason=health.reason, unmeasured=0)
    host = replace(host, unmeasured=0)
    if not health.ok:
        return _harmed(host, health.reason)
    if finding.differences and host.end is None and not host.rolled_back:
        return _harmed(host, f"not as the update left it: {'; '.join(finding.differences)}")
    if run.plan.limits.confirm and not finding.confirmed and host.end is None and not host.rolled_back:
        return _harmed(host, f"{health.reason}, but the host does not say that it is confirmed")
    host = replace(host, verified_at=event.at, stale=finding.stale, left=finding.left)
    if host.rolled_back:
        return replace(host, next=Step.LEAVE, fate=EndState.ROLLED_BACK)
    if host.end is EndState.PATCHED:  # judged again while it soaks
        return replace(host, next=None)
    return replace(host, next=Step.LEAVE, fate=EndState.PATCHED, reason=health.reason)


def _restored(run: Run, host: HostState, event: HostFinished, finding: Finding) -> HostState:
    """Return a host after its rollback; `reason` keeps saying why it had to be rolled back."""
    had = host.installed
    host = replace(host, rolled_back=True, installed=())
    if event.status is not Status.OK or finding.restored in {"failed", ""}:
        return _given_up(host, f"{host.reason}; rollback failed: {event.reason or 'no outcome was reported'}")
    if finding.restored == "nothing" and had:
        return _given_up(host, f"{host.reason}; the host no longer knows of the update that it reported")
    if finding.restored == "nothing":
        return replace(host, next=Step.LEAVE, fate=EndState.UNTOUCHED, changed=False)
    if finding.restored != "restored":
        return _given_up(host, f"{host.reason}; rollback unverified: {'; '.join(finding.differences) or event.reason}")
    host = replace(host, reboot_owed=finding.reboot_owed, reboot_why=finding.reboot_why, stale=())
    if finding.reboot_owed and run.plan.reboot is RebootPolicy.WHEN_OWED:
        return replace(host, next=Step.REBOOT)
    health = health_verdict(run, host, finding)
    if not health.ok and health.code != "inconclusive":
        return _given_up(host, f"{host.reason}; rolled back, but {health.reason}")
    return replace(host, next=Step.LEAVE, fate=EndState.ROLLED_BACK, health=health.reason)


def _left(host: HostState, event: HostFinished) -> HostState:
    if event.status is not Status.OK:
        if host.leave_failures < _LEAVE_RETRIES:
            return replace(host, next=Step.LEAVE, leave_failures=host.leave_failures + 1)
        return not_left(host, event.reason)
    host = replace(host, entered=False, leave_failures=0)
    if event.finding.reverted and not host.rolled_back:
        return turned(host)  # it restored itself while it was waited for a person: how is it now?
    if host.fate is None:  # it was only entered, and the window shut before anything began
        return replace(host, next=Step.ENTER)
    return replace(host, next=None, end=host.fate, fate=None, left_at=event.at)
