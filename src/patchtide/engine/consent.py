"""What people say about letting a run go on. What would not count is refused with the reason, and not written down."""

from datetime import datetime, timedelta

from patchtide.core.approvals import Counted, asked_of, counted, may_speak, people_asked, requesters
from patchtide.core.checklist import item_states
from patchtide.core.emergency import declared, owes_review, second_person
from patchtide.core.errors import UsageError
from patchtide.core.fold import folded
from patchtide.core.gates import waivable
from patchtide.core.hosts import Trait
from patchtide.core.meant import meant
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.run import Run
from patchtide.core.said import (
    Approved,
    ChangeRequested,
    EmergencyDeclared,
    Rejected,
    Reviewed,
    Ticked,
    Waived,
)
from patchtide.core.waivers import HEALTH
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import unfinished
from patchtide.engine.speaking import Speaker
from patchtide.ports import PROJECT


def approve(run_id: str, desk: Desk, speaker: Speaker, comment: str = "") -> Approved:
    """Record that a person agrees to the run's plan; refused for a requester, for others than asked, and twice."""
    run = _open_run(run_id, desk)
    now = desk.clock.now()
    tiers = _ahead(run, _asked(run_id, run, speaker.name, "approve", now))
    if held := _given(run, tiers, speaker.name, now):
        raise UsageError(f"{speaker.name} has approved run {run_id} already: that holds {held}")
    event = speaker.says(run_id, Approved(now, speaker.name, run.plan.digest, comment))
    desk.store.append(run_id, event)
    return event


def _given(run: Run, tiers: list[TierPlan], name: str, now: datetime) -> str:
    """Return for how long a person's approval holds in all of these tiers, or nothing where it does not in one."""
    if not tiers:
        return "for the emergency" if second_person(run) == name else ""
    mine = [one for tier in tiers for one in counted(run, tier, now) if one.vote.by == name and one.counts]
    yes = [one.why for one in mine if isinstance(one.vote, Approved)]
    return yes[0] if len(yes) == len(tiers) else ""


def _ahead(run: Run, tiers: list[TierPlan]) -> list[TierPlan]:
    """Return the tiers that have anything left to do: what held for one that is done needs nobody's word."""
    return [tier for tier in tiers if any(not host.settled for host in run.in_tier(tier.name))] or tiers


def reject(run_id: str, desk: Desk, speaker: Speaker, reason: str) -> Rejected:
    """Record that a person who is asked says no; nothing new begins in their tiers until they approve."""
    run = _open_run(run_id, desk)
    now = desk.clock.now()
    tiers = _asked(run_id, run, speaker.name, "reject", now)
    if not tiers:
        raise UsageError(
            f"nobody is asked about run {run_id}", hint=f"End it: `patchtide abort {run_id} --reason ...`."
        )
    event = speaker.says(run_id, Rejected(now, speaker.name, run.plan.digest, reason))
    standing = [one for tier in tiers for one in counted(run, tier, event.at) if _is_no(one, speaker.name)]
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
    now = desk.clock.now()
    items = waivable(run, now)
    if item not in items:
        hint = meant(item, items) or "Nothing that this run's gates ask for can be waived."
        raise UsageError(f"run {run_id} has nothing called {item!r} that can be waived", hint=hint)
    tiers = [tier for tier in run.plan.tiers if tier.name in items[item]]
    if not any(may_speak(run, tier, speaker.name, now) for tier in tiers):
        asked = sorted({name for tier in tiers for name in people_asked(run, tier, now)} - requesters(run))
        why = "asked for this change" if speaker.name in requesters(run) else "is not asked there"
        raise UsageError(f"{speaker.name} {why} and cannot waive {item!r}", hint="Ask one of: " + ", ".join(asked))
    event = speaker.says(run_id, Waived(now, speaker.name, run.plan.digest, item, reason))
    desk.store.append(run_id, event)
    return event


def tick(run_id: str, desk: Desk, speaker: Speaker, item: str, comment: str = "") -> Ticked:
    """Record that a person has seen to a manual item of a checklist; refused for what is found out by itself."""
    run = _open_run(run_id, desk)
    items = {one.name: one for tier in run.plan.tiers for one in tier.checklist}
    if item not in items:
        hint = meant(item, items) or "No tier of its plan has a checklist."
        raise UsageError(f"run {run_id} has nothing called {item!r} on a checklist", hint=hint)
    if items[item].auto:
        hint = f"Go on without it, if it has to be: `patchtide waive {run_id} {item} --reason ...`."
        raise UsageError(f"{item!r} is found out by itself ({items[item].auto}), nobody ticks it", hint=hint)
    event = speaker.says(run_id, Ticked(desk.clock.now(), speaker.name, run.plan.digest, item, comment))
    states = [state for tier in run.plan.tiers for state in item_states(run, tier, event.at) if state.item.name == item]
    if all(state.verdict.ok for state in states):
        raise UsageError(f"{item!r} is done already: {states[0].verdict.reason}")
    desk.store.append(run_id, event)
    return event


def review(run_id: str, desk: Desk, speaker: Speaker, text: str) -> Reviewed:
    """Record what a person says after an emergency; refused for a run that lasts, or that owes no review."""
    run = folded(event for _, event in desk.store.events(run_id))
    if owes_review(run) is None:
        raise UsageError(f"run {run_id} owes no review", hint="Emergencies that nobody else agreed to owe one.")
    if run.outcome is None:
        hint = f"While it lasts somebody else can agree to it: `patchtide approve {run_id}`."
        raise UsageError(f"run {run_id} has not ended, and is reviewed afterwards", hint=hint)
    event = speaker.says(run_id, Reviewed(desk.clock.now(), speaker.name, run.plan.digest, text))
    desk.store.append(run_id, event)
    return event


def request(desk: Desk, speaker: Speaker, wanted: ChangeRequested) -> tuple[str, ChangeRequested]:
    """Record a change request where its plan is: in the run that has not ended, or in the project until one is opened.

    Returns the stream of the log, too.
    """
    stream = _place_of(wanted.digest, desk)
    event = speaker.says(stream, wanted)
    desk.store.append(stream, event)
    return stream, event


def _place_of(digest: str, desk: Desk) -> str:
    mine = (run_id for run_id, run in unfinished(desk.store) if run.plan.digest == digest)
    return next(mine, PROJECT)


def requests_waiting(run: Run, desk: Desk) -> tuple[ChangeRequested, ...]:
    """Return the requests that were made for a run's plan and have not reached the run yet."""
    known = {word.id for word in run.said.requests}
    made = (event for _, event in desk.store.said("change_requested") if isinstance(event, ChangeRequested))
    mine = {event.id: event for event in made if event.digest == run.plan.digest and event.id not in known}
    return tuple(mine.values())


def declare(
    run_id: str, desk: Desk, speaker: Speaker, reason: str, limit: timedelta | None = None
) -> EmergencyDeclared:
    """Record that a run is an emergency, for as long as its plan allows or for less; refused the second time."""
    run = _open_run(run_id, desk)
    if found := declared(run):
        hint = "What did not fit waits for its window, or for a run of a new plan."
        raise UsageError(f"run {run_id} was an emergency already, until {found.until:%Y-%m-%d %H:%M} UTC", hint=hint)
    refuse_no_emergency(run.plan)
    now = desk.clock.now()
    until = now + emergency_span(run.plan, limit)
    event = speaker.says(run_id, EmergencyDeclared(now, speaker.name, run.plan.digest, reason, until))
    desk.store.append(run_id, event)
    return event


def refuse_no_emergency(plan: Plan) -> None:
    """Raise UsageError for a plan whose change can be no emergency, by what is in it or for want of who may agree."""
    for tier in plan.tiers:
        if tier.no_emergency:
            hint = "`impacts: {emergency: ...}` says what one may contain and who agrees; plan `only: security`, maybe."
            raise UsageError(f"the change of tier {tier.name!r} is no emergency: {tier.no_emergency}", hint=hint)


def emergency_span(plan: Plan, limit: timedelta | None) -> timedelta:
    """Return how long an emergency lasts; raises UsageError for one that is longer than its plan allows."""
    longest = plan.emergency.limit
    if limit is not None and limit > longest:
        hint = "`emergency.limit` in the configuration says how long one may last."
        raise UsageError(f"an emergency of {limit} is longer than the {longest} that the plan allows", hint=hint)
    return limit or longest


def _open_run(run_id: str, desk: Desk) -> Run:
    run = folded(event for _, event in desk.store.events(run_id))
    if run.outcome is not None:
        raise UsageError(f"run {run_id} has ended: {run.reason}")
    return run


def _asked(run_id: str, run: Run, name: str, verb: str, now: datetime) -> list[TierPlan]:
    """Return the tiers in which a person is asked; raises UsageError for who has no say.

    Where nobody is asked, anybody else can be the second person of an emergency.
    """
    people = {one for tier in run.plan.tiers for one in people_asked(run, tier, now)}
    if not people and declared(run) is None:
        raise UsageError(f"run {run_id} needs no approval", hint=_instead(run_id, run))
    others = ", ".join(sorted(people - requesters(run))) or "somebody else"
    if name == run.opened_by:
        raise UsageError(f"{name} opened run {run_id} and cannot {verb} it", hint=f"Ask {others}.")
    if name == run.plan.created_by:
        raise UsageError(f"{name} made the plan of run {run_id} and cannot {verb} it", hint=f"Ask {others}.")
    if name in requesters(run):
        raise UsageError(f"{name} made the change request of run {run_id} and cannot {verb} it", hint=f"Ask {others}.")
    if people and name not in people:
        by = next((f", {terms.why}" for tier in run.plan.tiers if (terms := asked_of(run, tier, now)).why), "")
        raise UsageError(f"{name} is not asked to {verb} run {run_id}{by}", hint=f"Asked are: {others}.")
    return [tier for tier in run.plan.tiers if name in people_asked(run, tier, now)]


def _instead(run_id: str, run: Run) -> str:
    """Return what to say to a run that asks for no approval: a doubt about health is waived, check by check."""
    doubt = next((name for host in run.hosts.having(Trait.UNCLEAR) for name in host.unclear), None)
    if doubt is None:
        return "Approvals are asked for by a tier's `approvals`."
    return f"It asks about health: `patchtide waive {run_id} {HEALTH}{doubt} --reason ...`, resume, abort or rollback."
