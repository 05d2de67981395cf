"""Who agreed to what, and does it count: for this plan, by the right people, for the opening that is coming."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from patchtide.core import waivers
from patchtide.core.emergency import declared, next_opening
from patchtide.core.plan import TierPlan
from patchtide.core.policy import Approvals, ValidFor
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


def may_speak(run: Run, tier: TierPlan, name: str) -> bool:
    """Tell whether a person has a say in a tier: whoever is asked there, anybody where nobody is; not a requester."""
    return waivers.may_speak(run.plan, run.opened_by, run.said, tier, name)


def waiver(run: Run, tier: TierPlan, item: str) -> Waived | None:
    """Return the word by which somebody who has a say let a tier go on without an item, or None."""
    return next(waived(run, tier, item), None)


def waived(run: Run, tier: TierPlan, item: str) -> Iterator[Waived]:
    """Yield the words by which somebody who has a say let a tier go on without an item."""
    return waivers.waived(run.plan, run.opened_by, run.said, tier, item)


def opening_for(run: Run, tier: TierPlan, at: datetime) -> Opening | None:
    """Return the opening that a word said at an instant is for: the next one with room for a wave, or None."""
    return next_opening(run, tier, max(at, notice_over(run, tier)), longest_need(run.plan, tier).total)


def current(run: Run, tier: TierPlan, said_at: datetime, now: datetime) -> bool:
    """Tell whether the opening for which something was said is not over yet."""
    opening = opening_for(run, tier, said_at)
    return opening is None or now < opening.closes


def notice_over(run: Run, tier: TierPlan) -> datetime:
    """Return from when on a tier was announced for long enough; an emergency is announced by its declaration."""
    if tier.approvals is None or declared(run) or waiver(run, tier, NOTICE):
        return run.opened_at
    return run.opened_at + tier.approvals.notice


def approval_gate(run: Run, tier: TierPlan, now: datetime) -> Verdict:
    """Say whether enough of the right people, never a requester, agreed to this very plan for this opening."""
    wanted = tier.approvals
    if wanted is None:
        return yes("no_approval_needed", "no approval is asked for")
    votes = counted(run, tier, now)
    rejected = [one.vote for one in votes if one.counts and isinstance(one.vote, Rejected)]
    if rejected:
        return no("rejected", f"tier {tier.name!r} was rejected by {rejected[0].by}: {rejected[0].reason}")
    agreed = sorted({one.vote.by for one in votes if one.counts})
    if len(agreed) < wanted.count:
        return no("approval", _missing(run, tier, wanted, agreed, votes))
    begins = notice_over(run, tier)
    if now < begins:
        return no("notice", f"tier {tier.name!r} was announced with a notice of {wanted.notice}", until=begins)
    return yes("approved", f"approved by {', '.join(agreed)}")


def _missing(run: Run, tier: TierPlan, wanted: Approvals, agreed: list[str], votes: Iterable[Counted]) -> str:
    others = [name for name in wanted.people if name not in agreed and name not in requesters(run)]
    told = f"tier {tier.name!r} has {len(agreed)} of {wanted.count} approvals"
    void = [f"{one.vote.by}'s does not count: {one.why}" for one in votes if not one.counts and not _replaced(one)]
    return "; ".join([told, *void, f"still to be asked: {', '.join(others) or 'nobody is left'}"])


def counted(run: Run, tier: TierPlan, now: datetime) -> tuple[Counted, ...]:
    """Return every vote on a run with whether it counts for a tier; of each person's sound ones the last."""
    return tuple(_counted(run, tier, now, place) for place in range(len(run.said.votes)))


def _counted(run: Run, tier: TierPlan, now: datetime, place: int) -> Counted:
    vote = run.said.votes[place]
    fault = next(_faults(run, tier, vote), "")
    if fault:
        return Counted(vote, counts=False, why=fault)
    later = run.said.votes[place + 1 :]
    if any(other.by == vote.by and not next(_faults(run, tier, other), "") for other in later):
        return Counted(vote, counts=False, why=_REPLACED)
    if isinstance(vote, Rejected):
        return Counted(vote, counts=True, why="until they approve")
    return _timely(run, tier, vote, now)


_REPLACED = "replaced by a later word"


def _replaced(one: Counted) -> bool:
    return one.why == _REPLACED


def _faults(run: Run, tier: TierPlan, vote: Vote) -> Iterator[str]:
    if vote.doubt:
        yield vote.doubt
    if vote.digest != run.plan.digest:
        yield f"it is for another plan, {vote.digest[:19]}"
    if vote.by in requesters(run):
        yield f"{vote.by} asked for this change"
    if tier.approvals is None or vote.by not in tier.approvals.people:
        yield f"{vote.by} is not asked in tier {tier.name!r}"


def _timely(run: Run, tier: TierPlan, vote: Approved, now: datetime) -> Counted:
    """An approval is for one opening; the next one is another change, at another time, with other people on call."""
    opening = opening_for(run, tier, vote.at)
    if opening is None or (tier.approvals and tier.approvals.valid_for is ValidFor.RUN):
        return Counted(vote, counts=True, why="for as long as the run lasts")
    until = f"{opening.closes.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if now >= opening.closes:
        why = f"it was for the opening of {opening.name!r} that ended {until}"
        return Counted(vote, counts=False, why=why, until=opening.closes)
    return Counted(vote, counts=True, why=f"until {until}, when {opening.name!r} closes", until=opening.closes)
