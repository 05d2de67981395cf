"""Whatever a file holds that somebody hands over: a right value, or one sentence. Never a traceback.

Configurations, probe reports and bundles have the same kind of test beside their own (tests/config/test_fuzz.py,
tests/engine/test_findings.py, tests/adapters/depot/test_bundles.py).
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.made import NOW
from tests.core.made import plan as made_plan
from tests.histories import FOLDER

from patchtide.adapters.ansible.inventory import _document, _sound
from patchtide.config.load import calendar_settings_of
from patchtide.core.checkpoint import SCHEMA, Checkpoint, Head, Record
from patchtide.core.decide import decide
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.events import RunOpened
from patchtide.core.fold import folded
from patchtide.core.run import Run
from patchtide.core.settings import Settings
from patchtide.documents import (
    checkpoint_of,
    digest_of,
    document_text,
    event_of,
    plan_of,
    plan_text,
    sealed,
)
from patchtide.report.plantext import plan_text_view
from patchtide.report.runview import run_view

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAN = json.loads(plan_text(made_plan()))
RECORD = Record(3, "ab" * 32, {"run-1": Head(2, "cd" * 32), "project": Head(1, "ef" * 32)})
CHECKPOINT = json.loads(document_text(sealed(Checkpoint(SCHEMA, NOW, "ann", RECORD))))
HISTORY = next(iter(sorted(FOLDER.glob("*/05.jsonl")))).read_text("utf-8").splitlines()

TEXTS = ["", "x", "{{ 1 }}", "\ud800", "\x00", "../x", "P1D", "2026-01-01", "2026-01-01T00:00:00"]
INSTANTS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
NUMBERS = [None, True, -1, 0, 10**30, 1e308, float("nan")]
EMPTY: list[object] = [[], {}, [[]], {"x": [1]}]
ODD = st.sampled_from([*TEXTS, *INSTANTS, *NUMBERS, *EMPTY])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, its inner nodes included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inside for found in places(item, (*path, key)))]


def changed(document: Any, place: tuple[Any, ...], value: object) -> Any:  # noqa: ANN401 - JSON may be anything
    """A copy of a document with another value at a place."""
    if not place:
        return value
    copy = json.loads(json.dumps(document))
    part = copy
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    return copy


def used(run: Run, now: datetime) -> None:
    """Use a run in every way in which one is used, as far as its history goes."""
    decide(run, now)
    run_view("run-1", run)


def judged(read: Callable[[], object]) -> object:
    """What reading gives: a value, or the sentence by which it was refused."""
    try:
        return read()
    except PatchtideError as error:
        assert error.message
        assert "Traceback" not in error.message
        return error


@given(place=st.sampled_from(places(PLAN)), value=JSON)
@MANY
def test_a_plan_with_any_value_anywhere_is_one_or_is_refused_even_when_it_is_sealed_again(
    place: tuple[Any, ...], value: object
) -> None:
    document = changed(PLAN, place, value)
    try:
        if isinstance(document, dict):
            document["digest"] = digest_of(document)
        text = json.dumps(document)
    except ValueError:  # half a character has no digest
        text = json.dumps(document)
    found = judged(lambda: plan_of(text, "plan.json"))
    assert not isinstance(found, UsageError) or found.where.startswith("plan.json")
    if not isinstance(found, PatchtideError):
        plan = plan_of(text, "plan.json")
        plan_text_view(plan, NOW, 0)
        used(folded([RunOpened(NOW, plan, "ann")]), NOW + timedelta(minutes=1))


@given(place=st.sampled_from(places(CHECKPOINT)), value=JSON)
@MANY
def test_a_checkpoint_with_any_value_anywhere_is_one_or_is_refused(place: tuple[Any, ...], value: object) -> None:
    document = changed(CHECKPOINT, place, value)
    for text in (json.dumps(document), json.dumps(document).replace(CHECKPOINT["digest"], "sha256:0")):
        judged(lambda text=text: checkpoint_of(text, "kept.json"))  # type: ignore[misc]


@given(text=st.text(max_size=60) | JSON.map(json.dumps))
@MANY
def test_any_text_is_no_plan_and_no_checkpoint(text: str) -> None:
    for read in (plan_of, checkpoint_of):
        assert isinstance(judged(lambda read=read: read(text, "file.json")), UsageError)  # type: ignore[misc]


@given(data=st.data(), number=st.integers(0, len(HISTORY) - 1), value=JSON)
@MANY
def test_a_history_with_any_value_anywhere_is_one_or_does_not_fit_together(
    data: st.DataObject, number: int, value: object
) -> None:
    document = json.loads(HISTORY[number])
    place = data.draw(st.sampled_from(places(document)))
    line = json.dumps(changed(document, place, value))
    try:
        events = [event_of(text) for text in (*HISTORY[:number], line, *HISTORY[number + 1 :])]
    except ValueError:
        return  # named by the store, with the number of the event
    found = judged(lambda: folded(events))
    if isinstance(found, Run):
        used(found, NOW)


@given(text=st.text(max_size=60) | JSON.map(json.dumps))
@MANY
def test_any_text_is_an_event_or_a_value_error(text: str) -> None:
    try:
        event_of(text)
    except ValueError:
        return


@given(variables=JSON, name=st.text(max_size=12) | st.sampled_from(["h;reboot", "../x", "-oX=y", "ok", "{{ x }}"]))
@MANY
def test_whatever_an_inventory_says_of_a_host_is_plain_or_refused(variables: object, name: str) -> None:
    listing = json.dumps({"_meta": {"hostvars": {name: variables}}, "all": {"hosts": [name]}})
    found = judged(lambda: _sound(_document(listing, ["hosts.yml"]), [name], ["hosts.yml"]))
    if isinstance(found, tuple):
        assert "{{" not in json.dumps([host.variables for host in found], default=str)
        assert not set(";/ {") & set(name)


@given(raw=st.binary(max_size=80))
@MANY
def test_any_bytes_are_no_document(raw: bytes, tmp_path_factory: Any) -> None:  # noqa: ANN401 - pytest's own
    from patchtide.cli.files import text_in

    path: Path = tmp_path_factory.mktemp("raw") / "plan.json"
    path.write_bytes(raw)
    assert isinstance(judged(lambda: plan_of(text_in(path, "the plan"), str(path))), UsageError)


ICS = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//EN
BEGIN:VEVENT
UID:1@tests
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Berlin:20270103T030000
DTEND;TZID=Europe/Berlin:20270103T070000
RRULE:FREQ=WEEKLY;BYDAY=SU
EXDATE;TZID=Europe/Berlin:20270110T030000
SUMMARY:patching
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
""".splitlines()
SCRAPS = st.sampled_from(
    "DTSTART:20270230T030000|DTEND:19000101|RRULE:FREQ=YEARLY;INTERVAL=0|RRULE:FREQ=DAILY;COUNT=99999999|RRULE:X"
    "|DTSTART;TZID=Mars/Olympus:20270103T030000|DURATION:-P1D|DTSTART;VALUE=DATE:20270103|BEGIN:VEVENT|END:VCALENDAR"
    "|SUMMARY:{{ 1 }}|STATUS:CANCELLED|RDATE:99991231T235959Z|EXDATE:x|DTSTART:00010101T000000|BEGIN:VALARM|:|;".split(
        "|"
    )
) | st.text(max_size=12)
CALENDAR = """\
tiers: [{name: t, hosts: h, window: w}]
windows: {w: {ical: w.ics, timezone: Europe/Berlin}}
blackouts: [{name: b, ical: w.ics}]
"""


@given(lines=st.lists(st.tuples(st.integers(0, len(ICS)), SCRAPS, st.booleans()), min_size=1, max_size=3))
@settings(MANY, max_examples=60)
def test_an_icalendar_file_with_any_lines_is_understood_or_refused(
    lines: list[tuple[int, str, bool]],
    tmp_path_factory: Any,  # noqa: ANN401 - pytest's own
) -> None:
    folder: Path = tmp_path_factory.mktemp("ical")
    text = list(ICS)
    for number, scrap, instead in lines:
        text[number : number + instead] = [scrap]
    (folder / "w.ics").write_text("\r\n".join(text) + "\r\n", encoding="utf-8", errors="surrogatepass")
    (folder / "patchtide.yml").write_text(CALENDAR, encoding="utf-8")
    found = judged(lambda: calendar_settings_of(folder / "patchtide.yml"))
    if isinstance(found, Settings):
        found.calendar(found.tiers[0]).next_opening(NOW, timedelta(minutes=5))
    else:
        assert isinstance(found, UsageError)
        assert "patchtide.yml:" in found.where
