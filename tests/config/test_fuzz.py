"""Whatever a file holds: settings, or one sentence with a place. Never a traceback, never something half understood."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.config.cases import DATA, TODAY, refused, understood

from patchtide.config.load import calendar_settings_of, settings_of
from patchtide.config.scalars import duration_of, spelled
from patchtide.config.show import shown
from patchtide.core.errors import UsageError
from patchtide.core.settings import Settings

SEEDS = [path.read_text(encoding="utf-8") for path in (*understood(), *refused()) if len(path.read_bytes()) < 4000]
WORDS = {
    line.split(": ", 1)[0]: line.split(": ", 1)[1].split()
    for line in (DATA / "words.txt").read_text(encoding="utf-8").splitlines()
}
KEYS = st.sampled_from(WORDS["keys"])
SCALARS = st.one_of(
    KEYS,
    st.sampled_from(WORDS["scalars"]),
    st.sampled_from(["0 3 * * sun", "0 3 30 2 *", "*/7 1-5 1,31 2,4 *", "2027-01-03 03:00", "2027-03-28 02:30Z"]),
    st.text(max_size=8),
    st.integers(),
    st.none(),
)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)),
    max_size=6,
)
MANY = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def outcome(folder: Path, raw: bytes) -> Settings | UsageError:
    """What becomes of a file; anything but settings or a UsageError fails the test that asks."""
    (folder / "hosts.yml").touch()
    path = folder / "patchtide.yml"
    path.write_bytes(raw)
    results = [attempt(read, path) for read in (calendar_settings_of, shown, partial(settings_of, today=TODAY))]
    for result in results:
        assert not isinstance(result, UsageError) or (result.message and f"{path.name}:" in result.where)
    last = results[-1]
    assert isinstance(last, Settings | UsageError)
    return last


def attempt(read: Callable[[Path], object], path: Path) -> object:
    """What reading a file gives: a value, or the sentence by which it was refused."""
    try:
        return read(path)
    except UsageError as error:
        return error


@given(raw=st.binary(max_size=200))
@example(raw=b"\xef\xbb\xbf")
@example(raw=b"%TAG ! !\n--- !a b")
@example(raw=b"? ")
@example(raw=b"- - - - - -\n?\n?")
@MANY
def test_any_bytes_are_settings_or_a_sentence(tmp_path: Path, raw: bytes) -> None:
    assert isinstance(outcome(tmp_path, raw), UsageError)


@given(text=st.text(max_size=200))
@MANY
def test_any_text_is_settings_or_a_sentence(tmp_path: Path, text: str) -> None:
    outcome(tmp_path, text.encode(errors="surrogatepass"))


@given(document=DOCUMENTS)
@example(document={"windows": {"a": {"rrule": "FREQ=YEARLY;BYWEEKNO=53", "at": "23:59", "duration": "7d"}}})
@MANY
def test_any_document_is_settings_or_a_sentence(tmp_path: Path, document: dict[str, Any]) -> None:
    outcome(tmp_path, yaml.safe_dump(document, allow_unicode=True).encode(errors="surrogatepass"))


@given(seed=st.sampled_from(SEEDS), number=st.integers(0, 2**32), scrap=st.text(max_size=4))
@MANY
def test_a_file_with_a_typing_error_is_settings_or_a_sentence(
    tmp_path: Path, seed: str, number: int, scrap: str
) -> None:
    begin = random.Random(number).randrange(len(seed))  # a place in a text, no secret
    outcome(tmp_path, (seed[:begin] + scrap + seed[begin + number % 7 :]).encode(errors="surrogatepass"))


PARTS = st.sampled_from(WORDS["parts"])


@given(
    parts=st.lists(PARTS, max_size=5).map(";".join),
    at=st.times().map("{:%H:%M}".format),
    duration=st.sampled_from(["1h", "4h", "1d", "7d"]),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo"]),
    starts=st.dates(date(2000, 1, 1), date(2199, 12, 31)),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@MANY
def test_any_window_that_is_accepted_can_be_looked_up(
    tmp_path: Path, parts: str, at: str, duration: str, zone: str, starts: date, now: datetime
) -> None:
    window = f"{{rrule: {parts!r}, at: {at}, duration: {duration}, timezone: {zone}, starts: {starts}}}"
    path = tmp_path / "patchtide.yml"
    path.write_text(f"windows: {{w: {window}}}\ntiers: [{{name: t, hosts: h, window: w}}]\n", encoding="utf-8")
    found = attempt(calendar_settings_of, path)
    if isinstance(found, Settings):
        opening = found.calendar(found.tiers[0]).next_opening(now, timedelta(minutes=30))
        assert opening is None or opening.closes > now


@given(seconds=st.integers(0, 400 * 86400))
@settings(max_examples=100)
def test_a_duration_is_shown_as_it_would_be_written(seconds: int) -> None:
    span = duration_of(f"{seconds}s")
    assert duration_of(spelled(span)) == span


TIMES = st.sampled_from(["00:00", "02:30", "09:00", "17:00", "23:59", "24:00"])
BLACKOUTS = st.one_of(
    st.tuples(TIMES, TIMES).map(lambda some: {"from": some[0], "to": some[1]}),
    st.tuples(TIMES, TIMES).map(lambda some: {"weekdays": "fri-mon", "from": some[0], "to": some[1]}),
    st.sampled_from(["month-end", "quarter-start", "year-end"]).map(lambda name: {"every": name, "days": 3}),
    st.sampled_from(["0 3 * * sun", "30 2 28-31 3,10 *", "@monthly"]).map(
        lambda line: {"cron": line, "duration": "3h"}
    ),
    st.sampled_from(["-3d", "1d12h", "+366d"]).map(
        lambda offset: {"rrule": "FREQ=MONTHLY;BYDAY=2TU", "at": "22:00", "duration": "2d", "offset": offset}
    ),
)


@given(
    blackouts=st.lists(BLACKOUTS, max_size=4),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Havana"]),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
@MANY
def test_what_is_next_is_open_and_what_is_shut_says_until_when(
    tmp_path: Path, blackouts: list[dict[str, Any]], zone: str, now: datetime
) -> None:
    shut = [{"name": f"b{number}", **blackout} for number, blackout in enumerate(blackouts)]
    windows = {"w": {"rrule": "FREQ=DAILY", "at": "22:00", "duration": "9h"}}
    tiers = [{"name": "t", "hosts": "h", "window": "w"}]
    path = tmp_path / "patchtide.yml"
    path.write_text(yaml.safe_dump({"timezone": zone, "tiers": tiers, "windows": windows, "blackouts": shut}), "utf-8")
    found = attempt(calendar_settings_of, path)
    if isinstance(found, Settings):
        calendar = found.calendar(found.tiers[0])
        opening, verdict = calendar.next_opening(now), calendar.may_begin(now, timedelta(0))
        assert verdict.ok == (opening is not None and opening.opens <= now)
        assert verdict.ok or verdict.until == (opening.opens if opening else None)
        if opening is not None:
            assert calendar.may_begin(max(opening.opens, now), opening.closes - max(opening.opens, now)).ok
            assert not calendar.may_begin(opening.closes, timedelta(0)).ok
