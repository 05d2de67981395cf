"""The rules for clock changes, in every zone and for ten years, against a calculation that knows offsets only.

What is tested goes from clock times to instants. Here it is the other way round: the instants at which a zone's offset
changes are searched for, and the rules are read off the two offsets around each.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtide.core.calendar import Calendar, openings
from patchtide.core.windows import Closure, Window, local_instant

BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
STRIDE = timedelta(days=10)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AROUND = (-121, -61, -60, -31, -30, -1, 0, 1, 29, 30, 31, 59, 60, 61, 119, 120, 121, 1440)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})


@dataclass(frozen=True)
class Change:
    """The instant at which a zone's offset becomes another one."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta


def offset(zone: str, instant: datetime) -> timedelta:
    found = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found


@cache
def changes(zone: str) -> tuple[Change, ...]:
    found = []
    here = BEGIN
    while here < END:
        there = here + STRIDE
        if offset(zone, here) != offset(zone, there):
            found.append(narrowed(zone, here, there))
        here = there
    return tuple(found)


def narrowed(zone: str, low: datetime, high: datetime) -> Change:
    before, after = offset(zone, low), offset(zone, high)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0) if middle.replace(microsecond=0) > low else high - timedelta(seconds=1)
        low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
    return Change(zone, high, before, after)


def meant(change: Change, clock: datetime) -> datetime:
    """The instant of a clock time near a change: the first one that shows it, or that time by the old offset."""
    early, late = ((clock - offset).replace(tzinfo=UTC) for offset in (change.before, change.after))
    if early < change.at:
        return early
    return late if late >= change.at else early


def clocks(change: Change) -> list[datetime]:
    """Clock times around the moment at which the clock is changed, as its old face and its new one show it."""
    faces = {(change.at + shown).replace(tzinfo=None) for shown in (change.before, change.after)}
    return [face + minutes * MINUTE for face in sorted(faces) for minutes in AROUND]


def test_every_zone_is_looked_at_and_many_change_their_clocks() -> None:
    assert len(ZONES) > 400
    assert sum(1 for zone in ZONES if changes(zone)) > 100
    assert any(abs(c.after - c.before) == 30 * MINUTE for c in changes("Australia/Lord_Howe"))


def test_a_clock_time_near_any_change_is_the_first_or_moves_behind_the_gap() -> None:
    for change in (change for zone in ZONES for change in changes(zone)):
        for clock in clocks(change):
            assert local_instant(clock.date(), clock.time(), change.zone) == meant(change, clock), (change, clock)


NEAR = st.sampled_from(ZONES).filter(changes).flatmap(lambda zone: st.sampled_from(changes(zone)))


@given(NEAR, st.integers(-1500, 1500), st.integers(1, 600))
@settings(max_examples=300, deadline=None)
def test_a_window_near_a_change_opens_by_the_rules_and_lasts_in_real_time(
    change: Change, minutes: int, lasts: int
) -> None:
    clock = (change.at + change.before).replace(tzinfo=None) + minutes * MINUTE
    once = Window("w", "FREQ=DAILY;COUNT=1", clock.time(), lasts * MINUTE, change.zone, starts=clock.date())
    opens = meant(change, clock)
    found = openings((once,), (), change.at - 5 * DAY, change.at + 5 * DAY)
    assert [(o.opens, o.closes) for o in found] == [(opens, opens + lasts * MINUTE)]


@given(NEAR, st.integers(-1500, 1500), st.integers(1, 600))
@settings(max_examples=300, deadline=None)
def test_a_blackout_near_a_change_begins_and_ends_by_the_rules(change: Change, minutes: int, lasts: int) -> None:
    clock = (change.at + change.before).replace(tzinfo=None) + minutes * MINUTE
    once = Window(
        "b", "FREQ=DAILY;COUNT=1", clock.time(), lasts * MINUTE, change.zone, starts=clock.date(), by_clock=True
    )
    begins, ends = meant(change, clock), meant(change, clock + lasts * MINUTE)
    # Hours that the clock leaves out are no time: half past two to three, in a gap from two to three.
    start, end = change.at - 5 * DAY, change.at + 5 * DAY
    found = Calendar((), (Closure("b", once),), always=True).between(start, end)
    shut = [(start, begins), (ends, end)] if begins < ends else [(start, end)]
    assert [(o.opens, o.closes) for o in found] == shut


@given(st.sampled_from(ZONES), st.datetimes(datetime(2025, 1, 2), datetime(2034, 12, 30)), st.integers(1, 24))  # noqa: DTZ001
@settings(max_examples=300, deadline=None)
def test_a_daily_window_opens_once_on_every_day(zone: str, around: datetime, hours: int) -> None:
    """Ten days in a row have ten openings, each of them as long, whatever the clocks do in between."""
    daily = Window("d", "FREQ=DAILY", around.time().replace(second=0, microsecond=0, fold=0), MINUTE, zone)
    start = local_instant(around.date(), daily.at, zone)
    end = local_instant(around.date() + 10 * DAY, daily.at, zone)
    found = openings((daily,), (), start, end)
    assert len(found) == 10
    assert {o.closes - o.opens for o in found} == {MINUTE}


@pytest.mark.parametrize(
    ("zone", "clock", "instant"),
    [
        ("Europe/Berlin", "2027-03-28 02:30", "2027-03-28 01:30"),
        ("Europe/Berlin", "2027-10-31 02:30", "2027-10-31 00:30"),
        ("Australia/Lord_Howe", "2027-10-03 02:15", "2027-10-02 15:45"),  # a gap of half an hour
        ("Africa/Cairo", "2027-04-30 00:00", "2027-04-29 22:00"),  # a midnight that does not exist
        ("America/Havana", "2027-11-07 00:30", "2027-11-07 04:30"),  # a midnight that comes twice
        ("Pacific/Apia", "2011-12-30 10:00", "2011-12-30 20:00"),  # a whole day that was left out
    ],
)
def test_the_examples_of_the_explanation(zone: str, clock: str, instant: str) -> None:
    local = datetime.fromisoformat(clock)
    assert local_instant(local.date(), local.time(), zone) == datetime.fromisoformat(instant).replace(tzinfo=UTC)
