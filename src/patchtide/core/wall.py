"""The wall: what a wave needs of its window, so that nothing begins that cannot finish before it closes.

The window is let in by what steps are expected to take: their pace in this fleet's earlier runs, and before there is
any, their limits. What a host is told is always the limits: nobody is cut off for being slower than most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from patchtide.core.health import HOST, PLAYBOOK, time_taken
from patchtide.core.pace import Pace, expected
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import CHECKS, REBOOT, UPDATE, WAY_BACK, ReturnBy, room
from patchtide.core.steps import Step


@dataclass(frozen=True, slots=True)
class Need:
    """What a wave needs of its window: each part, and of how many earlier samples it was learned (0: a limit)."""

    parts: Mapping[str, timedelta]
    samples: Mapping[str, int]
    rounds: int

    @property
    def total(self) -> timedelta:
        """All of it."""
        return sum(self.parts.values(), timedelta(0))


def need(plan: Plan, tier: str, hosts: Sequence[str]) -> Need:
    """Return what these hosts of a tier need, when they go together."""
    platforms = frozenset(plan.hosts[host].platform for host in hosts if plan.hosts[host].changes)
    limits, verify, quickest = plan.limits, time_taken(plan.checks_of(tier)), _quickest_pass(plan, tier)
    patch, patched = expected(plan.paces, Step.PATCH, platforms, limits.patch)
    reboot, rebooted = expected(plan.paces, Step.REBOOT, platforms, limits.reboot)
    checks, checked = expected(_of_hosts(plan, tier), Step.VERIFY, platforms, verify)
    back, returned = expected(plan.paces, Step.ROLLBACK, platforms, limits.rollback)
    pace = replace(limits, patch=patch, reboot=reboot, rollback=back)
    rounds = plan.rounds(len(hosts))
    parts = room(pace, plan.reboot, max(checks, quickest), plan.returns(tier), rounds)
    return Need(parts, {UPDATE: patched, REBOOT: rebooted, CHECKS: checked, WAY_BACK: returned}, rounds)


def entering_need(plan: Plan, tier: str, hosts: Sequence[str]) -> timedelta:
    """Return what entering maintenance mode may cost these hosts of their window, beside what they need then."""
    return plan.entering(tier) * plan.rounds(len(hosts))


def longest_need(plan: Plan, tier: TierPlan) -> Need:
    """Return what the wave of a tier needs that needs most."""
    return max((need(plan, tier.name, wave) for wave in tier.waves), key=lambda each: each.total)


def confirm_within(plan: Plan, tier: str, hosts: int) -> timedelta:
    """Return how long after its update began a host is to be confirmed, or restores itself; 0: it never does.

    So many hosts go together. It is the limit of all that comes before the way back.
    """
    if not plan.limits.confirm or plan.returns(tier) is ReturnBy.NONE:
        return timedelta(0)
    return longest(plan, tier, hosts) - _limits(plan, tier, hosts)[WAY_BACK]


def heard_within(plan: Plan, tier: str, hosts: int) -> timedelta:
    """Return how long after its way back began a host is to be heard again, or helps itself; 0: it never does."""
    confirm = plan.limits.confirm
    return _limits(plan, tier, hosts)[WAY_BACK] + confirm if confirm else timedelta(0)


def longest(plan: Plan, tier: str, hosts: int) -> timedelta:
    """Return the longest time that so many hosts of a tier may take together, way back included."""
    return sum(_limits(plan, tier, hosts).values(), timedelta(0))


def _limits(plan: Plan, tier: str, hosts: int) -> dict[str, timedelta]:
    rounds = plan.rounds(hosts)
    return room(plan.limits, plan.reboot, time_taken(plan.checks_of(tier)), plan.returns(tier), rounds)


def _of_hosts(plan: Plan, tier: str) -> tuple[Pace, ...]:
    """Return the known paces, but none where the controller looks too: its time is not in that of the hosts."""
    alone = all(check.source == HOST and check.kind != PLAYBOOK for check in plan.checks_of(tier))
    return plan.paces if alone else ()


def _quickest_pass(plan: Plan, tier: str) -> timedelta:
    """Return how long checks take at the least, whatever they took when they were set otherwise."""
    return max((check.warm_up + check.healthy_for for check in plan.checks_of(tier)), default=timedelta(0))
