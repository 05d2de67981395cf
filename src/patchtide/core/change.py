"""Change requests: what a plan says of itself to those who are to agree, and how risky it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from patchtide.core.listing import listed
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import ReturnBy
from patchtide.core.said import ChangeRequested
from patchtide.core.wall import longest_need

LIKELIHOODS = ("low", "medium", "high")
IMPACTS = ("low", "medium", "high", "critical")
_LEVELS = ((2, "low"), (4, "medium"), (8, "high"))
_MANY = 12


def score(request: ChangeRequested) -> int:
    """Return the risk of a change: likelihood (1 to 3) times impact (1 to 4)."""
    return (LIKELIHOODS.index(request.likelihood) + 1) * (IMPACTS.index(request.impact) + 1)


def level(points: int) -> str:
    """Return the risk in a word: low up to 2, medium up to 4, high up to 8, critical above."""
    return next((word for most, word in _LEVELS if points <= most), "critical")


def impact_of(plan: Plan) -> str:
    """Return how much of the change is felt, as the windows of its last tier say; medium where they do not."""
    worst = [IMPACTS.index(window.impact) for window in plan.tiers[-1].windows if window.impact in IMPACTS]
    return IMPACTS[max(worst)] if worst else "medium"


def what(plan: Plan) -> str:
    """Return what a plan changes: which packages, on which hosts."""
    hosts = [host.name for host in plan.hosts.values() if host.changes]
    files = sorted({package.exact for packages in plan.patch_set.values() for package in packages})
    tiers = ", ".join(f"{tier.name} ({listed(tier.hosts, _MANY)})" for tier in plan.tiers)
    return f"{len(files)} packages on {len(hosts)} hosts: {listed(files, _MANY)}; tiers in order: {tiers}"


def schedule(plan: Plan, now: datetime) -> str:
    """Return when a plan's tiers may be worked on next, and for how long a wave may take."""
    return "; ".join(_when(plan, tier, now) for tier in plan.tiers)


def rollback_plan(plan: Plan) -> str:
    """Return how each tier is put back."""
    return "; ".join(f"{tier.name}: {_WAYS[tier.returns]}, on failure {tier.on_failure}" for tier in plan.tiers)


def testing_plan(plan: Plan) -> str:
    """Return how it is found out whether the change did harm."""
    return "; ".join(_tests(plan)) + f"; later tiers get only what {plan.tiers[0].name} has installed and kept"


_WAYS = {
    ReturnBy.PACKAGES: "the old packages, proven on each host before it is touched",
    ReturnBy.SNAPSHOT: "the old packages, then a snapshot, proven on each host before it is touched",
    ReturnBy.NONE: "none",
}


def _tests(plan: Plan) -> Iterator[str]:
    for tier in plan.tiers:
        checks = ", ".join(check.name for check in plan.checks_of(tier.name))
        soak = f", again for {_minutes(tier.soak)} after the last wave" if tier.soak else ""
        yield f"{tier.name}: {checks or 'no check'} before and after each host's update{soak}"


def _when(plan: Plan, tier: TierPlan, now: datetime) -> str:
    need = longest_need(plan, tier).total
    opening = plan.calendar(tier).next_opening(now, need)
    if opening is None:
        return f"{tier.name}: never open"
    opens = f"{opening.opens.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if opening.opens > now else "now"
    return f"{tier.name}: window {opening.name} from {opens}, {len(tier.waves)} waves of up to {_minutes(need)}"


def _minutes(span: timedelta) -> str:
    return f"{-(-int(span.total_seconds()) // 60)} min"
