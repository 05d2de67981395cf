"""When something may happen and when it may not: windows and blackouts, and the stretches of time that they are.

Rules for clock changes, in every zone: a clock time that does not exist moves to the same instant after the gap; one
that happens twice is the first one; a duration is real time. Recurrence is RFC 5545, read by python-dateutil.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from dateutil import rrule

ALWAYS = "always"
HOST = "host"
"""In the place of a zone: that of the host which is asked about."""

_DAY = timedelta(days=1)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_NO_ZONES = ("posix", "right/", "localtime", "Factory")
"""What lies beside the zones: other counts of seconds, and what a machine is set to."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time that comes again: `rrule` gives days, `at` the local start, `duration` how long it lasts.

    The start is `offset` later than the clock shows `at` on such a day (earlier when negative), and each of `also_at`
    is a start as well. With `by_clock` it ends when the clock shows it, otherwise the duration is real time.
    """

    name: str
    rrule: str
    at: time
    duration: timedelta
    timezone: str
    starts: date | None = None
    impact: str = ""
    also_at: tuple[time, ...] = ()
    offset: timedelta = timedelta(0)
    by_clock: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """Times that are written out, as pairs of beginning and end; without an offset they are the clock's of `timezone`.

    `known_until` (UTC) is how far whoever wrote them out looked; None: they are all there is.
    """

    name: str
    spans: tuple[tuple[datetime, datetime], ...]
    timezone: str
    impact: str = ""
    known_until: datetime | None = None


When: TypeAlias = Window | Dated


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one year, or of every year when `year` is None."""

    month: int
    day: int
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Blackout:
    """Whole days, from `first` to `last` (both included) by the clock of `timezone`, in which nothing may happen."""

    name: str
    first: Day
    last: Day
    timezone: str
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Closure:
    """Hours, or days that no date names, in which nothing may happen."""

    name: str
    when: When
    tiers: tuple[str, ...] = ()


Shut: TypeAlias = Blackout | Closure


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of time in which work is allowed (UTC); `name` is the window's, `closed_by` a blackout's or None."""

    name: str
    opens: datetime
    closes: datetime
    closed_by: str | None = None


def is_zone(text: str) -> bool:
    """Tell whether there is such a time zone: looking for one is fast, listing all of them is not."""
    if not _ZONE.fullmatch(text) or text.startswith(_NO_ZONES):
        return False
    try:
        return ZoneInfo(text).key == text
    except (KeyError, OSError, ValueError):  # not there, a folder, or no file of a zone
        return False


def local_instant(day: date, at: time, timezone: str) -> datetime:
    """Return the UTC instant of a local clock time; one in a gap moves behind it, a doubled one is the first."""
    return _instant(datetime.combine(day, at), timezone)


def _instant(local: datetime, timezone: str) -> datetime:
    """Return the UTC instant of a time with an offset, or of a clock time.

    A time of fold 0 has the offset from before a gap (PEP 495), which is what moves it behind the gap.
    """
    return (local if local.tzinfo else local.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)


def seen_from(shut_or_open: When, zone: str) -> When:
    """Return a window as a host in a zone has it."""
    return replace(shut_or_open, timezone=zone) if shut_or_open.timezone == HOST else shut_or_open


def shut_from(shut: Shut, zone: str) -> Shut:
    """Return a blackout as a host in a zone has it."""
    if isinstance(shut, Closure):
        return replace(shut, when=seen_from(shut.when, zone))
    return replace(shut, timezone=zone) if shut.timezone == HOST else shut


def is_local(one: When | Shut) -> bool:
    """Tell whether a window or a blackout goes by the clock of the host that is asked about."""
    return (one.when if isinstance(one, Closure) else one).timezone == HOST


def occurrences(when: When, start: datetime, end: datetime) -> Iterator[Opening]:
    """Yield the openings that overlap [start, end), in order."""
    return (opening for opening in _near(when, start, end) if opening.opens < end and opening.closes > start)


def _near(when: When, start: datetime, end: datetime) -> Iterator[Opening]:
    if isinstance(when, Dated):
        yield from _written_out(when)
        return
    first = start - when.duration - when.offset - 2 * _DAY
    for year in range(first.year, (end - when.offset + 2 * _DAY).year + 1):
        yield from _of_year(when, year)


@lru_cache(maxsize=64)
def _written_out(when: Dated) -> tuple[Opening, ...]:
    instants = sorted(tuple(_instant(end, when.timezone) for end in span) for span in when.spans)
    return tuple(Opening(when.name, opens, closes) for opens, closes in instants)


@lru_cache(maxsize=512)
def _of_year(window: Window, year: int) -> tuple[Opening, ...]:
    """Return the openings of the days that a rule gives in a year; kept, because a waiting run asks every second."""
    times = sorted({window.at, *window.also_at})
    starts = (datetime.combine(day, at) + window.offset for day in _days(window, year) for at in times)
    found = (Opening(window.name, *_from(start, window)) for start in starts)
    return tuple(one for one in found if one.opens < one.closes)  # hours that the clock leaves out are no time


def _from(start: datetime, window: Window) -> tuple[datetime, datetime]:
    opens = _instant(start, window.timezone)
    if window.by_clock:
        return opens, _instant(start + window.duration, window.timezone)
    return opens, opens + window.duration


def _days(window: Window, year: int) -> tuple[date, ...]:
    first = window.starts or _steady(window.rrule, year)
    rule = rrule.rrulestr(window.rrule, dtstart=datetime.combine(first, time()))
    days = rule.between(datetime(year, 1, 1), datetime(year, 12, 31), inc=True)  # noqa: DTZ001
    return tuple(day.date() for day in days)


def _steady(rule: str, year: int) -> date:
    """Return a first day for a rule that counts from none: its days are the same whichever year it is asked for.

    A weekly rule without days means Mondays; the others mean the first of the month, or of January.
    """
    first = date(year - 1, 1, 1)
    weekly = "FREQ=WEEKLY" in rule and "BYDAY" not in rule
    return first - first.weekday() * _DAY if weekly else first


def blackout_spans(shut: Shut, start: datetime, end: datetime) -> Iterator[Opening]:
    """Yield the stretches of a blackout that overlap [start, end); what nobody has looked at yet is one of them."""
    if isinstance(shut, Blackout):
        yield from _of_dates(shut, start, end)
        return
    yield from (replace(span, name=shut.name) for span in occurrences(shut.when, start, end))
    known = shut.when.known_until if isinstance(shut.when, Dated) else None
    if known is not None and known < end:
        yield Opening(shut.name, known, end)


def _of_dates(blackout: Blackout, start: datetime, end: datetime) -> Iterator[Opening]:
    years = range(start.year - 2, end.year + 2) if blackout.first.year is None else (blackout.first.year,)
    for year in years:
        first = _date(blackout.first, year)
        last = _date(blackout.last, year)
        if last < first:
            last = _date(blackout.last, year + 1)
        opens = local_instant(first, time(), blackout.timezone)
        closes = local_instant(last + _DAY, time(), blackout.timezone)
        if opens < end and closes > start:
            yield Opening(blackout.name, opens, closes)


def _date(day: Day, year: int) -> date:
    try:
        return date(day.year or year, day.month, day.day)
    except ValueError:  # 29 February in a year without one
        return date(day.year or year, day.month + 1, 1) - _DAY
