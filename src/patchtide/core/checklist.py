"""Checklists before an opening: what has to be done by when, what is done, and with that: go, or no-go.

Automatic items are found out from the run, each by one function in `AUTOMATIC`; manual ones hold once a person has
ticked them, for the opening that comes next, as an approval does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from patchtide.core.approvals import current, opening_for, waived
from patchtide.core.hoststate import HostState
from patchtide.core.listing import listed
from patchtide.core.notices import notices_sent
from patchtide.core.plan import TierPlan
from patchtide.core.policy import ChecklistItem, ReturnBy
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.verdict import Verdict, no, yes

Automatic = Callable[[Run, TierPlan, datetime], Verdict]
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ItemState:
    """An item of a tier's checklist, when it is due (UTC; None: the tier never opens), and whether it is done."""

    tier: str
    item: ChecklistItem
    due: datetime | None
    verdict: Verdict


def item_states(run: Run, tier: TierPlan, now: datetime) -> tuple[ItemState, ...]:
    """Return the items of a tier's checklist, the first that is due first, as they stand."""
    opening = opening_for(run, tier, now) if tier.checklist else None
    ordered = sorted(tier.checklist, key=lambda item: -item.before)
    return tuple(
        ItemState(
            tier.name,
            item,
            max(run.opened_at, opening.opens - item.before) if opening else None,
            _verdict(run, tier, item, now),
        )
        for item in ordered
    )


def checklist_gate(run: Run, tier: TierPlan, now: datetime) -> Verdict:
    """Say go or no-go: every item of the tier's checklist is done, ticked or waived."""
    states = item_states(run, tier, now)
    missing = [state for state in states if not state.verdict.ok]
    if not missing:
        return yes("go", f"go: {len(states)} items of the checklist are done")
    told = "; ".join(f"{state.item.name}: {state.verdict.reason}" for state in missing[:_SHOWN])
    more = f"; and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    return no("checklist", f"no-go for tier {tier.name!r}, {len(missing)} of {len(states)} items open: {told}{more}")


def _verdict(run: Run, tier: TierPlan, item: ChecklistItem, now: datetime) -> Verdict:
    found = AUTOMATIC[item.auto](run, tier, now) if item.auto else _ticked(run, tier, item, now)
    if found.ok:
        return found
    for word in waived(run, tier, item.name):
        if current(run, tier, word.at, now):
            return yes("waived", f"waived by {word.by}: {word.reason}")
    return found


def _ticked(run: Run, tier: TierPlan, item: ChecklistItem, now: datetime) -> Verdict:
    mine = [word for word in run.said.ticks if word.item == item.name and word.digest == run.plan.digest]
    sound = [word for word in mine if not word.doubt]
    if found := next((word for word in sound if current(run, tier, word.at, now)), None):
        return yes("ticked", f"ticked by {found.by}" + (f": {found.comment}" if found.comment else ""))
    if sound:
        return no("open", f"{sound[-1].by} ticked it for an opening that is over")
    return no("open", f"the tick does not count: {mine[-1].doubt}" if mine else "nobody has ticked it")


def _earlier(run: Run, tier: TierPlan) -> list[HostState]:
    return [host for other in run.plan.tiers[: run.plan.tiers.index(tier)] for host in run.in_tier(other.name)]


def _named(hosts: Sequence[HostState]) -> str:
    return listed((host.name for host in hosts), _SHOWN + 1)


def _way_back_proven(run: Run, tier: TierPlan, _: datetime) -> Verdict:
    if tier.returns is ReturnBy.NONE:
        return no("way_back", "the tier has no way back (return: none)")
    waiting = [host for host in run.in_tier(tier.name) if host.next is Step.STAGE]
    if waiting:
        return no("way_back", f"not yet proven on {_named(waiting)}")
    return yes("way_back", "proven on every host while it was staged")


def _health_green(run: Run, tier: TierPlan, _: datetime) -> Verdict:
    earlier = _earlier(run, tier)
    bad = [host for host in earlier if host.failed]
    if bad:
        return no("health", f"{_named(bad)}: {bad[0].reason}")
    good = [host for host in earlier if host.end is EndState.PATCHED and host.verified_at is not None]
    if not good:
        return no("health", "no host of an earlier tier has been judged after its update")
    return yes("health", f"healthy after the update: {_named(good)}")


def _test_environment_ready(run: Run, tier: TierPlan, _: datetime) -> Verdict:
    earlier = _earlier(run, tier)
    unfinished = [host for host in earlier if not host.settled]
    if unfinished:
        return no("test_environment", f"not at an end yet: {_named(unfinished)}")
    patched = [host for host in earlier if host.end is EndState.PATCHED]
    if not patched:
        return no("test_environment", "no host of an earlier tier has the update")
    return yes("test_environment", f"has the update: {_named(patched)}")


def _backup_verified(run: Run, tier: TierPlan, _: datetime) -> Verdict:
    """Say whether there was a good backup of every host; that it is young enough is asked when the host is entered."""
    if run.plan.backup_of(tier.name) is None:
        return no("backup", "no `backup` is configured for the tier, so none is verified")
    waiting = [host for host in run.in_tier(tier.name) if not host.settled]
    missing = [host for host in waiting if host.backed_up is None]
    if missing:
        return no("backup", f"no backup was found good yet on {_named(missing)}")
    return yes("backup", f"found good: {_named(waiting) or 'nothing is left to be done'}")


AUTOMATIC: Mapping[str, Automatic] = MappingProxyType(
    {
        "backup_verified": _backup_verified,
        "health_green": _health_green,
        "way_back_proven": _way_back_proven,
        "test_environment_ready": _test_environment_ready,
        "notices_sent": notices_sent,
    }
)
"""What is found out by itself, by the word in the configuration: each says done or not, and why."""

OF_EARLIER_TIERS = frozenset({"health_green", "test_environment_ready"})
"""What the first tier can never answer."""
