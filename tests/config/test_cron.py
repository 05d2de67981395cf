"""Crontab lines, against a reading of crontab(5) that asks of each minute whether it is meant."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from patchtide.config.cron import cron_of
from patchtide.config.times import MOST_TIMES
from patchtide.core.calendar import openings
from patchtide.core.windows import Window

MINUTE = timedelta(minutes=1)


def field(least: int, most: int) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    spread = st.tuples(number, number).map(sorted).map("{0[0]}-{0[1]}".format)
    stepped = st.tuples(st.one_of(st.just("*"), spread), st.integers(1, 20)).map("{0[0]}/{0[1]}".format)
    return st.one_of(
        st.just("*"), st.lists(st.one_of(number.map(str), spread, stepped), min_size=1, max_size=3).map(",".join)
    )


TIMES = st.lists(st.integers(0, 23), min_size=1, max_size=5).map(lambda some: ",".join(map(str, some)))
LINES = st.tuples(TIMES, st.one_of(TIMES, st.just("*/3"), st.just("1-5")), field(1, 31), field(1, 12), field(0, 7)).map(
    " ".join
)


def matches(text: str, value: int, least: int, most: int) -> bool:
    for piece in text.split(","):
        span, _, step = piece.partition("/")
        first, _, last = ("", "", "") if span == "*" else span.partition("-")
        begin, end = (least, most) if span == "*" else (int(first), int(last or first))
        if begin <= value <= end and (value - begin) % int(step or 1) == 0:
            return True
    return False


def runs(line: str, at: datetime) -> bool:
    """Whether cron would run a line in a minute, as its manual says: of two restricted kinds of day, one is enough."""
    minute, hour, dom, month, dow = line.split()
    if not (matches(hour, at.hour, 0, 23) and matches(minute, at.minute, 0, 59) and matches(month, at.month, 1, 12)):
        return False
    by_date = matches(dom, at.day, 1, 31)
    by_name = any(matches(dow, day, 0, 7) for day in ((at.isoweekday() % 7), at.isoweekday()))
    return by_date and by_name if dom.startswith("*") or dow.startswith("*") else by_date or by_name


@given(LINES, st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)))  # noqa: DTZ001
@settings(max_examples=40, deadline=None)
def test_a_line_opens_in_the_minutes_in_which_cron_would_run_it(line: str, around: datetime) -> None:
    start = around.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    wanted = [at for at in (start + i * MINUTE for i in range(24 * 60)) if runs(line, at)]
    try:
        cron = cron_of(line)
    except ValueError:
        assert not wanted
        return
    assume(len(cron.times) <= MOST_TIMES)
    first, *others = cron.times
    second = timedelta(seconds=1)
    window = Window("w", cron.rule, first, second, "UTC", also_at=tuple(others))
    assert [o.opens for o in openings((window,), (), start, start + timedelta(days=1))] == wanted


@pytest.mark.parametrize(
    ("line", "same"),
    [
        ("@weekly", "0 0 * * 0"),
        ("@MONTHLY", "0 0 1 * *"),
        ("0 3 * * SUN", "0 3 * * 7"),
        ("0 3 * jan-mar Monday-fri", "0 3 * 1-3 1-5"),
        ("  0   3 * * fri-7 ", "0 3 * * 5,6,0"),
    ],
)
def test_one_thing_may_be_written_in_several_ways(line: str, same: str) -> None:
    one, other = cron_of(line), cron_of(same)
    assert (one.rule, one.times) == (other.rule, other.times)
