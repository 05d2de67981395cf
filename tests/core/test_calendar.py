"""Windows and blackouts in all their forms, as openings that anybody can check against a calendar on the wall."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.calendar import Calendar, openings
from patchtide.core.windows import HOST, Blackout, Closure, Dated, Day, Opening, Shut, When, Window

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAILY = Window("daily", "FREQ=DAILY", time(3), HOUR, "UTC")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def opened(when: When, start: str, end: str, *shut: Shut) -> list[tuple[str, str]]:
    found = openings((when,), shut, utc(start), utc(end))
    return [(f"{o.opens:%m-%d %H:%M}", f"{o.closes:%m-%d %H:%M}") for o in found]


def test_three_days_after_the_second_tuesday_may_be_in_the_next_month() -> None:
    last_tuesday = Window("w", "FREQ=MONTHLY;BYDAY=-1TU", time(22), 2 * HOUR, "UTC", offset=3 * DAY)
    found = opened(last_tuesday, "2026-12-30T00:00Z", "2027-03-01T00:00Z")
    assert found == [("01-01 22:00", "01-02 00:00"), ("01-29 22:00", "01-30 00:00"), ("02-26 22:00", "02-27 00:00")]


def test_an_offset_may_be_negative_and_cross_a_year() -> None:
    first = Window("w", "FREQ=MONTHLY;BYMONTHDAY=1", time(1), HOUR, "UTC", offset=-2 * HOUR)
    assert opened(first, "2026-12-30T00:00Z", "2027-01-02T00:00Z") == [("12-31 23:00", "01-01 00:00")]


def test_an_offset_is_counted_in_the_days_of_the_calendar() -> None:
    """Three days after the Friday before the clock goes forward, at three by the new clock."""
    friday = Window("w", "FREQ=WEEKLY;BYDAY=FR", time(3), HOUR, "Europe/Berlin", offset=3 * DAY)
    assert opened(friday, "2027-03-28T00:00Z", "2027-03-30T00:00Z") == [("03-29 01:00", "03-29 02:00")]


def test_a_window_may_open_several_times_a_day() -> None:
    twice = Window("w", "FREQ=DAILY", time(15), HOUR, "UTC", also_at=(time(3),))
    found = opened(twice, "2026-12-30T00:00Z", "2026-12-31T00:00Z")
    assert found == [("12-30 03:00", "12-30 04:00"), ("12-30 15:00", "12-30 16:00")]


def test_a_rule_without_a_first_day_holds_in_every_year() -> None:
    weekly = Window("w", "FREQ=WEEKLY", time(3), HOUR, "UTC")
    for year in (1995, 2019, 2026, 2060):
        found = openings((weekly,), (), datetime(year, 3, 1, tzinfo=UTC), datetime(year, 4, 1, tzinfo=UTC))
        assert found
        assert {o.opens.weekday() for o in found} == {0}


def test_written_times_are_of_the_zone_unless_they_say_otherwise() -> None:
    local = (datetime(2027, 3, 28, 2, 30), datetime(2027, 3, 28, 5))  # noqa: DTZ001
    instant = (utc("2027-03-30T03:00Z"), utc("2027-03-30T07:00Z"))
    found = opened(Dated("d", (instant, local), "Europe/Berlin"), "2027-03-01T00:00Z", "2027-04-01T00:00Z")
    assert found == [("03-28 01:30", "03-28 03:00"), ("03-30 03:00", "03-30 07:00")]


def test_business_hours_end_by_the_clock_and_nights_the_next_morning() -> None:
    always = Calendar((), (), always=True)
    office = Window("office", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", time(9), 8 * HOUR, "Europe/Berlin", by_clock=True)
    night = Window("night", "FREQ=DAILY", time(22), 8 * HOUR, "Europe/Berlin", by_clock=True)
    shut = Calendar((), (Closure("office", office), Closure("night", night)), always=True)
    found = shut.between(utc("2027-03-26T21:00Z"), utc("2027-03-29T21:00Z"))
    told = [(f"{o.opens:%d %H:%M}", f"{o.closes:%d %H:%M}", o.closed_by) for o in found]
    assert told == [
        ("27 05:00", "27 21:00", "night"),
        ("28 04:00", "28 20:00", "night"),  # the clock went forward: six in the morning is an hour earlier
        ("29 04:00", "29 07:00", "office"),
        ("29 15:00", "29 20:00", "night"),
    ]
    assert always.may_begin(utc("2027-03-29T08:00Z"), HOUR).ok
    refused = shut.may_begin(utc("2027-03-29T08:00Z"), HOUR)
    assert (refused.code, refused.until) == ("blackout", utc("2027-03-29T15:00Z"))
    assert "blackout 'office' until 2027-03-29 15:00 UTC" in refused.reason


def test_a_blackouts_end_in_a_gap_moves_behind_it() -> None:
    shut = Closure("b", Window("b", "FREQ=DAILY", time(1), timedelta(minutes=90), "Europe/Berlin", by_clock=True))
    found = Calendar((), (shut,), always=True).between(utc("2027-03-28T00:00Z"), utc("2027-03-28T12:00Z"))
    assert [(o.opens, o.closes) for o in found] == [(utc("2027-03-28T01:30Z"), utc("2027-03-28T12:00Z"))]


def test_the_last_days_of_a_quarter() -> None:
    ends = Window(
        "q", "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1", time(), 3 * DAY, "UTC", offset=-2 * DAY, by_clock=True
    )
    assert opened(ends, "2027-01-01T00:00Z", "2027-07-01T00:00Z") == [
        ("03-29 00:00", "04-01 00:00"),
        ("06-28 00:00", "07-01 00:00"),
    ]


def test_beyond_what_was_looked_up_a_blackout_shuts() -> None:
    told = Closure("freezes", Dated("freezes", (), "UTC", known_until=utc("2027-01-02T00:00Z")))
    found = openings((DAILY,), (told,), utc("2027-01-01T00:00Z"), utc("2027-02-01T00:00Z"))
    assert [o.opens for o in found] == [utc("2027-01-01T03:00Z")]
    assert Calendar((DAILY,), (told,)).may_begin(utc("2027-01-02T03:00Z"), HOUR).code == "never_open"


def test_hosts_in_several_zones_are_worked_on_when_it_is_open_for_all() -> None:
    night = Window("night", "FREQ=DAILY", time(1), 5 * HOUR, HOST)
    both = Calendar((night,), zones=("Europe/Berlin", "Europe/London"))
    found = both.between(utc("2027-01-10T00:00Z"), utc("2027-01-10T12:00Z"))
    assert [(o.opens, o.closes) for o in found] == [(utc("2027-01-10T01:00Z"), utc("2027-01-10T05:00Z"))]
    apart = Calendar((night,), zones=("Europe/Berlin", "Asia/Tokyo"))
    assert apart.may_begin(utc("2027-01-10T00:00Z"), HOUR).code == "never_open"
    shut = Calendar((night,), (Blackout("b", Day(1, 10, 2027), Day(1, 10, 2027), HOST),), zones=("Asia/Tokyo",))
    assert shut.may_begin(utc("2027-01-09T16:30Z"), HOUR).code == "blackout"


def test_local_times_without_a_zone_are_never() -> None:
    verdict = Calendar((Window("night", "FREQ=DAILY", time(1), HOUR, HOST),)).may_begin(utc("2027-01-10T00:00Z"), HOUR)
    assert (verdict.ok, verdict.code) == (False, "no_zone")
    assert (
        Calendar((Window("night", "FREQ=DAILY", time(1), HOUR, HOST),)).next_opening(utc("2027-01-10T00:00Z")) is None
    )


SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 30)), max_size=8)


@given(SPANS, SPANS, SPANS)
def test_openings_are_what_a_walk_through_the_hours_finds(
    a: list[tuple[int, int]], b: list[tuple[int, int]], c: list[tuple[int, int]]
) -> None:
    start = datetime(2027, 1, 1, tzinfo=UTC)
    some, others, shut = (dated(spans, start) for spans in (a, b, c))
    end = start + 300 * HOUR
    found = openings((some, others), (Closure("shut", shut),), start, end)
    for hour in range(300):
        at = start + hour * HOUR
        wanted = (covers(some, at) or covers(others, at)) and not covers(shut, at)
        assert any(o.opens <= at < o.closes for o in found) == wanted
    assert all(one.closes <= other.opens for one, other in pairwise(found))


def dated(spans: list[tuple[int, int]], start: datetime) -> Dated:
    return Dated("d", tuple((start + a * HOUR, start + (a + b) * HOUR) for a, b in spans), "UTC")


def covers(when: Dated, at: datetime) -> bool:
    return any(begin <= at < end for begin, end in when.spans)


def test_a_leap_day_is_found_however_far_it_is() -> None:
    leap = Window("leap", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", time(3), HOUR, "UTC")
    for now, day in (("2026-03-01T00:00Z", "2028-02-29"), ("2096-03-01T00:00Z", "2104-02-29")):
        opening = Calendar((leap,)).next_opening(utc(now))
        assert opening is not None
        assert opening.opens == utc(f"{day}T03:00Z")
        assert Calendar((leap,)).may_begin(utc(now), HOUR).until == opening.opens
    over = Window("over", "FREQ=DAILY;UNTIL=20260228", time(3), HOUR, "UTC")
    assert Calendar((over,)).next_opening(utc("2026-03-01T00:00Z")) is None


def test_an_answer_does_not_depend_on_what_was_asked_before() -> None:
    calendar = Calendar((DAILY,), always=False)
    first = calendar.next_opening(utc("2027-01-10T02:59Z"))
    assert first == Opening("daily", utc("2027-01-10T03:00Z"), utc("2027-01-10T04:00Z"))
    assert calendar.next_opening(utc("2027-01-10T03:59:59Z")) == first
    later = calendar.next_opening(utc("2027-01-10T04:00Z"))
    assert later is not None
    assert later.opens == utc("2027-01-11T03:00Z")
    assert date(2027, 1, 11) == later.opens.date()
