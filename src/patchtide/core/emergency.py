"""Emergencies: a run that may go on outside its windows for a while, and what is owed for that."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from patchtide.core.asked import asked, sound
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.said import Approved, EmergencyDeclared
from patchtide.core.verdict import Verdict, no, yes
from patchtide.core.waivers import requesters
from patchtide.core.windows import Opening

NAME = "emergency"


def declared(run: Run) -> EmergencyDeclared | None:
    """Return the emergency of a run, if there is a sound one."""
    return sound(run.plan, run.said)


def opening(run: Run, at: datetime, begins: datetime, need: timedelta) -> Opening | None:
    """Return the time of an emergency if a word said at an instant is for it, and it has room from `begins` on.

    What was said before the emergency was declared is not for it.
    """
    found = declared(run)
    if found and found.at <= at and begins + need <= found.until:
        return Opening(NAME, found.at, found.until)
    return None


def may_begin(run: Run, tier: TierPlan, now: datetime, need: timedelta, hosts: Iterable[str] | None = None) -> Verdict:
    """Say whether work that takes up to `need` may begin now: in a window, or within the emergency's time limit."""
    found = declared(run)
    verdict = run.calendar(tier, hosts).may_begin(now, need)
    if verdict.ok or found is None:
        return verdict
    until = f"{found.until:%Y-%m-%d %H:%M} UTC"
    if now + need <= found.until:
        return yes(NAME, f"emergency until {until}, by {found.by}: {found.reason}")
    over = "is over" if now >= found.until else f"has no room for {-(-int(need.total_seconds()) // 60)} min any more"
    return no(verdict.code, f"the emergency until {until} {over}; {verdict.reason}", until=verdict.until)


def second_person(run: Run) -> str | None:
    """Return who else agreed to an emergency once it was declared, or None: earlier nobody knew of it."""
    found = declared(run)
    if found is None:
        return None
    wanted = [asked(run.plan, run.said, tier, found.at).approvals for tier in run.plan.tiers]
    people = {name for each in wanted if each for name in each.people}
    mine = {found.by, *requesters(run.plan, run.opened_by, run.said)}
    later = (vote for vote in run.said.votes if vote.at >= found.at)
    votes = (vote for vote in later if isinstance(vote, Approved) and not vote.doubt)
    names = (vote.by for vote in votes if vote.digest == run.plan.digest and vote.by not in mine)
    return next((name for name in names if not people or name in people), None)


def second_person_gate(run: Run) -> Verdict:
    """Say whether an emergency for which a second person is wanted has one."""
    if declared(run) is None or not run.plan.emergency.second_person or second_person(run):
        return yes("no_second_person_needed", "no second person is waited for")
    return no("second_person", "an emergency here needs a second person who agrees, and nobody else has")


def owes_review(run: Run) -> str | None:
    """Return why a run owes a review, or None: nobody but who declared its emergency had a look at it."""
    found = run.said.emergency
    if found is None or second_person(run) or any(not review.doubt for review in run.said.reviews):
        return None
    return f"an emergency of {found.by}, which nobody else agreed to: {found.reason}"
