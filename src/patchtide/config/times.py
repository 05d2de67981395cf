"""Windows and blackouts as their users write them; each is written in one of several ways."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Self, TypeAlias

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.points import (
    Clocks,
    CronLine,
    Moment,
    NamedDays,
    Offset,
    Point,
    Weekdays,
    named,
)
from patchtide.config.recurrence import needs_start, never_opens, rule_of, times_of
from patchtide.config.scalars import Date, Line, Names, Period, Zone, choice, spelled, whole, wrong
from patchtide.config.section import Section
from patchtide.core.windows import ALWAYS, Day

IMPACTS = ("low", "medium", "high", "emergency")
LONGEST_WINDOW = timedelta(days=7)
"""A longer window is a typing error, or a tier that is always open."""

MOST_TIMES = 48
"""How often a day something may begin: more often is a misunderstanding."""

_FARTHEST = timedelta(days=366)
_YEAR_DAYS = 366
_WEEK_DAYS = 7
_LEAP_YEAR = 2024
_NAMED_DAYS: Final = (1, 28)
Rule = Annotated[str, PlainValidator(rule_of), WithJsonSchema({"type": "string", "pattern": "[Ff][Rr][Ee][Qq] *="})]

Ways: TypeAlias = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]

# Each way to write it by the key that tells it: what it needs beside that key, and what it may have.
_WINDOW_WAYS: Final[Ways] = {
    "rrule": (("duration",), ("at", "starts", "offset")),
    "cron": (("duration",), ("starts", "offset")),
    "date": (("at", "duration"), ()),
    "from": (("to",), ()),
    "ical": ((), ("events", "valid_for")),
}
_BLACKOUT_WAYS: Final[Ways] = {
    "rrule": (("duration",), ("at", "starts", "offset")),
    "cron": (("duration",), ("starts", "offset")),
    "every": ((), ("days",)),
    "weekdays": ((), ("from", "to")),
    "ical": ((), ("events", "valid_for")),
    "from": (("to",), ()),
}
_SHARED = {"name", "timezone", "tiers", "impact"}


class _Recurring(Section):
    """What windows and blackouts have in common."""

    rrule: Rule | None = None
    """The days, as a recurrence rule of RFC 5545: FREQ=WEEKLY;BYDAY=SU."""
    cron: CronLine | None = None
    """When it begins, as the five fields of crontab(5): `0 3 * * sun`."""
    at: Clocks | None = None
    """The local time at which it begins, or several."""
    duration: Period | None = None
    """How long it lasts, in real time, whatever the clocks do."""
    offset: Offset = timedelta(0)
    """So much later than the rule says, or earlier: `3d` after the second Tuesday, `-12h`."""
    starts: Date | None = None
    """The first day that INTERVAL and COUNT are counted from; required with these."""
    ical: Line | None = None
    """An iCalendar file, relative to this one, whose events are these times."""
    events: Line | None = None
    """Only events whose summary fits this pattern: `Patch*`."""
    valid_for: Period | None = None
    """How old the iCalendar file may be; without it, it has to have an event that is not over."""
    timezone: Zone | None = None
    """The zone of all these times; the tier's, or the file's `timezone`, when left out."""

    def _sound(self) -> None:
        if len(self.times) > MOST_TIMES:
            message = f"begins {len(self.times)} times a day, and {MOST_TIMES} is the most"
            raise wrong(message, "Say when it begins, and with `duration` how long it lasts.", (_said(self),))
        if abs(self.offset) > _FARTHEST:
            raise wrong(f"is more than {spelled(_FARTHEST)}", at=("offset",))
        if self.rrule is not None:
            _sound_rule(self.rrule, self.starts, self.at)

    @property
    def times(self) -> tuple[time, ...]:
        """The local times at which it begins, said by `at`, the crontab line or the rule."""
        if self.cron is not None:
            return self.cron.times
        if self.at is None:
            return times_of(self.rrule) if self.rrule else ()
        return self.at if isinstance(self.at, tuple) else (self.at,)


def _said(one: _Recurring) -> str:
    return "cron" if one.cron else "at" if one.at else "rrule"


def _sound_rule(rule: str, starts: date | None, at: object) -> None:
    if times_of(rule) and at is not None:
        raise wrong("says the time of day, and so does `at`", "Keep one of them.", ("rrule",))
    if not times_of(rule) and at is None:
        raise wrong("is missing", "The local time at which it begins.", ("at",))
    counted = needs_start(rule)
    if counted and starts is None:
        raise wrong(f"has {counted}, but no day to count from", "Say the first day with `starts`.", ("rrule",))
    if _never(rule, starts):
        raise wrong(f"is {rule!r}, which names no day at all: the window never opens", at=("rrule",))


def _never(rule: str, starts: date | None) -> bool:
    try:
        return never_opens(rule, starts)
    except (ValueError, OverflowError) as error:
        raise wrong(f"is {rule!r}, which cannot be read: {error}", at=("rrule",)) from None


def _one_way(data: Any, model: type[Section], ways: Ways) -> Any:  # noqa: ANN401  # pydantic hands over whatever was written
    """Refuse what is written in no way, in two, or with keys that belong to another."""
    keys = {field.alias or name for name, field in model.model_fields.items()}
    if not isinstance(data, dict) or data.keys() - keys:
        return data  # which is refused for that
    way = next((way for way in ways if way in data), None)
    if way is None:
        raise wrong("does not say when", f"Give it one of: {', '.join(ways)}.")
    needed, allowed = ways[way]
    known = {way, *needed, *allowed, *_SHARED}
    other = next(
        (key for key in data if key not in known and any(key in {w, *n, *a} for w, (n, a) in ways.items())), None
    )
    if other is not None:
        raise wrong(f"has {way!r} and also {other!r}", f"With `{way}` go: {_listed(needed, allowed)}.", (other,))
    missing = next((key for key in needed if key not in data), None)
    if missing is not None:
        raise wrong("is missing", f"`{way}` needs it.", (missing,))
    return data


def _listed(needed: tuple[str, ...], allowed: tuple[str, ...]) -> str:
    return ", ".join((*needed, *allowed)) or "nothing else"


class Window(_Recurring):
    """A time in which tiers may be worked on: by `rrule`, `cron`, `date`, `from` and `to`, or `ical`."""

    date: Date | None = None
    """The one day on which it opens, at `at`."""
    from_: Moment | None = Field(default=None, alias="from")
    """When it opens, once: 2027-01-03 03:00."""
    to: Moment | None = None
    """When that one closes."""
    impact: Annotated[str, *choice(IMPACTS)] = ""
    """The most that work in it may be felt: what each class may contain says `impacts`."""

    @model_validator(mode="before")
    @classmethod
    def _written_once(cls, data: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever was written
        return _one_way(data, cls, _WINDOW_WAYS)

    @model_validator(mode="after")
    def _sense(self) -> Self:
        self._sound()
        if self.from_ is not None and self.to is not None:
            _refuse_backwards(self.from_, self.to)
        if self.lasts is not None and self.lasts > LONGEST_WINDOW:
            message = f"is {spelled(self.lasts)}, longer than {spelled(LONGEST_WINDOW)}"
            hint = f"For a tier that is always open write `window: {ALWAYS}`."
            raise wrong(message, hint, ("duration" if self.duration else "to",))
        return self

    @property
    def lasts(self) -> timedelta | None:
        """How long it stays open, where that is written."""
        if self.from_ is not None and self.to is not None:
            return self.to - self.from_
        return self.duration


def _refuse_backwards(first: datetime, last: datetime) -> None:
    if (first.tzinfo is None) != (last.tzinfo is None):
        raise wrong("one with an offset, one without", "Write both with it, or both without.", ("to",))
    if last <= first:
        raise wrong(f"ends at {spelled(last)}, which is not after {spelled(first)}", at=("to",))


class Blackout(_Recurring):
    """Times in which nothing may happen: days (`from`, `to`), hours (`weekdays`), or as windows are written."""

    name: Line
    """What it is called where it holds things up."""
    from_: Point | None = Field(default=None, alias="from")
    """The first day: 12-15 for every year, or 2026-12-15; an hour of every day, 09:00; or 2026-12-15 18:00."""
    to: Point | None = None
    """The last day, which belongs to it; or the hour, or the moment, at which it is over."""
    weekdays: Weekdays | None = None
    """The days of the week on which it begins: mon-fri, or [sat, sun]; from `from` to `to`, or all day."""
    every: NamedDays | None = None
    """Days with a name: month-end, quarter-end, year-end, month-start, quarter-start or year-start."""
    days: Annotated[int, *whole(_NAMED_DAYS)] = 1
    """How many days: the last ones of what ends, the first ones of what begins."""
    tiers: Names = ()
    """The tiers that it shuts; all when left out."""

    @model_validator(mode="before")
    @classmethod
    def _written_once(cls, data: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever was written
        if isinstance(data, dict) and not data.keys() & _BLACKOUT_WAYS.keys():
            known = named(str(data.get("name", "")))
            data = {**data, "every": known} if known else data
        return _one_way(data, cls, _BLACKOUT_WAYS)

    @model_validator(mode="after")
    def _sense(self) -> Self:
        self._sound()
        if (self.from_ is None) != (self.to is None):
            raise wrong("is missing", at=("to",) if self.to is None else ("from",))
        if self.weekdays is not None and len(self.weekdays) == _WEEK_DAYS and self.from_ is None:
            raise wrong("shuts every day of every year", at=("weekdays",))
        match self.from_, self.to:
            case None, None:
                pass
            case Day() as first, Day() as last if self.weekdays is None:
                _refuse_disorder(first, last)
            case datetime() as first, datetime() as last if self.weekdays is None:
                _refuse_backwards(first, last)
            case time() as first, time() as last:
                if first == last:
                    raise wrong(f"ends at {spelled(last)}, when it begins: that is no time at all", at=("to",))
            case _:
                hint = "Write two days, two hours, or two days with their hours; only hours go with `weekdays`."
                raise wrong("is another kind of time than `from`", hint, ("to",))
        return self


def _refuse_disorder(first: Day, last: Day) -> None:
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


def _ordinal(day: Day) -> int:
    return date(day.year if day.year is not None else _LEAP_YEAR, day.month, day.day).toordinal()
