"""Windows and blackouts, against cases written by hand and against another way of calculating them."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.calendar import Calendar, openings
from patchtide.core.windows import ALWAYS, Blackout, Day, Window, blackout_spans, local_instant

CASES = json.loads(Path(__file__).with_name("data").joinpath("windows.json").read_text(encoding="utf-8"))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kolkata"]
SUNDAY = Window("sunday", "FREQ=WEEKLY;BYDAY=SU", time(3), timedelta(hours=4), "UTC")
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def day(parts: list[int]) -> Day:
    return Day(parts[0], parts[1], parts[2] if len(parts) == 3 else None)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_openings_are_those_written_by_hand(case: dict[str, Any]) -> None:
    window = Window(
        "w", case["rrule"], time.fromisoformat(case["at"]), timedelta(hours=case["hours"]), case["timezone"]
    )
    shut = [Blackout(b["name"], day(b["first"]), day(b["last"]), b["timezone"]) for b in case.get("blackouts", [])]
    found = openings((window,), shut, utc(case["from"]), utc(case["to"]))
    assert [[o.opens, o.closes] for o in found] == [[utc(a), utc(b)] for a, b in case["open"]]


def first_minute_at_or_after(day: date, at: time, zone: str) -> datetime | None:
    """Walk through the real minutes around a day and return the first that the local clock shows as wanted."""
    start = datetime.combine(day - timedelta(days=2), time(), tzinfo=UTC)
    for minute in range(4 * 24 * 60):
        instant = start + timedelta(minutes=minute)
        local = instant.astimezone(ZoneInfo(zone))
        if local.date() == day and (local.hour, local.minute) == (at.hour, at.minute):
            return instant
    return None


@given(
    st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 24), date(2026, 10, 4), date(2026, 11, 1)]),
    st.integers(-1, 1),
    st.integers(0, 23),
    st.sampled_from([0, 15, 30, 59]),
    st.sampled_from(ZONES),
)
@pytest.mark.fault(10, how="starts that do not exist or come twice, against a walk through the minutes")
def test_a_local_start_is_what_a_walk_through_the_minutes_finds(
    around: date, shift: int, hour: int, minute: int, zone: str
) -> None:
    day, at = around + timedelta(days=shift), time(hour, minute)
    walked = first_minute_at_or_after(day, at, zone)
    found = local_instant(day, at, zone)
    if walked is not None:
        assert found == walked
    else:  # in a gap: the offset that held before it, applied to the wanted time
        before = datetime.combine(day - timedelta(days=1), at, tzinfo=ZoneInfo(zone)).utcoffset()
        assert before is not None
        assert found == datetime.combine(day, at, tzinfo=UTC) - before


@given(st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31)), st.integers(1, 200), st.integers(0, 2000))  # noqa: DTZ001
def test_openings_are_in_order_apart_and_outside_blackouts(naive: datetime, hours: int, span: int) -> None:
    start = naive.replace(tzinfo=UTC)
    end = start + timedelta(hours=span)
    windows = (SUNDAY, Window("other", "FREQ=DAILY;INTERVAL=3", time(23), timedelta(hours=hours), "Europe/Berlin"))
    shut = (Blackout("b", Day(12, 20), Day(1, 6), "Europe/Berlin"), Blackout("c", Day(2, 28), Day(2, 29), "UTC"))
    found = openings(windows, shut, start, end)
    for opening in found:
        assert opening.opens < opening.closes
    for one, other in pairwise(found):
        assert one.closes < other.opens or one.closed_by is not None
    for span_ in (s for b in shut for s in blackout_spans(b, start, end)):
        assert all(o.closes <= span_.opens or o.opens >= span_.closes for o in found)


@given(st.integers(0, 24 * 7 * 60), st.integers(0, 5 * 60))
def test_may_begin_exactly_when_the_room_is_there(minutes: int, need: int) -> None:
    now = utc("2026-11-16T00:00Z") + timedelta(minutes=minutes)
    opens = utc("2026-11-22T03:00Z")
    verdict = Calendar((SUNDAY,)).may_begin(now, timedelta(minutes=need))
    fits = opens <= now and now + timedelta(minutes=need) <= opens + 4 * HOUR and now < opens + 4 * HOUR
    assert verdict.ok == fits
    if not fits and need <= 240:
        assert verdict.until == (opens if now < opens else opens + timedelta(days=7))


def test_a_tier_without_a_window_is_never_open() -> None:
    verdict = Calendar(()).may_begin(utc("2026-11-21T00:00Z"), HOUR)
    assert (verdict.ok, verdict.code, verdict.until) == (False, "no_window", None)


def test_a_window_too_short_for_the_work_is_never_open_and_says_how_much_is_needed() -> None:
    verdict = Calendar((SUNDAY,)).may_begin(utc("2026-11-21T00:00Z"), 5 * HOUR)
    assert (verdict.ok, verdict.code, verdict.until) == (False, "never_open", None)
    assert "5 h 00 min" in verdict.reason


@pytest.mark.parametrize(
    ("at", "code", "until", "told"),
    [
        ("2026-11-21T00:00Z", "shut", "2026-11-22T03:00Z", "opens 2026-11-22 03:00 UTC"),
        ("2026-11-22T02:59Z", "shut", "2026-11-22T03:00Z", "opens 2026-11-22 03:00 UTC"),
        ("2026-11-22T06:30Z", "too_late", "2026-11-29T03:00Z", "only 30 min are left of window 'sunday' and 60 min"),
        ("2026-11-22T07:00Z", "shut", "2026-11-29T03:00Z", "opens 2026-11-29 03:00 UTC"),
        ("2026-12-20T04:00Z", "blackout", "2027-01-03T03:00Z", "blackout 'year-end' until 2027-01-03 00:00 UTC"),
    ],
)
def test_a_no_says_why_and_until_when(at: str, code: str, until: str, told: str) -> None:
    calendar = Calendar((SUNDAY,), (Blackout("year-end", Day(12, 15), Day(1, 2), "UTC"),))
    verdict = calendar.may_begin(utc(at), HOUR)
    assert (verdict.ok, verdict.code, verdict.until) == (False, code, utc(until))
    assert told in verdict.reason


def test_a_window_is_open_from_its_first_to_its_last_possible_instant() -> None:
    calendar = Calendar((SUNDAY,))
    assert calendar.may_begin(utc("2026-11-22T03:00Z"), HOUR).code == "open"
    assert calendar.may_begin(utc("2026-11-22T06:00Z"), HOUR).code == "open"
    assert not calendar.may_begin(utc("2026-11-22T06:00:00.000001Z"), HOUR).ok
    assert not calendar.may_begin(utc("2026-11-22T07:00Z"), timedelta(0)).ok


def test_always_is_shut_by_blackouts_and_by_nothing_else() -> None:
    free = Calendar((), (), always=True)
    assert free.may_begin(utc("2026-12-20T04:00Z"), 100 * HOUR).ok
    shut = Calendar((), (Blackout("year-end", Day(12, 15), Day(1, 2), "UTC"),), always=True)
    assert shut.may_begin(utc("2026-12-14T22:00Z"), HOUR).ok
    late = shut.may_begin(utc("2026-12-14T23:30Z"), HOUR)
    assert (late.code, late.until) == ("too_late", utc("2027-01-03T00:00Z"))
    assert ALWAYS in late.reason
    held = shut.may_begin(utc("2026-12-20T04:00Z"), HOUR)
    assert (held.code, held.until) == ("blackout", utc("2027-01-03T00:00Z"))


def test_next_opening_is_the_one_that_has_room() -> None:
    calendar = Calendar((SUNDAY,))
    opening = calendar.next_opening(utc("2026-11-22T06:30Z"), HOUR)
    assert opening is not None
    assert opening.opens == utc("2026-11-29T03:00Z")
    assert Calendar(()).next_opening(utc("2026-11-22T06:30Z")) is None


def test_a_window_begins_no_earlier_than_its_first_day() -> None:
    window = Window("late", "FREQ=DAILY", time(3), HOUR, "UTC", starts=date(2027, 1, 1))
    found = openings((window,), (), utc("2026-12-30T00:00Z"), utc("2027-01-02T00:00Z"))
    assert [o.opens for o in found] == [utc("2027-01-01T03:00Z")]


def test_an_impossible_day_is_never_open() -> None:
    window = Window("never", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", time(3), HOUR, "UTC")
    assert Calendar((window,)).may_begin(utc("2026-12-30T00:00Z"), HOUR).code == "never_open"
