"""Who has a say in a tier, and what they let a run go on without."""

from collections.abc import Iterator
from datetime import datetime

from patchtide.core.asked import asked
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.said import Said, Waived

HEALTH = "health:"
"""How the waiver of a health check begins; the check's name follows."""


def requesters(plan: Plan, opened_by: str, said: Said) -> frozenset[str]:
    """Return who asked for the change and never agrees to it: by the plan, by the run, or by a change request."""
    wanting = {word.by for word in said.requests if word.digest == plan.digest and not word.doubt}
    return frozenset({opened_by, plan.created_by, *wanting})


def may_speak(plan: Plan, opened_by: str, said: Said, tier: TierPlan, name: str, at: datetime) -> bool:
    """Tell whether a person has a say in a tier: whoever is asked then, anybody where nobody is; not a requester."""
    wanted = asked(plan, said, tier, at).approvals
    return wanted is None or (name in wanted.people and name not in requesters(plan, opened_by, said))


def waived(plan: Plan, opened_by: str, said: Said, tier: TierPlan, item: str) -> Iterator[Waived]:
    """Yield the words by which somebody who had a say let a tier go on without an item."""
    found = (word for word in said.waivers if word.item == item and not word.doubt and word.digest == plan.digest)
    return (word for word in found if may_speak(plan, opened_by, said, tier, word.by, word.at))


def checks_waived(plan: Plan, opened_by: str, said: Said, tier: str) -> frozenset[str]:
    """Return the health checks without which somebody who has a say lets a tier go on."""
    items = {word.item for word in said.waivers if word.item.startswith(HEALTH)}
    tiers = [one for one in plan.tiers if one.name == tier] if items else []
    known = {item for item in items for one in tiers if any(waived(plan, opened_by, said, one, item))}
    return frozenset(item.removeprefix(HEALTH) for item in known)
