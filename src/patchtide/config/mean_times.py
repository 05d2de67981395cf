"""What windows and blackouts mean to the core, once they were found sound."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from patchtide.config.ical import Events
from patchtide.config.points import NAMED
from patchtide.config.problems import Loc
from patchtide.config.recurrence import days_of
from patchtide.config.schema import CalendarFile, Tier
from patchtide.config.times import Blackout, Window
from patchtide.core import windows
from patchtide.core.windows import HOST, Day

Calendars = Mapping[Loc, Events]
"""What was found in the iCalendar files, by the place that names them."""

_DAY = timedelta(days=1)
_UNREAD = Events((), datetime(1970, 1, 1, tzinfo=UTC))
"""What is known of a file that nobody read: nothing, so that nothing is open."""


def window_meant(name: str, window: Window, timezone: str, read: Calendars) -> windows.When:
    """Return a window of a sound file, in its own zone or else in `timezone`."""
    zone = window.timezone or timezone
    if window.ical is not None:
        events = read.get(("windows", name), _UNREAD)
        return windows.Dated(name, events.spans, zone, window.impact)
    if window.from_ is not None and window.to is not None:
        return windows.Dated(name, ((window.from_, window.to),), zone, window.impact)
    if window.date is not None:
        once = _recurring(name, window, zone, window.impact)
        return replace(once, rrule="FREQ=DAILY;COUNT=1", starts=window.date)
    return _recurring(name, window, zone, window.impact)


def _recurring(name: str, one: Window | Blackout, zone: str, impact: str = "") -> windows.Window:
    duration = one.duration or timedelta(0)
    rule = one.cron.rule if one.cron else ""
    if one.rrule is not None:
        rule = days_of(one.rrule, max(one.times), None if zone == HOST else zone)
    first, *others = one.times
    return windows.Window(name, rule, first, duration, zone, one.starts, impact, tuple(others), one.offset)


def blackouts_meant(file: CalendarFile, read: Calendars) -> tuple[windows.Shut, ...]:
    """Return the blackouts of a sound file; one without a zone goes by that of each tier."""
    return tuple(
        shut
        for position, blackout in enumerate(file.blackouts)
        for zone, tiers in _zones(file, blackout)
        for shut in _shut(blackout, zone, tiers, read.get(("blackouts", position), _UNREAD))
    )


def zone_of_tier(tier: Tier, file: CalendarFile) -> str:
    """Return the zone of what a tier's windows and blackouts leave open."""
    return tier.timezone.zone if tier.timezone else file.timezone


def _zones(file: CalendarFile, blackout: Blackout) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the zones of a blackout, each with the tiers that it shuts there (none named: all of them)."""
    by_tier = {tier.name: zone_of_tier(tier, file) for tier in file.tiers}
    if blackout.timezone or set(by_tier.values()) == {file.timezone}:
        yield blackout.timezone or file.timezone, blackout.tiers
        return
    shut = blackout.tiers or tuple(by_tier)
    for zone in dict.fromkeys(by_tier[tier] for tier in shut):
        yield zone, tuple(tier for tier in shut if by_tier[tier] == zone)


def _shut(blackout: Blackout, zone: str, tiers: tuple[str, ...], events: Events) -> Iterator[windows.Shut]:
    name, first, last = blackout.name, blackout.from_, blackout.to
    if isinstance(first, Day) and isinstance(last, Day):
        yield windows.Blackout(name, first, last, zone, tiers)
    elif isinstance(first, datetime) and isinstance(last, datetime):
        yield windows.Closure(name, windows.Dated(name, ((first, last),), zone), tiers)
    elif blackout.ical is not None:
        dated = windows.Dated(name, events.spans, zone, known_until=events.known_until)
        yield windows.Closure(name, dated, tiers)
    else:
        yield windows.Closure(name, _hours(blackout, zone), tiers)


def _hours(blackout: Blackout, zone: str) -> windows.Window:
    """Return the hours of a blackout, which end by the clock where no duration is given."""
    if blackout.every is not None:
        span = blackout.days * _DAY
        offset = _DAY - span if blackout.every.endswith("-end") else timedelta(0)
        rule = NAMED[blackout.every]
        return windows.Window(blackout.name, rule, time(), span, zone, offset=offset, by_clock=True)
    if blackout.rrule is not None or blackout.cron is not None:
        return _recurring(blackout.name, blackout, zone)
    rule = f"FREQ=WEEKLY;BYDAY={','.join(blackout.weekdays)}" if blackout.weekdays else "FREQ=DAILY"
    first = blackout.from_ if isinstance(blackout.from_, time) else time()
    last = blackout.to if isinstance(blackout.to, time) else time()
    return windows.Window(blackout.name, rule, first, _until(first, last), zone, by_clock=True)


def _until(first: time, last: time) -> timedelta:
    """Return how much later the clock shows one time than another, the next day if it has to be."""
    span = datetime.combine(date.min, last) - datetime.combine(date.min, first)
    return span if span > timedelta(0) else span + _DAY
