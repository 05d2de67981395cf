"""The plan: the locked patch set, who gets what of it, in which waves, under which policy. Frozen, with a digest."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime, timedelta

from patchtide.core.backup import Backup
from patchtide.core.calendar import Calendar
from patchtide.core.channels import Channel
from patchtide.core.health import HOST, Check, made_in
from patchtide.core.maintenance import Maintenance, entering_room
from patchtide.core.pace import Pace
from patchtide.core.packages import Package, Removal
from patchtide.core.policy import (
    Amount,
    Approvals,
    Asked,
    ChecklistItem,
    EmergencyPolicy,
    Limits,
    OnFailure,
    RebootPolicy,
    Restarts,
    ReturnBy,
)
from patchtide.core.signature import Signature
from patchtide.core.timekeeping import ClockPolicy
from patchtide.core.windows import Shut, When

SCHEMA = "patchtide/plan/v1"


@dataclass(frozen=True, slots=True)
class Change:
    """One package on one host: `key` names it in the lock, `previous` is what is installed (None: it comes new)."""

    key: str
    previous: str | None


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What one host gets and which packages leave it for that.

    `refused` says why it gets nothing at all, `left_out` which updates stay away and why; `owes_reboot` are the
    reasons for a reboot that was put off before this plan, `skipped` the health checks whose program is not there.
    """

    name: str
    platform: str
    machine_id: str
    changes: tuple[Change, ...]
    left_out: Mapping[str, str]
    refused: str | None = None
    unreachable: bool = False
    removes: tuple[Removal, ...] = ()
    owes_reboot: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    @property
    def pointless(self) -> bool:
        """Whether the plan refuses the host, or has nothing for it."""
        return self.refused is not None or not self.changes


@dataclass(frozen=True, slots=True)
class TierPlan:
    """One tier: waves of host names, and the policy by which they are let in, judged and undone.

    `failure_budget` is over all its waves, `wave_budget` for each of them. The first `canaries` waves soak before the
    others begin; `pause` is the least time between two waves.
    """

    name: str
    waves: tuple[tuple[str, ...], ...]
    windows: tuple[When, ...]
    always: bool
    soak: timedelta
    soak_every: timedelta
    failure_budget: Amount
    on_failure: OnFailure
    approvals: Approvals | None = None
    pattern: str = ""
    returns: ReturnBy = ReturnBy.PACKAGES
    zones: Mapping[str, str] = field(default_factory=dict)
    """The time zone of each host, where the tier goes by its hosts' clocks."""
    impact: str = ""
    """The impact class of the tier's change, and in `impact_why` what is too much for the class below."""
    impact_why: str = ""
    refused: str = ""
    """Why none of the tier's windows takes its change; empty when one does."""
    no_emergency: str = ""
    """What is too much for an emergency about the tier's change; empty when nothing is."""
    urgent: Asked | None = None
    """What class `emergency` asks of people while its run is one; None: what is asked anyway, without the notice."""
    checklist: tuple[ChecklistItem, ...] = ()
    request: bool = False
    wave_budget: Amount | None = None
    canaries: int = 0
    canary_soak: timedelta = timedelta(0)
    pause: timedelta = timedelta(0)
    announce: tuple[timedelta, ...] = ()
    """How long before an opening people are told of it, each time."""

    @property
    def canary_hosts(self) -> tuple[str, ...]:
        """The hosts that go first, before all others."""
        return tuple(host for wave in self.waves[: self.canaries] for host in wave)

    @property
    def hosts(self) -> tuple[str, ...]:
        """All hosts of the tier, in the order of its waves."""
        return tuple(host for wave in self.waves for host in wave)

    @property
    def size(self) -> int:
        """How many hosts the tier has."""
        return sum(map(len, self.waves))


@dataclass(frozen=True, slots=True)
class Attested:
    """The bundle that a plan's patch set comes from: `digest` is of its manifest, `key` names who signed it.

    `files` are the hashes of what hosts of `run`, elsewhere, have installed and kept. That counts as proven here only
    because somebody whose key is trusted says so; without a trusted key there is none.
    """

    bundle: str
    digest: str
    run: str
    key: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run needs to know, written down before it begins.

    `paces` is how long steps took in earlier runs, `forks` how many hosts are worked on at once (0: all of a wave).
    `failure_budget` is how many hosts may fail in all tiers together, None: as many as each tier's own allows.
    `channels` are told of planned windows and of what becomes of them.
    `digest` is over all the rest but the signatures, which are made of it.
    """

    schema: str
    created_at: datetime
    created_by: str
    inventory: tuple[str, ...]
    patch_set: Mapping[str, tuple[Package, ...]]
    hosts: Mapping[str, HostPlan]
    tiers: tuple[TierPlan, ...]
    blackouts: tuple[Shut, ...]
    checks: tuple[Check, ...]
    limits: Limits
    reboot: RebootPolicy
    enter_hook: str | None = None
    leave_hook: str | None = None
    restarts: Restarts = Restarts()
    monitor: timedelta = timedelta(0)
    monitor_every: timedelta = timedelta(minutes=5)
    attested: Attested | None = None
    standing: Mapping[str, str] = field(default_factory=dict)
    """Files that hosts of the first tier have had since an earlier run proved them: sha256, and that run."""
    clock: ClockPolicy = ClockPolicy.TRUST
    maintenance: Maintenance = Maintenance()
    backup: Backup | None = None
    emergency: EmergencyPolicy = EmergencyPolicy()
    paces: tuple[Pace, ...] = ()
    forks: int = 0
    failure_budget: Amount | None = None
    channels: tuple[Channel, ...] = ()
    digest: str = ""
    signatures: tuple[Signature, ...] = ()

    def packages(self, host: str) -> tuple[tuple[Package, str | None], ...]:
        """Return the exact files of a host's change, each with the version that it replaces."""
        host_plan = self.hosts[host]
        locked = {package.key: package for package in self.patch_set.get(host_plan.platform, ())}
        return tuple((locked[change.key], change.previous) for change in host_plan.changes)

    def checks_of(self, tier: str) -> tuple[Check, ...]:
        """Return the health checks that judge the hosts of a tier: those that are made."""
        return made_in(self.checks, tier)

    def calendar(self, tier: TierPlan, hosts: Iterable[str] | None = None) -> Calendar:
        """Return when some hosts of a tier may be worked on together; by default any that it has."""
        shut = tuple(b for b in self.blackouts if not b.tiers or tier.name in b.tiers)
        asked = (tier.hosts if hosts is None else hosts) if tier.zones else ()
        zones = {tier.zones[host] for host in asked if host in tier.zones}
        return Calendar(tier.windows, shut, tier.always, tuple(sorted(zones)), tier.refused)

    def backup_of(self, tier: str) -> Backup | None:
        """Return how the hosts of a tier are backed up before their update; None: they are not."""
        return self.backup if self.backup is not None and self.backup.concerns(tier) else None

    def entering(self, tier: str) -> timedelta:
        """Return what entering maintenance mode may cost a wave of its window, beside the wall."""
        return entering_room(self.maintenance, tier)

    def enters_with_update(self, tier: str) -> bool:
        """Return whether a host enters maintenance mode in the same call as its update: no tasks stand in between."""
        return self.enter_hook is None and not self.maintenance.of(tier).has_tasks

    def leaves_with_verification(self, tier: str) -> bool:
        """Return whether a host that is well leaves maintenance mode in the call that finds it so.

        Where the controller looks too, it is not for the host alone to say.
        """
        return self.enters_with_update(tier) and all(check.source == HOST for check in self.checks_of(tier))

    def returns(self, tier: str) -> ReturnBy:
        """Return the way back that the hosts of a tier have."""
        return next(one.returns for one in self.tiers if one.name == tier)

    def wave_of(self, host: str) -> tuple[str, ...]:
        """Return the hosts that go together with this one."""
        return next(wave for tier in self.tiers for wave in tier.waves if host in wave)

    def rounds(self, hosts: int) -> int:
        """Return how often a step has to begin until so many hosts have done it."""
        return max(1, -(-hosts // self.forks)) if self.forks else 1


def misfit(plan: Plan) -> str | None:
    """Say what in a plan does not fit together, or None: whatever is decided later relies on this."""
    if not placed(plan.created_at):
        return "its date is none that a clock shows, or has no time zone"
    named = [host for tier in plan.tiers for host in tier.hosts]
    if not named or not all(wave for tier in plan.tiers for wave in tier.waves):
        return "a tier or a wave has no hosts"
    if sorted(named) != sorted(plan.hosts) or any(name != host.name for name, host in plan.hosts.items()):
        return "the hosts of the tiers are not those of the plan, each once"
    if len({tier.name for tier in plan.tiers}) != len(plan.tiers):
        return "two tiers have one name"
    if unasked := [one.name for one in plan.tiers if one.returns is ReturnBy.NONE and one.approvals is None]:
        return f"tier {unasked[0]!r} has no way back (return: none), and nobody who approves that"
    if odd := [owner for owner, budget in _budgets(plan) if not budget.makes_sense]:
        return f"the failure budget of {odd[0]} is neither a number of hosts nor a percentage"
    for host in plan.hosts.values():
        files = {package.key for package in plan.patch_set.get(host.platform, ())}
        missing = [change.key for change in host.changes if change.key not in files]
        if missing:
            return f"{host.name} gets {missing[0]}, which is not in the patch set"
    return next((problem for tier in plan.tiers if (problem := _calendar_problem(plan, tier))), None)


def _budgets(plan: Plan) -> Iterator[tuple[str, Amount]]:
    """Yield every failure budget that a plan has, with whose it is."""
    of_tiers = ((tier, budget) for tier in plan.tiers for budget in (tier.failure_budget, tier.wave_budget))
    yield from ((f"tier {tier.name!r}", budget) for tier, budget in of_tiers if budget is not None)
    if plan.failure_budget is not None:
        yield "the whole run", plan.failure_budget


def placed(instant: datetime) -> bool:
    """Tell whether an instant has a time zone and is one that can be told in any other."""
    return instant.tzinfo is not None and MINYEAR < instant.year < MAXYEAR


def _calendar_problem(plan: Plan, tier: TierPlan) -> str | None:
    try:
        plan.calendar(tier).may_begin(plan.created_at, timedelta(0))
    except (ValueError, KeyError, OverflowError, TypeError) as error:
        return f"a window or a blackout of tier {tier.name!r} cannot be read: {error}"
    return None
