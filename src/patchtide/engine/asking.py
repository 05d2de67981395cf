"""Whether a run may begin work on a tier at an instant: what `windows why-not` answers of it."""

from datetime import datetime
from typing import TypeAlias

from patchtide.core.emergency import may_begin
from patchtide.core.errors import UsageError
from patchtide.core.gates import stop_verdict, tier_gate
from patchtide.core.meant import meant
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.verdict import Verdict, no, yes
from patchtide.engine.desk import Blackouts
from patchtide.engine.inspect import unfinished
from patchtide.engine.pacing import room_of
from patchtide.ports import Store

Answer: TypeAlias = tuple[str, Verdict]
"""A tier, and whether it may be worked on."""


def why_not(run: Run, name: str | None, now: datetime, blackouts: Blackouts) -> Answer:
    """Return whether a wave of a run may begin, by all of its gates; without a name, of the tier that comes next."""
    tier = _tier(run, name)
    if run.outcome is not None:
        return tier.name, no("ended", f"the run has ended: {run.reason}")
    room = room_of(run.plan, tier)
    stop = stop_verdict(run)
    found = tier_gate(run, tier, now, room) if stop.ok else stop
    if not found.ok or found.code == "emergency":
        return tier.name, found
    known = blackouts(run.plan, tier.name, run.plan.calendar(tier).zones, now, room)
    return tier.name, found if known.ok else known


def _tier(run: Run, name: str | None) -> TierPlan:
    if name is None:
        left = (tier for tier in run.plan.tiers if not all(host.settled for host in run.in_tier(tier.name)))
        return next(left, run.plan.tiers[-1])
    found = next((tier for tier in run.plan.tiers if tier.name == name), None)
    if found is None:
        raise UsageError(f"the run has no tier {name!r}", hint=meant(name, [tier.name for tier in run.plan.tiers]))
    return found


def kept_open(store: Store, name: str, now: datetime) -> Verdict | None:
    """Return by which word of a person a tier of a run that has not ended is open, in spite of the windows; or None."""
    for run_id, run in unfinished(store):
        tier = next((tier for tier in run.plan.tiers if tier.name == name), None)
        if tier is not None and (run.extended or run.said.emergency):
            found = may_begin(run, tier, now, room_of(run.plan, tier))
            return yes(found.code, f"{found.reason} (run {run_id})") if found.ok else None
    return None
