"""When a tier may be worked on: its windows, minus blackouts, in the zones of all its hosts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, reduce

from patchtide.core.verdict import Verdict, no, yes
from patchtide.core.windows import (
    ALWAYS,
    Opening,
    Shut,
    When,
    blackout_spans,
    is_local,
    occurrences,
    seen_from,
    shut_from,
)

HORIZON = timedelta(days=400)
"""How far ahead an opening is looked for: more than a year, so that a yearly window is found."""

FARTHEST = timedelta(days=9 * 366)
"""How far one is looked for where there is none within the horizon: a leap day comes every eight years at least."""

_DAY = timedelta(days=1)


def openings(
    windows: Sequence[When],
    blackouts: Iterable[Shut],
    start: datetime,
    end: datetime,
    extra: Iterable[Opening] = (),
) -> tuple[Opening, ...]:
    """Return the stretches overlapping [start, end) that some window opens and no blackout shuts, joined at the seams.

    `extra` are such stretches too, which no window has. Blackouts are asked for as far as the stretches reach.
    """
    opened = [o for window in windows for o in occurrences(window, start, end)]
    opened += [o for o in extra if o.opens < end and o.closes > start]
    first, last = min((o.opens for o in opened), default=start), max((o.closes for o in opened), default=end)
    return tuple(o for o in _without(_joined(opened), blackouts, first, last) if o.opens < end and o.closes > start)


def _joined(opened: Iterable[Opening]) -> tuple[Opening, ...]:
    result: list[Opening] = []
    for opening in sorted(opened, key=lambda o: o.opens):
        if result and opening.opens <= result[-1].closes:
            last = result.pop()
            result.append(Opening(last.name, last.opens, max(last.closes, opening.closes)))
        else:
            result.append(opening)
    return tuple(result)


def _without(
    opened: tuple[Opening, ...], blackouts: Iterable[Shut], start: datetime, end: datetime
) -> tuple[Opening, ...]:
    shut = _joined(span for blackout in blackouts for span in blackout_spans(blackout, start, end))
    return tuple(_cut(opened, shut))


def _cut(opened: Sequence[Opening], shut: Sequence[Opening]) -> Iterator[Opening]:
    """Yield what is left of stretches, both in order and apart, in one walk: there may be thousands of either."""
    first = 0
    for opening in opened:
        while first < len(shut) and shut[first].closes <= opening.opens:
            first += 1
        opens, position = opening.opens, first
        while position < len(shut) and shut[position].opens < opening.closes:
            span = shut[position]
            if opens < span.opens:
                yield Opening(opening.name, opens, span.opens, closed_by=span.name)
            opens, position = span.closes, position + 1
        if opens < opening.closes:
            yield replace(opening, opens=opens)


def _common(some: Sequence[Opening], others: Sequence[Opening]) -> tuple[Opening, ...]:
    """Return the stretches that are in both, both being in order and apart."""
    found: list[Opening] = []
    i = j = 0
    while i < len(some) and j < len(others):
        later = max(some[i], others[j], key=lambda o: o.opens)
        sooner = min(some[i], others[j], key=lambda o: o.closes)
        if later.opens < sooner.closes:
            found.append(Opening(later.name, later.opens, sooner.closes, sooner.closed_by))
        i, j = (i + 1, j) if sooner is some[i] else (i, j + 1)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The windows of one tier with the blackouts that shut them; `always` stands for one that never closes.

    `zones` are those of the hosts that are asked about: what goes by the hosts' clocks is open where it is open in all
    of them. `refused` says why the tier's windows are none for what is to be done. `extra` are stretches for which a
    person keeps a window open.
    """

    windows: tuple[When, ...]
    blackouts: tuple[Shut, ...] = ()
    always: bool = False
    zones: tuple[str, ...] = ()
    refused: str = ""
    extra: tuple[Opening, ...] = ()

    def next_opening(self, now: datetime, need: timedelta = timedelta(0)) -> Opening | None:
        """Return the first stretch with room for `need` that is open at `now` or opens later, or None."""
        return next((o for o in self.upcoming(now) if o.closes - max(o.opens, now) >= need), None)

    def upcoming(self, now: datetime) -> tuple[Opening, ...]:
        """Return every stretch that is open at `now` or opens within the horizon, in order.

        Where there is none, it is the first one beyond.
        """
        known = _from_day_on(self, now.astimezone(UTC).date(), HORIZON)
        ahead = [o for o in known if o.closes > now and o.opens < now + HORIZON]
        if not ahead and not self.always:
            ahead = [o for o in _from_day_on(self, now.astimezone(UTC).date(), FARTHEST) if o.closes > now][:1]
        return tuple(replace(o, opens=max(o.opens, now)) if self.always else o for o in ahead)

    def between(self, start: datetime, end: datetime) -> tuple[Opening, ...]:
        """Return every stretch that overlaps [start, end), in order; none while a zone is wanted and none is known."""
        if self.never is not None:
            return ()
        return reduce(_common, (self._seen_from(zone, start, end) for zone in self.zones or ("",)))

    def _seen_from(self, zone: str, start: datetime, end: datetime) -> tuple[Opening, ...]:
        shut = [shut_from(blackout, zone) for blackout in self.blackouts]
        if self.always:
            return _without((Opening(ALWAYS, start, end),), shut, start, end)
        return openings([seen_from(window, zone) for window in self.windows], shut, start, end, self.extra)

    @property
    def never(self) -> Verdict | None:
        """Why no time at all can be good, or None."""
        if self.refused:
            return no("impact", self.refused)
        if not self.windows and not self.always:
            return no("no_window", "the tier has no window, so it is never open")
        if self.is_local and not self.zones:
            return no("no_zone", "the tier goes by its hosts' time zones, and no zone is known")
        return None

    @property
    def is_local(self) -> bool:
        """Whether any of it goes by the hosts' own clocks."""
        return any(is_local(one) for one in (*self.windows, *self.blackouts))

    def may_begin(self, now: datetime, need: timedelta) -> Verdict:
        """Say whether work that takes up to `need` may begin now, and otherwise why not and until when to wait."""
        if self.never is not None:
            return self.never
        upcoming = self.upcoming(now)
        opening = next((o for o in upcoming if o.closes - max(o.opens, now) >= need), None)
        if opening is None:
            return no("never_open", f"no window within {HORIZON.days} days has room for {_minutes(need)}")
        if opening.opens <= now and self.always and opening.closed_by is None:
            return yes("open", "the tier is always open")
        if opening.opens <= now:
            return yes("open", f"window {opening.name!r} is open until {_utc(opening.closes)}")
        return no(*self._why_shut(upcoming[0], opening, now, need), until=opening.opens)

    def _why_shut(self, first: Opening, opening: Opening, now: datetime, need: timedelta) -> tuple[str, str]:
        then = f"window {opening.name!r} opens {_utc(opening.opens)}"
        shut = [span for span in self._shut_at(now) if span.opens <= now < span.closes]
        if shut:
            longest = max(shut, key=lambda span: span.closes)
            return "blackout", f"blackout {longest.name!r} until {_utc(longest.closes)}; {then}"
        if first.opens <= now < first.closes:
            left = f"only {_minutes(first.closes - now)} are left of window {first.name!r}"
            return "too_late", f"{left} and {_minutes(need)} are needed, rollback reserve included; {then}"
        return "shut", f"no window is open; {then}"

    def _shut_at(self, now: datetime) -> Iterator[Opening]:
        for zone in self.zones or ("",):
            for blackout in self.blackouts:
                yield from blackout_spans(shut_from(blackout, zone), now, now + _DAY)


@lru_cache(maxsize=128)
def _from_day_on(calendar: Calendar, day: date, ahead: timedelta) -> tuple[Opening, ...]:
    """Return the stretches from a day (UTC) on; kept, because a waiting run asks every second."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return calendar.between(start, start + ahead + _DAY)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _minutes(span: timedelta) -> str:
    minutes = -(-int(span.total_seconds()) // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"  # noqa: PLR2004
