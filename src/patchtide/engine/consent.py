"""What people say about letting a run go on. What would not count is refused with the reason, and not written down."""

from patchtide.core.approvals import Counted, counted, may_speak, requesters
from patchtide.core.errors import UsageError
from patchtide.core.gates import waivable
from patchtide.core.meant import meant
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run, folded
from patchtide.core.said import Approved, Rejected, Waived
from patchtide.engine.desk import Desk
from patchtide.engine.speaking import Speaker


def approve(run_id: str, desk: Desk, speaker: Speaker, comment: str = "") -> Approved:
    """Record that a person agrees to the run's plan; refused for a requester, for others than asked, and twice."""
    run = _open_run(run_id, desk)
    tiers = _ahead(run, _asked(run_id, run, speaker.name, "approve"))
    now = desk.clock.now()
    given = [one for tier in tiers for one in counted(run, tier, now) if one.vote.by == speaker.name and one.counts]
    if len(given) == len(tiers) and all(isinstance(one.vote, Approved) for one in given):
        raise UsageError(f"{speaker.name} has approved run {run_id} already: that holds {given[0].why}")
    event = speaker.says(run_id, Approved(now, speaker.name, run.plan.digest, comment))
    desk.store.append(run_id, event)
    return event


def _ahead(run: Run, tiers: list[TierPlan]) -> list[TierPlan]:
    """Return the tiers that have anything left to do: what held for one that is done needs nobody's word."""
    return [tier for tier in tiers if any(not host.settled for host in run.in_tier(tier.name))] or tiers


def reject(run_id: str, desk: Desk, speaker: Speaker, reason: str) -> Rejected:
    """Record that a person who is asked says no; nothing new begins in their tiers until they approve."""
    run = _open_run(run_id, desk)
    tiers = _asked(run_id, run, speaker.name, "reject")
    event = speaker.says(run_id, Rejected(desk.clock.now(), speaker.name, run.plan.digest, reason))
    standing = [one for one in counted(run, tiers[0], event.at) if _is_no(one, speaker.name)]
    if standing:
        raise UsageError(f"{speaker.name} has rejected run {run_id} already: {_reason(standing[0])}")
    desk.store.append(run_id, event)
    return event


def _is_no(one: Counted, name: str) -> bool:
    return one.counts and one.vote.by == name and isinstance(one.vote, Rejected)


def _reason(one: Counted) -> str:
    return one.vote.reason if isinstance(one.vote, Rejected) else one.why


def waive(run_id: str, desk: Desk, speaker: Speaker, item: str, reason: str) -> Waived:
    """Record that a person lets the run go on without a thing that a gate asks for."""
    run = _open_run(run_id, desk)
    items = waivable(run)
    if item not in items:
        hint = meant(item, items) or "Nothing that this run's gates ask for can be waived."
        raise UsageError(f"run {run_id} has nothing called {item!r} that can be waived", hint=hint)
    tiers = [tier for tier in run.plan.tiers if tier.name in items[item]]
    if not any(may_speak(run, tier, speaker.name) for tier in tiers):
        asked = sorted({name for tier in tiers if tier.approvals for name in tier.approvals.people} - requesters(run))
        why = "asked for this change" if speaker.name in requesters(run) else "is not asked there"
        raise UsageError(f"{speaker.name} {why} and cannot waive {item!r}", hint="Ask one of: " + ", ".join(asked))
    event = speaker.says(run_id, Waived(desk.clock.now(), speaker.name, run.plan.digest, item, reason))
    desk.store.append(run_id, event)
    return event


def _open_run(run_id: str, desk: Desk) -> Run:
    run = folded(event for _, event in desk.store.events(run_id))
    if run.outcome is not None:
        raise UsageError(f"run {run_id} has ended: {run.reason}")
    return run


def _asked(run_id: str, run: Run, name: str, verb: str) -> list[TierPlan]:
    """Return the tiers in which a person is asked; raises UsageError for who is asked in none."""
    people = {one for tier in run.plan.tiers if tier.approvals for one in tier.approvals.people}
    if not people:
        raise UsageError(f"run {run_id} needs no approval", hint="Approvals are asked for by a tier's `approvals`.")
    others = ", ".join(sorted(people - requesters(run))) or "nobody; make the plan as somebody else"
    if name == run.opened_by:
        raise UsageError(f"{name} opened run {run_id} and cannot {verb} it", hint=f"Ask one of: {others}")
    if name == run.plan.created_by:
        raise UsageError(f"{name} made the plan of run {run_id} and cannot {verb} it", hint=f"Ask one of: {others}")
    if name not in people:
        raise UsageError(f"{name} is not asked to {verb} run {run_id}", hint=f"Asked are: {others}")
    return [tier for tier in run.plan.tiers if tier.approvals and name in tier.approvals.people]
