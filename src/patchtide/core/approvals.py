"""Who agreed to what, and does it count: for this plan, by the right people, for the opening that is coming."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from patchtide.core import asked, emergency, waivers
from patchtide.core.plan import TierPlan
from patchtide.core.policy import Approvals, Asked, ValidFor
from patchtide.core.run import Run
from patchtide.core.said import Approved, Rejected, Vote, Waived
from patchtide.core.verdict import Verdict, no, yes
from patchtide.core.wall import longest_need
from patchtide.core.windows import Opening

NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Counted:
    """A vote, whether it counts for a tier, and why or why not; `until`: when it stops counting, if it does."""

    vote: Vote
    counts: bool
    why: str
    until: datetime | None = None


def requesters(run: Run) -> frozenset[str]:
    """Return who asked for the change and never agrees to it: by the plan, by the run, or by a change request."""
    return waivers.requesters(run.plan, run.opened_by, run.said)


def asked_of(run: Run, tier: TierPlan, at: datetime) -> Asked:
    """Return what a tier asks of people at an instant: while the run is an emergency, what such a one asks."""
    return asked.asked(run.plan, run.said, tier, at)


def people_asked(run: Run, tier: TierPlan, at: datetime) -> frozenset[str]:
    """Return who is asked to agree in a tier at an instant."""
    wanted = asked_of(run, tier, at).approvals
    return frozenset(wanted.people if wanted else ())


def may_speak(run: Run, tier: TierPlan, name: str, at: datetime) -> bool:
    """Tell whether a person has a say in a tier: whoever is asked then, anybody where nobody is; not a requester."""
    return waivers.may_speak(run.plan, run.opened_by, run.said, tier, name, at)


def waiver(run: Run, tier: TierPlan, item: str) -> Waived | None:
    """Return the word by which somebody who had a say let a tier go on without an item, or None."""
    return next(waived(run, tier, item), None)


def excused(run: Run, tier: TierPlan, item: str, terms: Asked) -> Waived | None:
    """Return the word by which a tier goes on without what these terms ask, or None: others were not spoken of."""
    return next((word for word in waived(run, tier, item) if asked_of(run, tier, word.at) == terms), None)


def waived(run: Run, tier: TierPlan, item: str) -> Iterator[Waived]:
    """Yield the words by which somebody who had a say let a tier go on without an item."""
    return waivers.waived(run.plan, run.opened_by, run.said, tier, item)


def opening_for(run: Run, tier: TierPlan, at: datetime) -> Opening | None:
    """Return the opening that a word said at an instant is for: the next one with room for a wave, or None."""
    needed = longest_need(run.plan, tier).total
    urgent = emergency.opening(run, at, max(at, notice_over(run, tier, at)), needed)
    return urgent or run.calendar(tier).next_opening(max(at, _calmly_over(run, tier)), needed)


def current(run: Run, tier: TierPlan, said_at: datetime, now: datetime) -> bool:
    """Tell whether the opening for which something was said is not over yet."""
    opening = opening_for(run, tier, said_at)
    return opening is None or now < opening.closes


def notice_over(run: Run, tier: TierPlan, at: datetime) -> datetime:
    """Return from when on a tier was announced for long enough, as far as is asked at an instant.

    An emergency is announced by its declaration.
    """
    found, wanted = emergency.declared(run), asked_of(run, tier, at)
    if found is None or wanted is not tier.urgent:
        return _calmly_over(run, tier)
    needed = wanted.approvals if not excused(run, tier, NOTICE, wanted) else None
    return found.at + (needed.notice if needed else timedelta(0))


def _calmly_over(run: Run, tier: TierPlan) -> datetime:
    """Return from when on a tier was announced for its windows; by an emergency of no class, that is lifted too."""
    lifted = tier.urgent is None and emergency.declared(run)
    if tier.approvals is None or lifted or excused(run, tier, NOTICE, asked.calmly(tier)):
        return run.opened_at
    return run.opened_at + tier.approvals.notice


def approval_gate(run: Run, tier: TierPlan, now: datetime) -> Verdict:
    """Say whether enough of the right people, never a requester, agreed to this very plan for this opening."""
    terms = asked_of(run, tier, now)
    wanted = terms.approvals
    if wanted is None:
        return yes("no_approval_needed", f"no approval is asked for{_by(terms)}")
    votes = counted(run, tier, now)
    rejected = [one.vote for one in votes if one.counts and isinstance(one.vote, Rejected)]
    if rejected:
        return no("rejected", f"tier {tier.name!r} was rejected by {rejected[0].by}: {rejected[0].reason}")
    agreed = sorted({one.vote.by for one in votes if one.counts})
    if len(agreed) < wanted.count:
        return no("approval", _missing(run, tier, terms, agreed, votes))
    begins = notice_over(run, tier, now)
    if now < begins:
        told = f"tier {tier.name!r} was announced with a notice of {wanted.notice}{_by(terms)}"
        return no("notice", told, until=begins)
    return yes("approved", f"approved by {', '.join(agreed)}{_by(terms)}")


def _by(terms: Asked) -> str:
    return f", {terms.why}" if terms.why else ""


def _missing(run: Run, tier: TierPlan, terms: Asked, agreed: list[str], votes: Iterable[Counted]) -> str:
    wanted = terms.approvals or Approvals(0, ())
    others = [name for name in wanted.people if name not in agreed and name not in requesters(run)]
    told = f"tier {tier.name!r} has {len(agreed)} of {wanted.count} approvals{_by(terms)}"
    void = [f"{one.vote.by}'s does not count: {one.why}" for one in votes if not one.counts and not _replaced(one)]
    return "; ".join([told, *void, f"still to be asked: {', '.join(others) or 'nobody is left'}"])


def counted(run: Run, tier: TierPlan, now: datetime) -> tuple[Counted, ...]:
    """Return every vote on a run with whether it counts for a tier; of each person's sound ones the last."""
    return tuple(_counted(run, tier, now, place) for place in range(len(run.said.votes)))


def _counted(run: Run, tier: TierPlan, now: datetime, place: int) -> Counted:
    vote = run.said.votes[place]
    fault = next(_faults(run, tier, vote, now), "")
    if fault:
        return Counted(vote, counts=False, why=fault)
    later = run.said.votes[place + 1 :]
    if any(other.by == vote.by and not next(_faults(run, tier, other, now), "") for other in later):
        return Counted(vote, counts=False, why=_REPLACED)
    if isinstance(vote, Rejected):
        return Counted(vote, counts=True, why="until they approve")
    return _timely(run, tier, vote, now)


_REPLACED = "replaced by a later word"


def _replaced(one: Counted) -> bool:
    return one.why == _REPLACED


def _faults(run: Run, tier: TierPlan, vote: Vote, now: datetime) -> Iterator[str]:
    if vote.doubt:
        yield vote.doubt
    if vote.digest != run.plan.digest:
        yield f"it is for another plan, {vote.digest[:19]}"
    if vote.by in requesters(run):
        yield f"{vote.by} asked for this change"
    if vote.by not in people_asked(run, tier, now):
        yield f"{vote.by} is not asked in tier {tier.name!r}{_by(asked_of(run, tier, now))}"


def _timely(run: Run, tier: TierPlan, vote: Approved, now: datetime) -> Counted:
    """An approval is for one opening; the next one is another change, at another time, with other people on call."""
    opening, wanted = opening_for(run, tier, vote.at), asked_of(run, tier, now).approvals
    if opening is None or (wanted and wanted.valid_for is ValidFor.RUN):
        return Counted(vote, counts=True, why="for as long as the run lasts")
    until = f"{opening.closes.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if now >= opening.closes:
        why = f"it was for the opening of {opening.name!r} that ended {until}"
        return Counted(vote, counts=False, why=why, until=opening.closes)
    return Counted(vote, counts=True, why=f"until {until}, when {opening.name!r} closes", until=opening.closes)
