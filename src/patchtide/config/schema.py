"""The configuration file as its users write it; what the parts mean to the engine is in `mean`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.backup import Backup
from patchtide.config.checks import HealthCheck
from patchtide.config.consent import Checklist, Emergency
from patchtide.config.impacts import Impacts
from patchtide.config.maintenance import Maintenance
from patchtide.config.notices import Channel
from patchtide.config.scalars import (
    DURATION_PATTERN,
    Budget,
    Date,
    Duration,
    Line,
    Name,
    Names,
    Period,
    Wave,
    Zone,
    duration_of,
    line_text,
    spelled,
    wrong,
    zone_of,
)
from patchtide.config.scalars import choice as _choice
from patchtide.config.scalars import whole as _whole
from patchtide.config.section import Section
from patchtide.config.times import Blackout, Window
from patchtide.core.meant import meant
from patchtide.core.patchset import MinimumAge
from patchtide.core.policy import Amount, OnFailure, RebootPolicy, RestartPolicy, ReturnBy, ValidFor
from patchtide.core.timekeeping import ClockPolicy
from patchtide.core.waves import EVERYONE
from patchtide.core.windows import ALWAYS, HOST

_FORKS: Final = (1, 500)
_PEOPLE: Final = (1, 100)
_SPREAD: Final = (1, 500)
_PATTERN = re.compile(r"[^\s@-][^\s]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PACKAGE = re.compile(r"[a-z0-9*?\[][a-z0-9+.*?\[\]!-]*")


def _pattern(value: object) -> str:
    text = line_text(value)
    if not _PATTERN.fullmatch(text):
        hint = "Write one as in `env_prod` or `web:&europe`: no blanks, no `-` or `@` in front."
        raise wrong(f"is {text!r}, which is no host pattern", hint)
    if any(mark in text for mark in ("{{", "{%", "{#")):
        raise wrong(f"is {text!r}, but templates are not run", "Write the pattern out.")
    return text


def _variable(value: object) -> str:
    text = line_text(value)
    if not _VARIABLE.fullmatch(text):
        raise wrong(f"is {text!r}, which is no name of a host variable")
    return text


def _package(value: object) -> str:
    text = line_text(value)
    if not _PACKAGE.fullmatch(text):
        raise wrong(f"is {text!r}, which is no package name and no pattern of one", "Write nginx, or linux-image-*.")
    return text


def _ages(value: object) -> MinimumAge:
    """Return what is written as one duration, or as one for all updates and one for those that fix security."""
    if not isinstance(value, dict):
        return MinimumAge(duration_of(value))
    for key in value:
        if key not in _AGES:
            raise wrong(f"has an unknown key {key!r}", meant(str(key), _AGES), (key,))
    if "all" not in value:
        raise wrong("does not say how old `all` updates have to be")
    ages = MinimumAge(duration_of(value["all"]), duration_of(value.get("security", "0s")))
    if ages.security > ages.everything:
        raise wrong("makes security updates wait longer than all others", at=("security",))
    return ages


def _kind_of_ages() -> tuple[PlainValidator, PlainSerializer, WithJsonSchema]:
    one = {"type": "string", "pattern": DURATION_PATTERN}
    both = {
        "type": "object",
        "properties": dict.fromkeys(_AGES, one),
        "required": ["all"],
        "additionalProperties": False,
    }
    return PlainValidator(_ages), PlainSerializer(str, return_type=str), WithJsonSchema({"anyOf": [one, both]})


_AGES = ("all", "security")


@dataclass(frozen=True, slots=True)
class TierZone:
    """The zone of a tier: one for all, or `host` with the host variable that names it (none: as the host is set)."""

    zone: str
    variable: str = ""

    def __str__(self) -> str:
        """Return the zone as it is written."""
        return f"{{variable: {self.variable}}}" if self.variable else self.zone


def _zone(value: object) -> TierZone:
    if isinstance(value, dict):
        if list(value) != ["variable"]:
            raise wrong("is a mapping, but not {variable: NAME}")
        return TierZone(HOST, _variable(value["variable"]))
    return TierZone(HOST if value == HOST else zone_of(value))


def _kind_of_zone() -> tuple[PlainValidator, PlainSerializer, WithJsonSchema]:
    by_variable = {
        "type": "object",
        "properties": {"variable": {"type": "string"}},
        "required": ["variable"],
        "additionalProperties": False,
    }
    return (
        PlainValidator(_zone),
        PlainSerializer(str, return_type=str),
        WithJsonSchema({"anyOf": [{"type": "string", "examples": [HOST, "Europe/Berlin"]}, by_variable]}),
    )


class Approvals(Section):
    """Who has to agree before the tier is worked on; the requester of a run never counts."""

    count: Annotated[int, *_whole(_PEOPLE)]
    """How many of them have to agree."""
    from_: Names = Field(alias="from")
    """The people who may agree, by their user names."""
    notice: Duration = timedelta(0)
    """How long after the request things may begin at the earliest."""
    valid_for: Annotated[ValidFor, *_choice(tuple(ValidFor), ValidFor)] = ValidFor.OPENING
    """What an approval is good for: the `opening` that comes next, or the whole `run`."""

    @model_validator(mode="after")
    def _enough_people(self) -> Self:
        if self.count > len(self.from_):
            raise wrong(f"asks for {self.count} approvals, but {len(self.from_)} may give one", at=("count",))
        return self


class Ordering(Section):
    """Which hosts of a tier go before which."""

    variable: Annotated[str, PlainValidator(_variable), WithJsonSchema({"type": "string"})]
    """A host variable, which every host of the tier has."""
    values: Names
    """Its values, the one that goes first first: [replica, primary]."""


class Canaries(Section):
    """The hosts of a tier that go first, and soak before all others."""

    hosts: Names = ()
    """Which: names of the inventory."""
    count: Wave | None = None
    """How many, of those that get something: a count or a percentage of the tier."""
    soak: Duration = timedelta(0)
    """For how long their health is judged again before the others begin, every `soak_every` of the tier."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.hosts) == (self.count is not None):
            raise wrong("has to say either which `hosts` or how many (`count`)")
        return self


class Tier(Section):
    """Hosts that are updated together; tiers are promoted in the order in which they are written."""

    name: Name
    """What the tier is called."""
    hosts: Annotated[str, PlainValidator(_pattern), WithJsonSchema({"type": "string"})]
    """The tier's hosts, as an Ansible host pattern."""
    window: Names
    """`always`, or the names of the windows in which the tier may be worked on: it has to be said."""
    timezone: Annotated[TierZone | None, *_kind_of_zone()] = None
    """The zone of its windows and blackouts that do not name one: a zone, `host` for the clock of each host itself, or
    `{variable: site_timezone}` for the zone that a host variable names; the file's `timezone` when left out."""
    soak: Duration = timedelta(0)
    """For how long health is judged again after the last wave before the next tier begins."""
    soak_every: Period = timedelta(minutes=5)
    """The time between two looks while the tier soaks."""
    waves: Annotated[tuple[Wave, ...], Field(min_length=1)] = EVERYONE
    """How many hosts go at once, as counts or percentages of the tier; the last one repeats."""
    spread_by: Annotated[str | None, PlainValidator(_variable), WithJsonSchema({"type": "string"})] = None
    """A host variable: no two hosts with the same value are in one wave."""
    spread_most: Annotated[int, *_whole(_SPREAD)] = 1
    """How many hosts with the same value of `spread_by` one wave takes."""
    wave_per: Annotated[str | None, PlainValidator(_variable), WithJsonSchema({"type": "string"})] = None
    """A host variable (a cluster, a site): all hosts with one value are one wave; instead of `waves`."""
    order_by: Ordering | None = None
    """Which hosts go before which, for example replicas before primaries: never in one wave."""
    canary: Canaries | None = None
    """The hosts that go first; `waves` are cut from the others."""
    pause: Duration = timedelta(0)
    """The time between the end of a wave and the begin of the next one, at the least."""
    approvals: Approvals | None = None
    """Who has to agree first; nobody when left out."""
    request: Annotated[str, *_choice(("optional", "required"))] = "optional"
    """`required`: nothing begins before somebody made a change request for the very plan."""
    failure_budget: Budget = Amount(count=0)
    """How many hosts may fail, over all waves, before the tier stops; unreachable ones count."""
    wave_budget: Budget | None = None
    """How many hosts of one wave may fail before the tier stops; as many as `failure_budget` says when left out."""
    on_failure: Annotated[OnFailure, *_choice(tuple(OnFailure), OnFailure)] = OnFailure.ROLLBACK
    """What happens to a host whose update did harm; beyond the budget `rollback` puts back the rest of its wave too,
    and `rollback_tier` all that the tier has patched."""
    return_: Annotated[ReturnBy | None, *_choice(tuple(ReturnBy), ReturnBy)] = Field(default=None, alias="return")
    """The way back that is proven before a host is touched; the file's `return` when left out."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if ALWAYS in self.window and len(self.window) > 1:
            raise wrong(f"has {ALWAYS!r} beside other windows", "Keep one or the other.", ("window",))
        soaks = max(self.soak, self.canary.soak if self.canary else self.soak)
        if "soak_every" in self.model_fields_set and self.soak_every > soaks:
            message = f"looks every {spelled(self.soak_every)} during a soak of {spelled(soaks)}, which is never"
            raise wrong(message, "Give `soak` more time.", ("soak_every",))
        if "spread_most" in self.model_fields_set and self.spread_by is None:
            raise wrong("says how many hosts go at once, but not of what", "Add `spread_by`.", ("spread_most",))
        if self.wave_per is not None and "waves" in self.model_fields_set:
            raise wrong("has wave sizes beside `wave_per`", "Keep one of them.", ("waves",))
        return self


class Exclusion(Section):
    """Packages that stay as they are until a day, because somebody says so."""

    package: Annotated[str, PlainValidator(_package), WithJsonSchema({"type": "string"})]
    """The package's name, or a pattern such as linux-image-*."""
    owner: Line
    """Who said so, and is asked when the time is up."""
    reason: Line
    """Why."""
    until: Date
    """The last day; from the next one on the exclusion is an error until it is renewed or removed."""


class Updates(Section):
    """Which of the pending updates are wanted."""

    only: Annotated[str, *_choice(("security", "all"))] = "all"
    """`security`: only what a security origin publishes or an advisory names, with what that needs."""
    exclude: tuple[Exclusion, ...] = ()
    """Packages that stay as they are."""
    minimum_age: Annotated[MinimumAge, *_kind_of_ages()] = MinimumAge()
    """How long an update has to be out: `3d`, for all but security updates, or `{all: 3d, security: 6h}`."""
    removals: Annotated[str, *_choice(("refuse", "allow"))] = "refuse"
    """`allow`: updates for which other packages have to leave too; a test host has to lose them first."""


class Limits(Section):
    """How long things may take on a host. A window that has no room for all of them is not begun."""

    patch: Period = timedelta(minutes=10)
    """The update itself."""
    reboot: Period = timedelta(minutes=5)
    """A reboot, until the host answers again."""
    rollback: Period = timedelta(minutes=10)
    """The way back."""
    lost: Period = timedelta(minutes=10)
    """For how long a host that stopped answering is looked for, beyond the time in which it may come back by itself."""
    confirm: Duration = timedelta(minutes=5)
    """How long after everything should be done a host that nobody confirmed restores itself; `0s`: it never does."""


class Services(Section):
    """What becomes of services that still run files which an update replaced (a library, mostly)."""

    restart: Annotated[RestartPolicy, *_choice(tuple(RestartPolicy), RestartPolicy)] = RestartPolicy.NEVER
    """`when_stale`: they are restarted with the update; `never`: they are only named."""
    keep: Names = ()
    """Units that are never restarted, for example `postgresql@15-main.service`."""


class CalendarFile(Section):
    """The part of a configuration that says when something may happen."""

    timezone: Zone = "UTC"
    """The zone of all windows and blackouts that do not name one."""
    clock: Annotated[ClockPolicy, *_choice(tuple(ClockPolicy), ClockPolicy)] = ClockPolicy.AVOID_UNSYNCED
    """Whether the clock of the machine that runs this is believed: `avoid_unsynced` begins nothing while it says that
    it is not synchronised, `require_sync` begins nothing unless it says that it is, `trust` does not ask."""
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    """The tiers, in the order of promotion."""
    windows: dict[Name, Window] = Field(default_factory=dict)
    """The windows by name."""
    blackouts: tuple[Blackout, ...] = ()
    """Days on which nothing may happen."""


class ConfigFile(CalendarFile):
    """patchtide.yml: which hosts are updated, in which order, when, and what has to hold afterwards."""

    inventory: Names
    """The Ansible inventory: a path, or several, relative to this file."""
    state: Line | None = None
    """The folder of the log and the lock, relative to this file; .patchtide beside it when left out."""
    forks: Annotated[int, *_whole(_FORKS)] = 20
    """How many hosts are worked on at the same moment."""
    failure_budget: Budget | None = None
    """How many hosts of the whole run may fail before it stops; each tier's own budget holds besides."""
    updates: Updates = Field(default_factory=Updates)
    """Which of the pending updates are wanted."""
    health: tuple[HealthCheck, ...] = ()
    """What has to hold on every host after its update; every tier needs at least one check."""
    monitor: Duration = timedelta(0)
    """For how long everything is judged again after the last wave of all; what fails by then is still put back."""
    monitor_every: Period = timedelta(minutes=5)
    """The time between two looks while that lasts."""
    limits: Limits = Field(default_factory=Limits)
    """How long things may take on a host."""
    reboot: Annotated[RebootPolicy, *_choice(tuple(RebootPolicy), RebootPolicy)] = RebootPolicy.WHEN_OWED
    """Whether a reboot that an update makes necessary is done in the same window."""
    services: Services = Field(default_factory=Services)
    """What becomes of services that still run replaced files."""
    return_: Annotated[ReturnBy, *_choice(tuple(ReturnBy), ReturnBy)] = Field(ReturnBy.PACKAGES, alias="return")
    """The way back of tiers that do not say: `packages`, `snapshot` (packages first, then a snapshot of the root file
    system), or `none`, which needs approvals."""
    maintenance: Maintenance | None = None
    """What is done around a host's update: load balancers, alerts, a flag, hooks."""
    backup: Backup | None = None
    """How hosts are backed up before their update."""
    impacts: Impacts | None = None
    """What each impact class may contain and asks for. Where this is left out, the classes have their defaults, and ask
    nobody."""
    trust: Names = ()
    """Public keys whose signatures count, as paths relative to this file; with any, only signed plans are run."""
    checklists: tuple[Checklist, ...] = ()
    """What has to be done by when before a tier's opening."""
    emergency: Emergency = Field(default_factory=Emergency)
    """What an emergency may do."""
    notices: tuple[Channel, ...] = ()
    """Who is told of planned windows, and of what becomes of a run."""
    people: dict[Line, Names] = Field(default_factory=dict)
    """The public keys of people, as relative paths: a word of theirs counts when one of these signed it."""
