"""What people said about letting a run go on: who, when, how that is known, and whether it counts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.approvals import Counted, counted, may_speak, people_asked
from patchtide.core.change import level, score
from patchtide.core.emergency import owes_review, second_person
from patchtide.core.listing import listed
from patchtide.core.policy import Approvals, Asked, ValidFor
from patchtide.core.run import Run
from patchtide.core.said import Approved, Vote, Waived, Word, known_by
from patchtide.report.words import amount, moment, one_line, span


@dataclass(frozen=True, slots=True)
class VoteView:
    """Who agreed or said no, what they said with it, how it is known who it was, and whether and why it counts."""

    word: str
    by: str
    at: datetime
    comment: str
    known: str
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class WaiverView:
    """Who let the run go on without what, and why; `doubt` says why that does not count, if it does not."""

    item: str
    by: str
    at: datetime
    reason: str
    known: str
    doubt: str


def approvals_text(wanted: Approvals) -> str:
    """Return how many of whom have to agree, for how long that holds, and after which notice."""
    lasting = "the opening that comes next" if wanted.valid_for is ValidFor.OPENING else "the whole run"
    return f"{amount(wanted.count, 'approval')} for {lasting}, {_of(wanted)}"


def asked_text(wanted: Asked) -> str:
    """Return what people are asked for before anything begins, and by what."""
    request = "a change request for this plan; " if wanted.request else ""
    agreed = wanted.approvals
    told = f"{amount(agreed.count, 'approval')} {_of(agreed)}" if agreed else "nobody's approval"
    return one_line(f"{request}{told}; {wanted.why}")


def _of(wanted: Approvals) -> str:
    notice = f", {span(wanted.notice)} of notice" if wanted.notice else ""
    return f"of: {listed(map(one_line, wanted.people))}{notice}"


def vote_views(run: Run, kind: type[Vote], now: datetime) -> tuple[VoteView, ...]:
    """Return the votes of one kind, judged as of an instant."""
    return tuple(_vote(run, place, now) for place, vote in enumerate(run.said.votes) if isinstance(vote, kind))


def waiver_views(run: Run) -> tuple[WaiverView, ...]:
    """Return what people let a run go on without."""
    return tuple(_waiver(run, word) for word in run.said.waivers)


def _vote(run: Run, place: int, now: datetime) -> VoteView:
    """Return a vote as it counts in the first tier where it does, or why it does not where it was meant to."""
    vote = run.said.votes[place]
    asking = [tier for tier in run.plan.tiers if vote.by in people_asked(run, tier, now)]
    found = [counted(run, tier, now)[place] for tier in asking]
    one = next((each for each in found if each.counts), found[0] if found else None)
    if one is None and second_person(run) == vote.by:
        one = Counted(vote, counts=True, why="the second person of the emergency")
    why = one.why if one else vote.doubt or f"{vote.by} is not asked"
    comment = vote.comment if isinstance(vote, Approved) else vote.reason
    return VoteView(
        word=str(vote.kind),
        by=one_line(vote.by),
        at=vote.at,
        comment=one_line(comment),
        known=_known(vote),
        counts=bool(one and one.counts),
        why=one_line(why),
    )


def _known(word: Word) -> str:
    return one_line(known_by(word))


def _waiver(run: Run, word: Waived) -> WaiverView:
    doubt = word.doubt or next(_unheard(run, word), "")
    return WaiverView(word.item, one_line(word.by), word.at, one_line(word.reason), _known(word), one_line(doubt))


def _unheard(run: Run, word: Waived) -> Iterator[str]:
    if word.digest != run.plan.digest:
        yield f"it is for another plan, {word.digest[:19]}"
    if not any(may_speak(run, tier, word.by, word.at) for tier in run.plan.tiers):
        yield f"{word.by} has no say in it"


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """Who lets a run go on outside its windows until when, why, and what is owed for it ("": nothing)."""

    by: str
    at: datetime
    until: datetime
    reason: str
    known: str
    doubt: str
    second_person: str | None
    review_owed: str
    reviews: tuple[str, ...]
    asks: tuple[str, ...] = ()
    """What each tier asks of people while it lasts, where that is not what it asks anyway."""


def emergency_view(run: Run) -> EmergencyView | None:
    """Return the emergency of a run, or None."""
    found = run.said.emergency
    if found is None:
        return None
    return EmergencyView(
        by=one_line(found.by),
        at=found.at,
        until=found.until,
        reason=one_line(found.reason),
        known=_known(found),
        doubt=one_line(found.doubt),
        second_person=second_person(run),
        review_owed=one_line(owes_review(run) or ""),
        reviews=tuple(one_line(f"{word.by}: {word.text}") for word in run.said.reviews if not word.doubt),
        asks=tuple(f"{tier.name}: {asked_text(tier.urgent)}" for tier in run.plan.tiers if tier.urgent is not None),
    )


def request_names(run: Run) -> tuple[str, ...]:
    """Return the change requests for a run's plan, each with who made it and how risky it is."""
    return tuple(
        one_line(f"{word.id} by {word.by}, risk {score(word)} ({level(score(word))}): {word.reason}{_but(word.doubt)}")
        for word in run.said.requests
        if word.digest == run.plan.digest
    )


def _but(doubt: str) -> str:
    return f"; does not count: {doubt}" if doubt else ""


def emergency_lines(view: EmergencyView | None) -> Iterator[tuple[str, str]]:
    """Yield what there is to be known of an emergency, each as a word and a sentence."""
    if view is None:
        return
    told = f"until {moment(view.until)}, by {view.by} {moment(view.at)} ({view.known}): {view.reason}"
    yield "emergency", f"{told}{_but(view.doubt)}"
    yield from (("asks", text) for text in view.asks)
    if view.second_person:
        yield "second person", view.second_person
    yield from (("reviewed", f"by {text}") for text in view.reviews)
    if view.review_owed:
        yield "owes a review", view.review_owed


def consent_lines(votes: Iterable[VoteView], waivers: Iterable[WaiverView]) -> Iterator[tuple[str, str]]:
    """Yield what people said, each as a word and a sentence."""
    for vote in votes:
        told = f"by {vote.by} {moment(vote.at)} ({vote.known})"
        said = f": {vote.comment}" if vote.comment else ""
        yield vote.word, f"{told}{said}; {'counts' if vote.counts else 'does not count'}: {vote.why}"
    for waiver in waivers:
        told = f"{waiver.item} by {waiver.by} {moment(waiver.at)} ({waiver.known}): {waiver.reason}"
        yield "waived", f"{told}{_but(waiver.doubt)}"
