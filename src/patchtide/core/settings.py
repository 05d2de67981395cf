"""What a project asks for, once its configuration was read and found sound."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from patchtide.core.backup import Backup
from patchtide.core.calendar import Calendar
from patchtide.core.channels import Channel
from patchtide.core.health import Check
from patchtide.core.impact import TABLE, Impact, Rules
from patchtide.core.maintenance import Maintenance
from patchtide.core.patchset import Selection
from patchtide.core.policy import (
    NONE,
    Amount,
    Approvals,
    Canary,
    ChecklistItem,
    EmergencyPolicy,
    Limits,
    OnFailure,
    Order,
    RebootPolicy,
    Restarts,
    ReturnBy,
)
from patchtide.core.timekeeping import ClockPolicy
from patchtide.core.waves import EVERYONE
from patchtide.core.windows import Shut, When


@dataclass(frozen=True, slots=True)
class TierSettings:
    """One tier as configured; `pattern` is an Ansible host pattern, `spread_by` and `wave_per` are host variables.

    `where` is the file and line that says so, for errors.
    """

    name: str
    pattern: str
    windows: tuple[When, ...] = ()
    always: bool = False
    waves: tuple[Amount, ...] = EVERYONE
    spread_by: str | None = None
    soak: timedelta = timedelta(0)
    soak_every: timedelta = timedelta(minutes=5)
    failure_budget: Amount = NONE
    on_failure: OnFailure = OnFailure.ROLLBACK
    approvals: Approvals | None = None
    returns: ReturnBy = ReturnBy.PACKAGES
    checklist: tuple[ChecklistItem, ...] = ()
    request: bool = False
    wave_budget: Amount | None = None
    wave_per: str | None = None
    spread_most: int = 1
    order: Order | None = None
    canary: Canary | None = None
    pause: timedelta = timedelta(0)
    where: str = ""
    zone_from: str = ""
    """The host variable that names a host's zone; empty for the one that the host itself is set to."""

    def one_wave(self) -> "TierSettings":
        """Return the tier with all its hosts in one wave, whatever its hosts are like."""
        return replace(self, waves=EVERYONE, spread_by=None, wave_per=None, order=None, canary=None)


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole project; paths are absolute.

    `state` is the directory that holds the log and the lock, `trust` are files of public keys, `people` whose they are.
    """

    path: str
    inventory: tuple[str, ...]
    state: str
    tiers: tuple[TierSettings, ...]
    windows: Mapping[str, When] = field(default_factory=dict)
    blackouts: tuple[Shut, ...] = ()
    selection: Selection = field(default_factory=Selection)
    checks: tuple[Check, ...] = ()
    limits: Limits = field(default_factory=Limits)
    reboot: RebootPolicy = RebootPolicy.WHEN_OWED
    restarts: Restarts = Restarts()
    monitor: timedelta = timedelta(0)
    monitor_every: timedelta = timedelta(minutes=5)
    maintenance: Maintenance = Maintenance()
    backup: Backup | None = None
    forks: int = 20
    failure_budget: Amount | None = None
    trust: tuple[str, ...] = ()
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clock: ClockPolicy = ClockPolicy.AVOID_UNSYNCED
    impacts: Mapping[Impact, Rules] = field(default_factory=lambda: dict(TABLE))
    impacts_ask: bool = False
    """Whether the classes' notice and approvals hold, which they do where the configuration has them."""
    emergency: EmergencyPolicy = EmergencyPolicy()
    channels: tuple[Channel, ...] = ()

    def calendar(self, tier: TierSettings, zones: tuple[str, ...] = ()) -> Calendar:
        """Return when a tier may be worked on; `zones` are those of its hosts, where it goes by their clocks."""
        shut = tuple(b for b in self.blackouts if not b.tiers or tier.name in b.tiers)
        return Calendar(tier.windows, shut, tier.always, zones)
