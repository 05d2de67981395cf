"""A run: what its events add up to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patchtide.core.calendar import Calendar
from patchtide.core.deliveries import Deliveries
from patchtide.core.events import Aborted, Continued, Extended, Held, Paused
from patchtide.core.frozen import replace
from patchtide.core.hosts import Hosts
from patchtide.core.hoststate import HostState
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import ReturnBy
from patchtide.core.said import Said
from patchtide.core.steps import Outcome
from patchtide.core.windows import Opening


@dataclass(frozen=True, slots=True)
class Run:
    """One plan being carried out, as its events tell it."""

    plan: Plan
    opened_at: datetime
    opened_by: str
    hosts: Hosts
    attempt: int = 0
    said: Said = Said()
    aborted: Aborted | None = None
    paused: Paused | None = None
    continued: Continued | None = None
    extended: tuple[Extended, ...] = ()
    held: Held | None = None
    outcome: Outcome | None = None
    reason: str = ""
    ended_at: datetime | None = None
    seen: int = 0
    asked: frozenset[str] = field(default_factory=frozenset)
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Versions that stay out (`package=version`), and the tier in which that was learnt ("": a person said so)."""
    deliveries: Deliveries = field(default_factory=dict)

    def in_tier(self, tier: str) -> tuple[HostState, ...]:
        """Return the states of a tier's hosts, in the order of its waves."""
        return self.hosts.within(tier)

    def calendar(self, tier: TierPlan, hosts: Iterable[str] | None = None) -> Calendar:
        """Return when hosts of a tier may be worked on: as the plan says, and for longer where a person said so."""
        longer = tuple(Opening(e.window, e.since, e.until) for e in self.extended if e.tier == tier.name)
        return replace(self.plan.calendar(tier, hosts), extra=longer)

    def may_return(self, host: HostState) -> bool:
        """Return whether a host was changed, was not put back before, and has a way back at all."""
        return host.changed and not host.rolled_back and self.plan.returns(host.tier) is not ReturnBy.NONE
