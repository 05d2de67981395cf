"""iCalendar files: what is in them is meant as it is written, and what cannot be relied on opens nothing."""

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patchtide.config.load import calendar_settings_of
from patchtide.core.errors import UsageError

Opened = Callable[..., list[str]]
NOW = datetime(2027, 1, 1, tzinfo=UTC)
EVENT = "BEGIN:VEVENT\r\nUID:a@example.com\r\nDTSTAMP:20260101T000000Z\r\n{}\r\nEND:VEVENT\r\n"
BERLIN = "DTSTART;TZID=Europe/Berlin:20270103T030000\r\nDTEND;TZID=Europe/Berlin:20270103T070000"


def calendar(*events: str) -> str:
    inside = "".join(map(EVENT.format, events))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{inside}END:VCALENDAR\r\n"


def configured(folder: Path, text: str | None, what: str, more: str = "") -> Path:
    if text is not None:
        (folder / "c.ics").write_bytes(text.encode())
    source = f"{{ical: c.ics{more}}}" if what == "windows" else f"[{{name: freeze, ical: c.ics{more}}}]"
    path = folder / "patchtide.yml"
    always = "always" if what == "blackouts" else "w"
    text = f"timezone: Europe/Berlin\ntiers: [{{name: t, hosts: h, window: {always}}}]\n"
    path.write_text(text + (f"windows: {{w: {source}}}\n" if what == "windows" else f"blackouts: {source}\n"), "utf-8")
    return path


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    """The openings of a tier whose window is a calendar, in UTC."""

    def asked(*events: str, more: str = "", days: int = 40) -> list[str]:
        settings = calendar_settings_of(configured(tmp_path, calendar(*events), "windows", more), NOW)
        found = settings.calendar(settings.tiers[0]).between(NOW, NOW + timedelta(days=days))
        return [f"{o.opens:%m-%d %H:%M}-{o.closes:%m-%d %H:%M}" for o in found]

    return asked


def test_times_are_in_the_zone_that_the_event_names(opened: Opened) -> None:
    assert opened(BERLIN) == ["01-03 02:00-01-03 06:00"]
    assert opened("DTSTART:20270103T030000Z\r\nDURATION:PT4H") == ["01-03 03:00-01-03 07:00"]


def test_floating_times_and_whole_days_are_in_the_zone_of_the_window(opened: Opened) -> None:
    assert opened("DTSTART:20270103T030000\r\nDTEND:20270103T070000") == ["01-03 02:00-01-03 06:00"]
    assert opened("DTSTART;VALUE=DATE:20270103") == ["01-02 23:00-01-03 23:00"]
    tokyo = opened("DTSTART;VALUE=DATE:20270103\r\nDTEND;VALUE=DATE:20270105", more=", timezone: Asia/Tokyo")
    assert tokyo == ["01-02 15:00-01-04 15:00"]


def test_recurrence_with_days_left_out_and_moved(opened: Opened) -> None:
    weekly = f"{BERLIN}\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEXDATE;TZID=Europe/Berlin:20270110T030000"
    moved = "RECURRENCE-ID;TZID=Europe/Berlin:20270117T030000\r\nDTSTART:20270118T200000Z\r\nDTEND:20270118T210000Z"
    assert opened(weekly, moved) == [
        "01-03 02:00-01-03 06:00",
        "01-18 20:00-01-18 21:00",
        "01-24 02:00-01-24 06:00",
    ]


def test_a_recurring_event_keeps_its_clock_time_when_the_clock_changes(opened: Opened) -> None:
    daily = BERLIN.replace("20270103", "20270327").replace("T03", "T02").replace("T07", "T04")
    found = opened(f"{daily}\r\nRRULE:FREQ=DAILY;COUNT=3", days=100)
    assert [text[:11] for text in found] == ["03-27 01:00", "03-28 01:00", "03-29 00:00"]


def test_what_is_cancelled_does_not_count_and_nothing_opens_tentatively(opened: Opened) -> None:
    with pytest.raises(UsageError, match="no event after"):
        opened(f"{BERLIN}\r\nSTATUS:CANCELLED")
    with pytest.raises(UsageError, match="no event after"):
        opened(f"{BERLIN}\r\nSTATUS:TENTATIVE")


def test_events_may_be_chosen_by_their_summary(opened: Opened) -> None:
    events = (f"{BERLIN}\r\nSUMMARY:Patch night", "DTSTART:20270105T030000Z\r\nDURATION:PT1H\r\nSUMMARY:Party")
    assert opened(*events, more=", events: 'Patch*'") == ["01-03 02:00-01-03 06:00"]


@pytest.mark.parametrize("what", ["windows", "blackouts"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: No such file"),
        ("", "is no iCalendar file"),
        ("hello\n", "is no iCalendar file"),
        (EVENT.format(BERLIN), "is no calendar, but a VEVENT"),
        (calendar(BERLIN).removesuffix("END:VCALENDAR\r\n"), "is no iCalendar file"),
        (calendar(), "has expired: it has no event after 2027-01-01"),
        (calendar(BERLIN.replace("2027", "2026")), "has expired: it has no event after 2027-01-01"),
        (calendar("DTSTART:20270103T030000Z\r\nDTEND:20270103T030000Z"), "does not end after it begins"),
        (calendar("DTSTART:20270103T030000Z\r\nDTEND:20270103T020000Z"), "does not end after it begins"),
        (calendar("DTSTART:20270103T030000Z"), "has an event of no length"),
        (calendar("DTSTART:2027-01-03\r\nDTEND:20270103T020000Z"), "event"),
        (calendar(BERLIN.replace("Europe/Berlin", "Mars/Olympus")), "in a time zone that nobody knows"),
        (calendar(f"{BERLIN}\r\nRRULE:FREQ=SOMETIMES"), "event"),
        (calendar(f"{BERLIN}\r\nRRULE:FREQ=MINUTELY"), "every minute or second"),
        (calendar("SUMMARY:when?"), "without a beginning"),
    ],
)
def test_a_calendar_that_cannot_be_relied_on_is_refused_with_its_line(
    tmp_path: Path, what: str, text: str | None, told: str
) -> None:
    with pytest.raises(UsageError, match=r"c\.ics") as caught:
        calendar_settings_of(configured(tmp_path, text, what), NOW)
    assert told in caught.value.message
    assert caught.value.where.endswith("patchtide.yml:3")


def test_a_file_is_valid_for_as_long_as_is_said(tmp_path: Path) -> None:
    path = configured(tmp_path, calendar(), "blackouts", ", valid_for: 30d")
    assert calendar_settings_of(path, NOW).blackouts  # nothing is planned, and the file is fresh
    old = datetime.now(UTC).timestamp() - 31 * 86400
    os.utime(tmp_path / "c.ics", (old, old))
    with pytest.raises(UsageError, match=r"has expired: it is from .* and valid for 30d"):
        calendar_settings_of(path, NOW)


def test_without_the_packages_that_read_it_a_calendar_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(UsageError, match="packages for iCalendar files are missing") as caught:
        calendar_settings_of(configured(tmp_path, calendar(BERLIN), "windows"), NOW)
    assert "patchtide[ical]" in caught.value.hint
