"""extend: a run that would not finish in time waits, until somebody keeps its window open."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide, configure
from tests.cli.fleet import Fleet

WALL = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
"""When the window `nightly` closes."""


@pytest.fixture
def late(patchtide: Patchtide, fleet: Fleet, project: Path) -> str:
    """A run that comes to its production ten minutes before the wall."""
    configure(project, "nightly")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    fleet.clock.sleep((WALL - fleet.clock.now()).total_seconds() - 600)
    name = str(patchtide("history", "--json").document["runs"][0]["run"])
    answer = patchtide("resume", name, "--no-wait")
    assert answer.code == 6
    assert "only 10 min are left of window 'nightly'" in answer.out
    assert "until 2026-11-29 02:00 UTC" in answer.out
    return name


def test_a_run_that_waits_behind_the_wall_goes_on_when_its_window_stays_open(
    patchtide: Patchtide, fleet: Fleet, late: str
) -> None:
    done = len(fleet.deeds)
    answer = patchtide("extend", late, "1h", "--reason", "switch took longer")
    assert answer.code == 0
    assert "window 'nightly' of tier 'prod' stays open until 2026-11-22 07:00 UTC" in answer.out
    assert f"patchtide resume {late}" in answer.out
    told = "extended: prod: window nightly open until 2026-11-22 07:00 UTC instead of 2026-11-22 06:00 UTC"
    assert told in patchtide("status", late).out
    resumed = patchtide("resume", late, "--no-wait")
    assert (resumed.code, len(fleet.deeds) > done) == (0, True)
    for form in ("md", "html", "json"):
        assert "switch took longer" in patchtide("report", late, "--format", form).out


def test_what_was_said_is_a_document(patchtide: Patchtide, late: str) -> None:
    document = patchtide("extend", late, "30m", "--reason", "a little", "--tier", "prod", "--json").document
    assert document["schema"] == "patchtide/extend/v1"
    assert (document["tier"], document["window"]) == ("prod", "nightly")
    assert (document["since"], document["until"]) == ("2026-11-22T06:00:00Z", "2026-11-22T06:30:00Z")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1h",), "--reason"),
        (("1h", "--reason", " "), "--reason is empty"),
        (("60", "--reason", "x"), "TIME is '60', which has no unit"),
        (("0s", "--reason", "x"), "TIME is no time at all"),
        (("5h", "--reason", "x"), "4 h is the most"),
        (("1h", "--reason", "x", "--tier", "nowhere"), "no tier 'nowhere'"),
    ],
)
def test_what_is_no_extension_is_refused(patchtide: Patchtide, late: str, words: tuple[str, ...], told: str) -> None:
    answer = patchtide("extend", late, *words)
    assert answer.code == 2
    assert told in answer.err


def test_a_run_that_has_ended_is_not_extended(patchtide: Patchtide, fleet: Fleet, late: str) -> None:
    patchtide("abort", late, "--reason", "enough")
    refused = patchtide("extend", late, "1h", "--reason", "x")
    assert (refused.code, "enough" in refused.err) == (2, True)
    patchtide("resume", late)
    ended = patchtide("extend", late, "1h", "--reason", "x")
    assert (ended.code, "the run has ended" in ended.err) == (2, True)


def test_why_not_knows_what_a_person_did_for_the_run_that_has_not_ended(patchtide: Patchtide, late: str) -> None:
    asked = ("windows", "why-not", "--tier", "prod", "--at", "2026-11-22T05:55Z", "--json")
    of_run = (*asked, "--run", late)
    for words in (asked, of_run):
        before = patchtide(*words).document
        assert (before["ok"], before["code"], before["until"]) == (False, "too_late", "2026-11-29T02:00:00Z")
    assert patchtide("extend", late, "2h", "--reason", "switch took longer").code == 0
    for words in (asked, of_run):
        after = patchtide(*words).document
        assert after["ok"]
        assert "window 'nightly' is open until 2026-11-22 08:00 UTC" in after["reason"]
    assert f"(run {late})" in patchtide(*asked).document["reason"]
    assert patchtide("pause", late, "--reason", "the shop is busy").code == 0
    assert patchtide(*of_run).document["code"] == "paused"
    unknown = patchtide("windows", "why-not", "--run", late, "--tier", "pord")
    assert (unknown.code, "Did you mean 'prod'?" in unknown.err) == (2, True)
