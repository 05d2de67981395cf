"""What a run looks like to a person: one view that all formats print."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.brief import Waiting
from patchtide.core.events import Event, Extended, HostFinished, StepStarted
from patchtide.core.hoststate import HostState
from patchtide.core.plan import HostPlan, TierPlan
from patchtide.core.run import Run
from patchtide.core.said import Approved, Rejected
from patchtide.core.steps import EndState, Step, exit_code
from patchtide.report.checklist import TierChecklist, checklist_lines, checklist_view
from patchtide.report.consent import (
    EmergencyView,
    VoteView,
    WaiverView,
    consent_lines,
    emergency_lines,
    emergency_view,
    request_names,
    vote_views,
    waiver_views,
)
from patchtide.report.fixes import FixView, LeftView, fix_views, fixes_text, left_views
from patchtide.report.notices import NoticeView, notice_views
from patchtide.report.proofs import not_made_lines
from patchtide.report.words import amount, counted, moment, one_line

_LONG_STORY = 4000


@dataclass(frozen=True, slots=True)
class HostView:
    """One host: `state` is its end state, or what it is doing; `why` says it in words.

    `stale` are the services that still run files which the update replaced.
    """

    name: str
    tier: str
    wave: int
    state: str
    end: str | None
    failed: bool
    why: str
    updates: int
    installed: tuple[str, ...]
    health: str
    reboot_owed: bool
    reboot_why: tuple[str, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TierView:
    """One tier: its waves of host names and where its hosts stand."""

    name: str
    waves: tuple[tuple[str, ...], ...]
    standing: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as it stands: `outcome` is None until it has ended, `exit_code` is what its command returns.

    `signed_by` are the public keys under the plan, `not_made` the checks that were left out, `totals` counts what the
    plan fixes.
    """

    run: str
    outcome: str | None
    exit_code: int
    reason: str
    opened_at: datetime
    opened_by: str
    ended_at: datetime | None
    digest: str
    signed_by: tuple[str, ...]
    updates: int
    held: Waiting | None
    approvals: tuple[VoteView, ...]
    rejections: tuple[VoteView, ...]
    waivers: tuple[WaiverView, ...]
    requests: tuple[str, ...]
    emergency: EmergencyView | None
    checklists: tuple[TierChecklist, ...]
    aborted: str | None
    paused: str | None
    notices: tuple[NoticeView, ...]
    extended: tuple[str, ...]
    quarantined: tuple[str, ...]
    not_made: tuple[str, ...]
    totals: str
    fixes: tuple[FixView, ...]
    left_out: tuple[LeftView, ...]
    tiers: tuple[TierView, ...]
    hosts: tuple[HostView, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A step on a host from start to answer (UTC); `end` is None while it lasts, and then `status` is `running`."""

    host: str
    step: Step
    start: datetime
    end: datetime | None
    status: str
    reason: str


def run_view(run_id: str, run: Run, now: datetime | None = None) -> RunView:
    """Return what there is to be seen of a run, as of its end, or of `now`."""
    held = run.held
    now = now or run.ended_at or run.opened_at
    return RunView(
        run=run_id,
        outcome=None if run.outcome is None else str(run.outcome),
        exit_code=exit_code(run.outcome),
        reason=one_line(run.reason or (held.reason if held else "")),
        opened_at=run.opened_at,
        opened_by=run.opened_by,
        ended_at=run.ended_at,
        digest=run.plan.digest,
        signed_by=tuple(signature.key for signature in run.plan.signatures),
        updates=sum(len(files) for files in run.plan.patch_set.values()),
        held=Waiting(held.code, one_line(held.reason), held.tier, held.until) if held else None,
        approvals=vote_views(run, Approved, now),
        rejections=vote_views(run, Rejected, now),
        waivers=waiver_views(run),
        requests=request_names(run),
        emergency=emergency_view(run),
        checklists=checklist_view(run, now),
        aborted=one_line(f"{run.aborted.by}: {run.aborted.reason}") if run.aborted else None,
        paused=_paused(run),
        notices=notice_views(run),
        extended=tuple(_extended(event) for event in run.extended),
        quarantined=tuple(sorted(run.quarantined)),
        not_made=not_made_lines(run),
        totals=fixes_text(run.plan),
        fixes=fix_views(run.plan, [name for name, host in run.hosts.items() if host.end is EndState.PATCHED]),
        left_out=left_views(run.plan),
        tiers=tuple(_tier(run, tier) for tier in run.plan.tiers),
        hosts=tuple(_host(run, tier, number, name) for tier, number, name in _places(run)),
    )


def said_lines(view: RunView) -> tuple[tuple[str, str], ...]:
    """Return what people said to a run, each as a word and a sentence."""
    asked = (("requested", text) for text in view.requests)
    voted = consent_lines((*view.approvals, *view.rejections), view.waivers)
    return (*emergency_lines(view.emergency), *asked, *voted, *checklist_lines(view.checklists))


def _paused(run: Run) -> str | None:
    """Return who holds a run since when, and why; None: nobody does, or it has ended."""
    event = run.paused if run.outcome is None else None
    return one_line(f"{event.by} {moment(event.at)}: {event.reason}") if event else None


def _extended(event: Extended) -> str:
    until = f"{moment(event.until)} instead of {moment(event.since)}"
    return one_line(f"{event.tier}: window {event.window} open until {until}, by {event.by}: {event.reason}")


def _places(run: Run) -> Iterable[tuple[TierPlan, int, str]]:
    for tier in run.plan.tiers:
        for number, wave in enumerate(tier.waves, start=1):
            for name in wave:
                yield tier, number, name


def _tier(run: Run, tier: TierPlan) -> TierView:
    return TierView(tier.name, tier.waves, counted([host.word for host in run.in_tier(tier.name)]))


def _host(run: Run, tier: TierPlan, wave: int, name: str) -> HostView:
    host = run.hosts[name]
    planned = run.plan.hosts[name]
    return HostView(
        name=name,
        tier=tier.name,
        wave=wave,
        state=host.word,
        end=None if host.end is None else str(host.end),
        failed=host.failed,
        why=why(host, planned),
        updates=len(planned.changes),
        installed=tuple(f"{file.name}={file.version}" for file in host.installed),
        health=one_line(host.health),
        reboot_owed=host.reboot_owed or bool(debt(host, planned)),
        reboot_why=tuple(map(one_line, debt(host, planned))),
        stale=tuple(map(one_line, host.stale)),
    )


def debt(host: HostState, planned: HostPlan) -> tuple[str, ...]:
    """Return why a host owes a reboot that is put off: after its update, or since before it."""
    return host.reboot_why if host.changed else planned.owes_reboot


def why(host: HostState, planned: HostPlan) -> str:
    """Return in plain words why a host is where it is, and what it still owes."""
    owes = f"owes a reboot ({one_line('; '.join(debt(host, planned)))})" if debt(host, planned) else ""
    stale = f"still runs replaced files: {one_line(', '.join(host.stale))}" if host.stale else ""
    return "; ".join(part for part in (_reason(host, planned), owes, stale) if part)


def _reason(host: HostState, planned: HostPlan) -> str:
    reason = one_line(host.reason)
    match host.end if host.next is None else None:
        case EndState.PATCHED:
            files = amount(len(host.installed), "package")
            return f"{files} installed, {one_line(host.health or host.reason) or 'health was judged'}"
        case EndState.ROLLED_BACK:
            return f"{reason}; put back as it was{_now(host)}"
        case EndState.QUARANTINED:
            return f"{reason}; a person has to look at it"
        case EndState.UNTOUCHED:
            return f"left as it was: {reason}" if planned.changes or planned.refused else reason
        case None:
            return reason or (f"{amount(len(planned.changes), 'update')} to come" if host.next is Step.STAGE else "")


def _now(host: HostState) -> str:
    return f", {one_line(host.health)}" if host.health.startswith("healthy") else ""


def bars(events: Iterable[Event]) -> tuple[Bar, ...]:
    """Return every step of every host as a stretch of time, in the order in which they began."""
    running: dict[str, StepStarted] = {}
    done: list[Bar] = []
    for event in events:
        match event:
            case StepStarted():
                done += [_cut_off(host, running.pop(host), event) for host in event.hosts if host in running]
                running |= dict.fromkeys(event.hosts, event)
            case HostFinished() if event.host in running and running[event.host].attempt == event.attempt:
                begun = running.pop(event.host)
                done.append(Bar(event.host, event.step, begun.at, event.at, str(event.status), _said(event)))
            case _:
                pass
    done += [Bar(host, begun.step, begun.at, None, "running", begun.why) for host, begun in running.items()]
    return tuple(sorted(done, key=lambda bar: (bar.start, bar.host)))


def _said(event: HostFinished) -> str:
    """Return why a step ended as it did: the host's own words, checks that did not pass, what a rollback left."""
    finding = event.finding
    bad = [measured for measured in finding.measurements if measured.status != "pass"]
    checks = [f"{measured.name} {measured.status} ({measured.detail})" for measured in bad]
    owed = [f"owes a reboot: {', '.join(finding.reboot_why)}"] if finding.reboot_owed else []
    parts = [event.reason, *checks, *finding.differences, *owed]
    return one_line("; ".join(part for part in parts if part), _LONG_STORY)


def _cut_off(host: str, begun: StepStarted, later: StepStarted) -> Bar:
    return Bar(host, begun.step, begun.at, later.at, "unknown", "the controller was interrupted")
