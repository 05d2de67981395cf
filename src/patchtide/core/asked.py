"""What a tier asks of people: by its own class, or, while its run is an emergency, by class `emergency`."""

from datetime import datetime

from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import Asked
from patchtide.core.said import EmergencyDeclared, Said


def sound(plan: Plan, said: Said) -> EmergencyDeclared | None:
    """Return the emergency that was declared for a plan, if there is one, and no doubt about it."""
    found = said.emergency
    return found if found and not found.doubt and found.digest == plan.digest else None


def asked(plan: Plan, said: Said, tier: TierPlan, at: datetime) -> Asked:
    """Return what a tier asks of people at an instant.

    Class `emergency` takes the place of the change's own from its declaration until its time is over: what is left by
    then waits for its window, and is asked what any other change is.
    """
    found = sound(plan, said)
    if tier.urgent is not None and found and found.at <= at < found.until:
        return tier.urgent
    return calmly(tier)


def calmly(tier: TierPlan) -> Asked:
    """Return what a tier asks of people by its own class."""
    return Asked(tier.approvals, tier.request)
