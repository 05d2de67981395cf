"""The configuration file as its users write it; what the parts mean to the engine is in `mean`."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Final, Self

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.checks import HealthCheck
from patchtide.config.recurrence import needs_start, never_opens, rule_of
from patchtide.config.scalars import (
    DURATION_PATTERN,
    BlackoutDay,
    Budget,
    Clock,
    Date,
    Duration,
    Line,
    Name,
    Names,
    Period,
    Wave,
    Zone,
    count_of,
    duration_of,
    line_text,
    one_of,
    spelled,
    wrong,
)
from patchtide.config.section import Section
from patchtide.core.meant import meant
from patchtide.core.patchset import MinimumAge
from patchtide.core.policy import Amount, OnFailure, RebootPolicy, RestartPolicy, ReturnBy, ValidFor
from patchtide.core.waves import EVERYONE
from patchtide.core.windows import ALWAYS, Day

IMPACTS = ("low", "medium", "high", "emergency")
LONGEST_WINDOW = timedelta(days=7)
"""A longer window is a typing error, or a tier that is always open."""

_FORKS: Final = (1, 500)
_PEOPLE: Final = (1, 100)
_PATTERN = re.compile(r"[^\s@-][^\s]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PACKAGE = re.compile(r"[a-z0-9*?\[][a-z0-9+.*?\[\]!-]*")
_YEAR_DAYS = 366
_LEAP_YEAR = 2024


def _choice(choices: tuple[str, ...], made: Callable[[str], object] = str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(lambda value: made(one_of(value, choices))), WithJsonSchema({"enum": list(choices)})


def _whole(bounds: tuple[int, int]) -> tuple[PlainValidator, WithJsonSchema]:
    schema = {"type": "integer", "minimum": bounds[0], "maximum": bounds[1]}
    return PlainValidator(lambda value: count_of(value, *bounds)), WithJsonSchema(schema)


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


class Tier(Section):
    """Hosts that are updated together; tiers are promoted in the order in which they are written."""

    name: Name
    """What the tier is called."""
    hosts: Annotated[str, PlainValidator(_pattern), WithJsonSchema({"type": "string"})]
    """The tier's hosts, as an Ansible host pattern."""
    window: Names
    """`always`, or the names of the windows in which the tier may be worked on: it has to be said."""
    soak: Duration = timedelta(0)
    """For how long health is judged again after the last wave before the next tier begins."""
    soak_every: Period = timedelta(minutes=5)
    """The time between two looks while the tier soaks."""
    waves: Annotated[tuple[Wave, ...], Field(min_length=1)] = EVERYONE
    """How many hosts go at once, as counts or percentages of the tier; the last one repeats."""
    spread_by: Annotated[str | None, PlainValidator(_variable), WithJsonSchema({"type": "string"})] = None
    """A host variable: no two hosts with the same value are in one wave."""
    approvals: Approvals | None = None
    """Who has to agree first; nobody when left out."""
    failure_budget: Budget = Amount(count=0)
    """How many hosts may fail, over all waves, before the tier stops; unreachable ones count."""
    on_failure: Annotated[OnFailure, *_choice(tuple(OnFailure), OnFailure)] = OnFailure.ROLLBACK
    """What happens to a host whose update did harm."""
    return_: Annotated[ReturnBy | None, *_choice(tuple(ReturnBy), ReturnBy)] = Field(default=None, alias="return")
    """The way back that is proven before a host is touched; the file's `return` when left out."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if ALWAYS in self.window and len(self.window) > 1:
            raise wrong(f"has {ALWAYS!r} beside other windows", "Keep one or the other.", ("window",))
        if "soak_every" in self.model_fields_set and self.soak_every > self.soak:
            message = f"looks every {spelled(self.soak_every)} during a soak of {spelled(self.soak)}, which is never"
            raise wrong(message, "Give `soak` more time.", ("soak_every",))
        return self


class Window(Section):
    """A time in which tiers may be worked on, again and again."""

    rrule: Annotated[str, PlainValidator(rule_of), WithJsonSchema({"type": "string", "pattern": "FREQ="})]
    """The days, as a recurrence rule of RFC 5545: FREQ=WEEKLY;BYDAY=SU."""
    at: Clock
    """The local time at which it opens."""
    duration: Period
    """How long it stays open, in real time, whatever the clocks do."""
    timezone: Zone | None = None
    """The zone of `at`; the file's `timezone` when left out."""
    starts: Date | None = None
    """The first day that INTERVAL and COUNT are counted from; required with these."""
    impact: Annotated[str, *_choice(IMPACTS)] = ""
    """How much work in it is felt: shown wherever the window is."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.duration > LONGEST_WINDOW:
            message = f"is {spelled(self.duration)}, longer than {spelled(LONGEST_WINDOW)}"
            raise wrong(message, f"For a tier that is always open write `window: {ALWAYS}`.", ("duration",))
        counted = needs_start(self.rrule)
        if counted and self.starts is None:
            raise wrong(f"has {counted}, but no day to count from", "Say the first day with `starts`.", ("rrule",))
        if _never(self.rrule, self.starts):
            raise wrong(f"is {self.rrule!r}, which names no day at all: the window never opens", at=("rrule",))
        return self


def _never(rule: str, starts: date | None) -> bool:
    try:
        return never_opens(rule, starts)
    except (ValueError, OverflowError) as error:
        raise wrong(f"is {rule!r}, which cannot be read: {error}", at=("rrule",)) from None


class Blackout(Section):
    """Whole days in which nothing may happen; the first and the last one belong to it."""

    name: Line
    """What it is called where it holds things up."""
    from_: BlackoutDay = Field(alias="from")
    """The first day: 12-15 for every year, or 2026-12-15."""
    to: BlackoutDay
    """The last day, in the same form."""
    timezone: Zone | None = None
    """The zone whose days these are; the file's `timezone` when left out."""
    tiers: Names = ()
    """The tiers that it shuts; all when left out."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = self.from_, self.to
        if (first.year is None) != (last.year is None):
            raise wrong(
                f"goes from {spelled(first)} to {spelled(last)}: one with a year, one without",
                "Write both days with the year, or both without.",
                ("to",),
            )
        if first.year is not None and _ordinal(last) < _ordinal(first):
            raise wrong(f"ends on {spelled(last)}, before it begins on {spelled(first)}", at=("to",))
        if first.year is None and (_ordinal(last) - _ordinal(first)) % _YEAR_DAYS == _YEAR_DAYS - 1:
            raise wrong("shuts every day of every year", at=("to",))
        return self


def _ordinal(day: Day) -> int:
    return date(day.year if day.year is not None else _LEAP_YEAR, day.month, day.day).toordinal()


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


class Maintenance(Section):
    """Task files that run on a host around its update; if `enter` ran, `leave` runs, whatever happens."""

    enter: Line
    """Takes the host out of service: drain, silence."""
    leave: Line
    """Puts it back."""


class CalendarFile(Section):
    """The part of a configuration that says when something may happen."""

    timezone: Zone = "UTC"
    """The zone of all windows and blackouts that do not name one."""
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
    """Task files that run around a host's update."""
    trust: Names = ()
    """Public keys whose signatures count, as paths relative to this file; with any, only signed plans are run."""
    people: dict[Line, Names] = Field(default_factory=dict)
    """The public keys of people, as relative paths: a word of theirs counts when one of these signed it."""
