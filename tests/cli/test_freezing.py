"""A blackout that is found out after a plan was made: nobody is let in, and the reason says so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide
from tests.cli.fleet import Fleet
from tests.core.made import NOW

from patchtide.core.steps import Step


def calendar(begins: datetime, ends: datetime) -> str:
    span = f"DTSTART:{begins.astimezone(UTC):%Y%m%dT%H%M%SZ}\r\nDTEND:{ends.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    event = f"BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n{span}\r\nSUMMARY:freeze\r\nEND:VEVENT"
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{event}\r\nEND:VCALENDAR\r\n"


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = calendar(NOW + 400 * DAY, NOW + 401 * DAY)
TODAY = calendar(NOW - HOUR, NOW + 3 * HOUR)


@pytest.fixture
def planned(patchtide: Patchtide, fleet: Fleet, project: Path) -> Path:
    """The calendar of a project whose plan was made when nothing was frozen."""
    path, freeze = project / "patchtide.yml", project / "freeze.ics"
    freeze.write_text(LATER, encoding="utf-8")
    text = path.read_text("utf-8").replace("blackouts:", "blackouts:\n  - {name: freezes, ical: freeze.ics}")
    path.write_text(text, encoding="utf-8")
    assert patchtide("plan", "-o", "plan.json").code == 0
    return freeze


def entered(fleet: Fleet) -> bool:
    return any(deed.step in {Step.ENTER, Step.PATCH} for deed in fleet.deeds)


def begun(patchtide: Patchtide) -> int:
    return patchtide("run", "--plan", "plan.json", "--yes", "--no-wait").code


def test_a_freeze_that_came_after_the_plan_lets_nobody_in_until_it_is_over(
    patchtide: Patchtide, fleet: Fleet, planned: Path
) -> None:
    planned.write_text(TODAY, encoding="utf-8")
    assert (begun(patchtide), entered(fleet)) == (6, False)
    told = patchtide("status").out
    assert "blackout 'freezes' until 2026-11-21 08:00 UTC" in told
    assert "the plan was made before this was known" in told
    assert (patchtide("tick").code, entered(fleet)) == (6, False)
    fleet.clock.sleep(4 * HOUR.total_seconds())
    assert (patchtide("tick").code, entered(fleet)) == (0, True)


@pytest.mark.parametrize("text", ["", "BEGIN:VCALENDAR\r\n", None])
def test_a_calendar_that_cannot_be_relied_on_any_more_lets_nobody_in(
    patchtide: Patchtide, fleet: Fleet, planned: Path, text: str | None
) -> None:
    planned.unlink() if text is None else planned.write_text(text, encoding="utf-8")
    assert (begun(patchtide), entered(fleet)) == (6, False)
    assert "nobody can tell whether there is a blackout now" in patchtide("status").out
    planned.write_text(LATER, encoding="utf-8")
    fleet.clock.sleep(120)
    assert patchtide("resume", "--no-wait").code == 0


def test_an_emergency_goes_on_in_spite_of_it(patchtide: Patchtide, fleet: Fleet, planned: Path) -> None:
    planned.write_text(TODAY, encoding="utf-8")
    assert begun(patchtide) == 6
    assert patchtide("resume", "--emergency", "--reason", "a worm").code == 0


def test_a_blackout_that_was_written_into_the_file_counts_too(
    patchtide: Patchtide, fleet: Fleet, planned: Path, project: Path
) -> None:
    path = project / "patchtide.yml"
    text = path.read_text("utf-8").replace("blackouts:", "blackouts:\n  - {name: sale, from: 11-21, to: 11-21}")
    path.write_text(text, encoding="utf-8")
    assert (begun(patchtide), entered(fleet)) == (6, False)
    assert "blackout 'sale'" in patchtide("status").out
