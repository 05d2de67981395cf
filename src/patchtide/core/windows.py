"""When something may happen: windows minus blackouts.

Rules for clock changes, in every zone: a start that does not exist moves to the same instant after the gap; a start
that happens twice is the first one; a duration is real time. Recurrence is RFC 5545, read by python-dateutil.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil import rrule, tz

from patchtide.core.verdict import Verdict, no, yes

ALWAYS = "always"
HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for: more than a year, so that a yearly window is found."""

_ANCHOR = date(2024, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which a tier may be worked on: `rrule` gives days, `at` the local start, `duration` real time."""

    name: str
    rrule: str
    at: time
    duration: timedelta
    timezone: str
    starts: date | None = None
    impact: str = ""


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
class Opening:
    """A stretch of time in which work is allowed (UTC); `name` is the window's, `closed_by` a blackout's or None."""

    name: str
    opens: datetime
    closes: datetime
    closed_by: str | None = None


def local_instant(day: date, at: time, timezone: str) -> datetime:
    """Return the UTC instant of a local clock time; one in a gap moves behind it, a doubled one is the first."""
    local = datetime.combine(day, at, tzinfo=ZoneInfo(timezone))
    return tz.resolve_imaginary(local).astimezone(UTC)


def occurrences(window: Window, start: datetime, end: datetime) -> Iterator[Opening]:
    """Yield the window's openings that overlap [start, end), in order."""
    first_year = (start - window.duration - 2 * _DAY).year
    for year in range(first_year, (end + 2 * _DAY).year + 1):
        for opening in _of_year(window, year):
            if opening.opens < end and opening.closes > start:
                yield opening


@lru_cache(maxsize=256)
def _of_year(window: Window, year: int) -> tuple[Opening, ...]:
    """Return the openings that begin in a (local) year; kept, because a waiting run asks every second."""
    rule = rrule.rrulestr(window.rrule, dtstart=datetime.combine(window.starts or _ANCHOR, time()))
    days = rule.between(datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59), inc=True)  # noqa: DTZ001
    starts = (local_instant(day.date(), window.at, window.timezone) for day in days)
    return tuple(Opening(window.name, opens, opens + window.duration) for opens in starts)


def blackout_spans(blackout: Blackout, start: datetime, end: datetime) -> Iterator[Opening]:
    """Yield the stretches of a blackout that overlap [start, end)."""
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


def openings(
    windows: Sequence[Window], blackouts: Iterable[Blackout], start: datetime, end: datetime
) -> tuple[Opening, ...]:
    """Return the stretches in [start, end) that some window opens and no blackout shuts, joined where they touch."""
    opened = sorted((o for window in windows for o in occurrences(window, start, end)), key=lambda o: o.opens)
    return _without(_joined(opened), blackouts, start, end)


def _joined(opened: Iterable[Opening]) -> tuple[Opening, ...]:
    result: list[Opening] = []
    for opening in opened:
        if result and opening.opens <= result[-1].closes:
            last = result.pop()
            result.append(Opening(last.name, last.opens, max(last.closes, opening.closes)))
        else:
            result.append(opening)
    return tuple(result)


def _without(
    opened: tuple[Opening, ...], blackouts: Iterable[Blackout], start: datetime, end: datetime
) -> tuple[Opening, ...]:
    for blackout in blackouts:
        for span in blackout_spans(blackout, start, end):
            opened = tuple(piece for opening in opened for piece in _cut(opening, span))
    return opened


def _cut(opening: Opening, span: Opening) -> Iterator[Opening]:
    if span.opens >= opening.closes or span.closes <= opening.opens:
        yield opening
        return
    if opening.opens < span.opens:
        yield Opening(opening.name, opening.opens, span.opens, closed_by=span.name)
    if span.closes < opening.closes:
        yield Opening(opening.name, span.closes, opening.closes, opening.closed_by)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The windows of one tier with the blackouts that shut them; `always` stands for one that never closes."""

    windows: tuple[Window, ...]
    blackouts: tuple[Blackout, ...] = ()
    always: bool = False

    def next_opening(self, now: datetime, need: timedelta = timedelta(0)) -> Opening | None:
        """Return the first stretch with room for `need` that is open at `now` or opens later, or None."""
        for opening in self.upcoming(now):
            if opening.closes > now and opening.closes - max(opening.opens, now) >= need:
                return opening
        return None

    def upcoming(self, now: datetime) -> tuple[Opening, ...]:
        """Return every stretch that is open at `now` or opens within the horizon, in order."""
        end = now + HORIZON
        if self.always:
            return _without((Opening(ALWAYS, now, end),), self.blackouts, now, end)
        return openings(self.windows, self.blackouts, now, end)

    def may_begin(self, now: datetime, need: timedelta) -> Verdict:
        """Say whether work that takes up to `need` may begin now, and otherwise why not and until when to wait."""
        if not self.windows and not self.always:
            return no("no_window", "the tier has no window, so it is never open")
        upcoming = self.upcoming(now)
        opening = next((o for o in upcoming if o.closes > now and o.closes - max(o.opens, now) >= need), None)
        if opening is None:
            return no("never_open", f"no window within {HORIZON.days} days has room for {_minutes(need)}")
        if opening.opens <= now and self.always and opening.closed_by is None:
            return yes("open", "the tier is always open")
        if opening.opens <= now:
            return yes("open", f"window {opening.name!r} is open until {_utc(opening.closes)}")
        return no(*self._why_shut(upcoming[0], opening, now, need), until=opening.opens)

    def _why_shut(self, first: Opening, opening: Opening, now: datetime, need: timedelta) -> tuple[str, str]:
        then = f"window {opening.name!r} opens {_utc(opening.opens)}"
        for blackout in self.blackouts:
            for span in blackout_spans(blackout, now, now + _DAY):
                if span.opens <= now < span.closes:
                    return "blackout", f"blackout {blackout.name!r} until {_utc(span.closes)}; {then}"
        if first.opens <= now < first.closes:
            left = f"only {_minutes(first.closes - now)} are left of window {first.name!r}"
            return "too_late", f"{left} and {_minutes(need)} are needed, rollback reserve included; {then}"
        return "shut", f"no window is open; {then}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _minutes(span: timedelta) -> str:
    minutes = -(-int(span.total_seconds()) // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004
