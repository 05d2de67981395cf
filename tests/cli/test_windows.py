"""The calendar on the command line: next, why-not, list, export, for people and for machines."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Patchtide
from tests.core.made import NOW, opened, plan, tier

from patchtide.core.windows import Window
from patchtide.report.calendars import ics, months_later, run_entries

HEAD = "tiers: [{name: test, hosts: a, window: always}, {name: production, hosts: b, window: w}]\n"


def configured(project: Path, *lines: str, head: str = HEAD) -> None:
    (project / "patchtide.yml").write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def asked(patchtide: Patchtide, at: str, *words: str) -> Any:  # noqa: ANN401 - JSON may be anything
    answer = patchtide("windows", "next", "--json", "--at", at, *words)
    assert answer.code == 0, answer.err
    return answer.document


FORMS = [
    ('rrule: "FREQ=MONTHLY;BYDAY=2TU", offset: 3d, at: "22:00", duration: 2h', "01-01", "01-15T22", "01-16T00"),
    ('rrule: "FREQ=MONTHLY;BYDAY=-1TU", offset: 6d, at: "22:00", duration: 1h', "02-01", "02-01T22", "02-01T23"),
    ('rrule: "FREQ=MONTHLY;BYMONTHDAY=1", offset: -1d, at: "22:00", duration: 1h', "02-02", "02-28T22", "02-28T23"),
    ('cron: "0 3 13 * fri", duration: 2h', "01-09", "01-13T03", "01-13T05"),
    ('cron: "0 3 */2 * fri", duration: 2h', "01-02", "01-15T03", "01-15T05"),
    ("date: 2027-03-28, at: 02:30, duration: 2h, timezone: Europe/Berlin", "01-02", "03-28T01", "03-28T03"),
    ("from: 2027-01-03 03:00, to: 2027-01-03 07:00", "01-02", "01-03T03", "01-03T07"),
    ('rrule: "FREQ=DAILY;BYHOUR=1,13", duration: 1h', "01-02T02:00Z", "01-02T13", "01-02T14"),
]


@pytest.mark.parametrize(("window", "at", "opens", "closes"), FORMS)
def test_the_next_opening_in_every_form(
    patchtide: Patchtide, project: Path, window: str, at: str, opens: str, closes: str
) -> None:
    configured(project, f"windows: {{w: {{{window}}}}}")
    found = asked(patchtide, f"2027-{at}")["next"]
    assert found["name"] == "w"
    assert found["opens"].startswith(f"2027-{opens}:")
    assert found["closes"].startswith(f"2027-{closes}:")


@pytest.mark.parametrize(
    ("blackout", "opens", "closes"),
    [
        ('{name: b, weekdays: mon-fri, from: "09:00", to: "17:00"}', "2027-01-04T17:00:00Z", "2027-01-05T09:00:00Z"),
        ('{name: b, from: "22:00", to: "12:00"}', "2027-01-04T12:00:00Z", "2027-01-04T22:00:00Z"),
        ("{name: b, from: 2027-01-04 08:00, to: 2027-01-04 11:30}", "2027-01-04T11:30:00Z", None),
        ("{name: month start, days: 5}", "2027-01-06T00:00:00Z", "2027-02-01T00:00:00Z"),
        ('{name: b, cron: "0 8 * * mon", duration: 5h}', "2027-01-04T13:00:00Z", "2027-01-11T08:00:00Z"),
        ("{name: b, from: 01-04, to: 01-05, tiers: test}", "2027-01-05T00:00:00Z", None),
    ],
)
def test_a_blackout_in_every_form(
    patchtide: Patchtide, project: Path, blackout: str, opens: str, closes: str | None
) -> None:
    configured(project, 'windows: {w: {rrule: "FREQ=DAILY", at: "03:00", duration: 4h}}', f"blackouts: [{blackout}]")
    found = asked(patchtide, "2027-01-04T10:00Z", "--tier", "test")["next"]
    if "tiers: test" in blackout:
        opens = "2027-01-06T00:00:00Z"
    assert found["opens"] == opens
    assert closes is None or found["closes"] == closes
    why = patchtide("windows", "why-not", "--tier", "test", "--at", "2027-01-04T10:00Z", "--json").document
    assert (why["ok"], why["code"], why["until"]) == (False, "blackout", opens)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("windows: {w: {rrule: FREQ=DAILY, at: 03:00, duration: 4h, timezone: Mars/Olympus}}", 2),
        ("windows: {w: {rrule: FREQ=DAILY, at: 03:00, duration: 0h}}", 2),
        ("windows: {w: {rrule: FREQ=DAILY, at: 25:00, duration: 4h}}", 2),
        ("windows: {w: {cron: 61 * * * *, duration: 4h}}", 2),
        ("windows: {w: {ical: gone.ics}}", 2),
        ("windows: {w: {from: 2027-01-03 07:00, to: 2027-01-03 03:00}}", 2),
        ("windows: {w: {date: 2027-02-29, at: 03:00, duration: 4h}}", 2),
        ("windows: {v: {rrule: FREQ=DAILY, at: 03:00, duration: 4h}}", 1),
    ],
)
def test_what_cannot_be_read_opens_nothing(patchtide: Patchtide, project: Path, line: str, number: int) -> None:
    configured(project, line)
    for command in ("next", "why-not", "list", "export"):
        answer = patchtide("windows", command)
        assert (answer.code, answer.out) == (2, "")
        assert f"patchtide.yml:{number}" in answer.err


def test_one_blackout_that_cannot_be_read_shuts_the_whole_file(patchtide: Patchtide, project: Path) -> None:
    text = (project / "patchtide.yml").read_text("utf-8")
    good = "  - {name: year-end"
    bad = text.replace(good, f"  - {{name: bad, from: Dec 15, to: 01-02, tiers: prod}}\n{good}")
    (project / "patchtide.yml").write_text(bad, encoding="utf-8")
    for words in (["windows", "next", "--tier", "test"], ["windows", "why-not"], ["plan"], ["run", "--yes"]):
        answer = patchtide(*words)
        assert answer.code == 2
        assert "blackouts.bad.from is 'Dec 15', which is no day (patchtide.yml:8)" in answer.err


def test_a_tier_by_its_hosts_clocks_is_never_open_until_a_zone_is_said(patchtide: Patchtide, project: Path) -> None:
    head = "tiers: [{name: production, hosts: b, window: w, timezone: host}]\n"
    configured(project, 'windows: {w: {rrule: "FREQ=DAILY", at: "03:00", duration: 4h}}', head=head)
    document = asked(patchtide, "2027-01-04T10:00Z")
    assert document["next"] is None
    assert "no zone is known" in document["reason"]
    tokyo = asked(patchtide, "2027-01-04T10:00Z", "--timezone", "Asia/Tokyo")
    assert tokyo["next"]["opens"] == "2027-01-04T18:00:00Z"
    assert patchtide("windows", "next", "--timezone", "Mars/Olympus").code == 2


def test_a_tier_has_a_zone_of_its_own_for_windows_and_blackouts_that_name_none(
    patchtide: Patchtide, project: Path
) -> None:
    head = (
        "timezone: Europe/Berlin\n"
        "tiers: [{name: test, hosts: a, window: w}, {name: asia, hosts: b, window: [w, z], timezone: Asia/Tokyo}]\n"
    )
    window = 'w: {rrule: "FREQ=DAILY", at: "08:00", duration: 4h}'
    fixed = 'z: {rrule: "FREQ=DAILY", at: "12:00", duration: 1h, timezone: UTC}'
    office = 'blackouts: [{name: office, weekdays: mon-fri, from: "09:00", to: "17:00"}]'
    configured(project, f"windows: {{{window}, {fixed}}}", office, head=head)
    berlin = asked(patchtide, "2027-01-04T00:00Z", "--tier", "test")["next"]
    assert (berlin["opens"], berlin["closes"]) == ("2027-01-04T07:00:00Z", "2027-01-04T08:00:00Z")
    tokyo = asked(patchtide, "2027-01-04T00:00Z", "--tier", "asia")["next"]
    assert (tokyo["name"], tokyo["opens"], tokyo["closes"]) == ("z", "2027-01-04T12:00:00Z", "2027-01-04T13:00:00Z")


def test_the_list_has_every_opening_and_what_cuts_it_short(patchtide: Patchtide, project: Path) -> None:
    window = 'windows: {w: {rrule: "FREQ=WEEKLY;BYDAY=SU", at: "22:00", duration: 4h}}'
    configured(project, window, "blackouts: [{name: move, from: 2027-01-11, to: 2027-01-20, tiers: production}]")
    words = ("windows", "list", "--tier", "production", "--months", "1", "--at", "2027-01-01T00:00Z")
    rows = [(o["opens"], o["closes"], o["closed_by"]) for o in patchtide(*words, "--json").document["openings"]]
    assert rows == [
        ("2027-01-03T22:00:00Z", "2027-01-04T02:00:00Z", None),
        ("2027-01-10T22:00:00Z", "2027-01-11T00:00:00Z", "move"),
        ("2027-01-24T22:00:00Z", "2027-01-25T02:00:00Z", None),
        ("2027-01-31T22:00:00Z", "2027-02-01T02:00:00Z", None),
    ]
    assert "2027-01-10 22:00 UTC  2027-01-11 00:00 UTC  w       blackout move" in patchtide(*words).out


def test_the_calendar_is_one_that_others_read_and_its_events_keep_their_names(
    patchtide: Patchtide, project: Path
) -> None:
    from icalendar import Calendar

    configured(project, 'windows: {w: {rrule: "FREQ=WEEKLY;BYDAY=SU", at: "03:00", duration: 4h}}')
    words = ("windows", "export", "--ics", "--tier", "production", "--months", "2")
    january: Any = Calendar.from_ical(patchtide(*words, "--at", "2027-01-01").out)
    later: Any = Calendar.from_ical(patchtide(*words, "--at", "2027-01-20").out)
    uids = {str(event["UID"]): event["DTSTART"].dt for event in january.walk("VEVENT")}
    assert len(uids) == 9
    assert uids.items() >= {(str(e["UID"]), e["DTSTART"].dt) for e in later.walk("VEVENT") if e["DTSTART"].dt.month < 3}
    assert datetime(2027, 1, 3, 3, tzinfo=UTC) in uids.values()


def test_an_unfinished_run_is_in_the_calendar() -> None:
    night = Window("night, or so", "FREQ=DAILY", NOW.time(), months_later(NOW, 1) - NOW, "UTC")
    of = plan(tier("test"), tier("prod", ("p1",), windows=(night,), always=False))
    entries = list(run_entries("20261121-050000-abcdef", opened(of), NOW))
    assert [entry.title for entry in entries] == ["run 20261121-050000-abcdef: prod, 1 host"]
    text = ics(entries, NOW)
    assert "window night\\, or so." in text.replace("\r\n ", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_a_clock_that_is_off_is_a_reason_why_not(
    patchtide: Patchtide, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "timedatectl"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert patchtide("windows", "why-not", "--json").document["code"] == "clock"
    assert patchtide("windows", "why-not", "--json", "--at", "2027-02-01").document["ok"]
    findings = patchtide("doctor", "--no-hosts", "--json").document["findings"]
    assert [f["level"] for f in findings if "clock of this machine" in f["message"]] == ["stop"]
    text = (project / "patchtide.yml").read_text("utf-8")
    (project / "patchtide.yml").write_text(text + "clock: trust\n", encoding="utf-8")
    assert json.loads(patchtide("windows", "why-not", "--json").out)["ok"]
