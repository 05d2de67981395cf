"""What a host's answer to a step makes of the host: what comes next there, and how it ends."""

from typing import assert_never

from patchtide.core.around import not_left
from patchtide.core.events import Finding, HostFinished, Status
from patchtide.core.frozen import replace
from patchtide.core.health import skipped, undecided, verdict
from patchtide.core.hoststate import HostState
from patchtide.core.hoststeps import turned
from patchtide.core.policy import RebootPolicy
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.verdict import Verdict
from patchtide.core.waivers import checks_waived

_LEAVE_RETRIES = 2
_MEASURED_AGAIN = 2
_NEVER_CHANGES_A_HOST = frozenset({Step.PROBE, Step.STAGE, Step.VERIFY})


def answered(run: Run, host: HostState, event: HostFinished) -> HostState:
    """Return a host after its answer; one that comes late, of an attempt that was fenced, or twice changes nothing."""
    expected = host.started is not None if event.step is Step.PROBE else host.started is event.step
    if event.attempt != run.attempt or not expected:
        return host
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
            return replace(owes, next=Step.VERIFY) if fine else harmed(owes, event.reason)
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


def harmed(host: HostState, reason: str) -> HostState:
    """Return a host on which the update went wrong: it is put back, or given to a person if it was put back before."""
    if host.rolled_back:
        return _given_up(host, f"rolled back, but {reason}")
    return replace(host, next=Step.ROLLBACK, fate=None, end=None, reason=reason, failed=True)


def _given_up(host: HostState, reason: str) -> HostState:
    return replace(host, next=Step.LEAVE, fate=EndState.QUARANTINED, end=None, reason=reason, failed=True)


def _patched(run: Run, host: HostState, event: HostFinished) -> HostState:
    if event.status is not Status.OK:
        return harmed(host, event.reason)
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
        return harmed(host, event.reason)
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
        return harmed(host, health.reason)
    if finding.differences and host.end is None and not host.rolled_back:
        return harmed(host, f"not as the update left it: {'; '.join(finding.differences)}")
    if run.plan.limits.confirm and not finding.confirmed and host.end is None and not host.rolled_back:
        return harmed(host, f"{health.reason}, but the host does not say that it is confirmed")
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
