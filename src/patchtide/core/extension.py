"""One opening of a window, kept open for longer because a person says so: which one, until when, and why not."""

from dataclasses import replace
from datetime import datetime, timedelta

from patchtide.core.errors import UsageError
from patchtide.core.gates import stop_verdict
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.core.windows import Opening

LONGEST_EXTENSION = timedelta(hours=4)
"""How much longer an opening may become in all: whoever needs more needs another window, and those who agree to it."""

_STILL_TO_BEGIN = frozenset({Step.STAGE, Step.ENTER, Step.PATCH})


def extension(run: Run, tier: str | None, now: datetime, longer: timedelta) -> tuple[str, Opening]:
    """Return the tier and the stretch by which its open, or else its next, window becomes longer; raises UsageError.

    Without a `tier` it is the first one in which something is still to begin.
    """
    if run.outcome is not None:
        raise UsageError(f"the run has ended: {run.reason}")
    stop = stop_verdict(run)
    if not stop.ok:
        raise UsageError(f"nothing begins in this run any more: {stop.reason}")
    if longer <= timedelta(0):
        raise UsageError("a window can only be made longer")
    of = _tier(run, tier)
    return of.name, _added(run, of, now, longer)


def _tier(run: Run, name: str | None) -> TierPlan:
    left = [tier for tier in run.plan.tiers if any(host.next in _STILL_TO_BEGIN for host in run.in_tier(tier.name))]
    found = [tier for tier in left if name in (None, tier.name)]
    if found:
        return found[0]
    if name is not None and name not in {tier.name for tier in run.plan.tiers}:
        known = ", ".join(tier.name for tier in run.plan.tiers)
        raise UsageError(f"the run has no tier {name!r}", hint=f"Known: {known}.")
    raise UsageError(f"nothing is still to begin in {'the run' if name is None else f'tier {name!r}'}")


def _added(run: Run, tier: TierPlan, now: datetime, longer: timedelta) -> Opening:
    calendar = run.calendar(tier)
    opening = calendar.next_opening(now)
    if tier.always:
        raise UsageError(f"tier {tier.name!r} has no window that closes: it is always open")
    if len(set(tier.zones.values())) > 1:
        raise UsageError(f"tier {tier.name!r} goes by its hosts' clocks in several zones: each closes at its own time")
    if opening is None:
        raise UsageError(f"tier {tier.name!r} has no window that opens, so there is nothing to make longer")
    if opening.closed_by is not None:
        raise UsageError(_blacked_out(opening, opening.closed_by), hint=_NEVER)
    added = Opening(opening.name, opening.closes, opening.closes + longer)
    _refuse_too_long(run, tier, opening, longer)
    wider = replace(calendar, extra=(*calendar.extra, added)).next_opening(now)
    if wider is not None and wider.closed_by is not None and wider.closes < added.closes:
        raise UsageError(_blacked_out(opening, wider.closed_by), hint=_NEVER)
    return added


_NEVER = "No extension goes into a blackout."


def _blacked_out(opening: Opening, blackout: str) -> str:
    return f"window {opening.name!r} cannot stay open for longer: then comes the blackout {blackout!r}"


def _refuse_too_long(run: Run, tier: TierPlan, opening: Opening, longer: timedelta) -> None:
    """However often it is asked for, an opening does not get longer and longer."""
    chained, since = longer, opening.closes
    for before in sorted((e for e in run.extended if e.tier == tier.name), key=lambda e: e.until, reverse=True):
        if before.until == since:
            chained, since = chained + (before.until - before.since), before.since
    if chained > LONGEST_EXTENSION:
        most = f"{LONGEST_EXTENSION // timedelta(hours=1)} h"
        raise UsageError(
            f"window {opening.name!r} would stay open for {chained} longer than it says, and {most} is the most",
            hint="Let the run wait for the next window, or make a plan with another one.",
        )
