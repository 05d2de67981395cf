"""`patchtide simulate` as its users see it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Patchtide

from patchtide.core.events import Event, HostFinished, Status, StepStarted
from patchtide.core.steps import EndState, Step
from patchtide.simulation import campaign as campaigns
from patchtide.simulation.durations import learned
from patchtide.simulation.promises import Broken

AT = datetime(2026, 11, 20, 22, tzinfo=UTC)


def simulated(patchtide: Patchtide, *words: str) -> dict[str, Any]:
    answer = patchtide("simulate", *words, "--json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_it_needs_no_configuration_and_tells_the_same_each_time(
    patchtide: Patchtide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = simulated(patchtide, "--hosts", "30", "--seed", "7", "--faults", "all")
    assert first["schema"] == "patchtide/simulate/v1"
    assert (first["runs"], first["broken_promises"]) == (1, [])
    assert set(first["end_states"]) == set(map(str, EndState))
    assert sum(first["end_states"].values()) == 30
    assert datetime.fromisoformat(first["done_at"]) >= AT
    assert simulated(patchtide, "--hosts", "30", "--seed", "7", "--faults", "all") == first
    assert simulated(patchtide, "--hosts", "30", "--seed", "8", "--faults", "all") != first
    assert list(tmp_path.iterdir()) == []


def test_without_faults_everything_is_patched_when_the_window_allows_it(patchtide: Patchtide) -> None:
    told = simulated(patchtide, "--hosts", "40")
    assert told["end_states"] == {"patched": 40, "rolled_back": 0, "untouched": 0, "quarantined": 0}
    assert told["outcomes"] == {"done": 1}
    assert "2026-11-22T00:00" < told["tiers"]["production"] < "2026-11-22T05:00"
    assert [one["step"] for one in told["timeline"] if one["tier"] == "test"][:3] == ["stage", "enter", "patch"]


def test_hosts_that_are_harmed_are_put_back(patchtide: Patchtide) -> None:
    told = simulated(patchtide, "--hosts", "40", "--fail", "100%")
    assert told["end_states"]["patched"] == 0
    assert told["end_states"]["rolled_back"] == 4
    assert told["end_states"]["untouched"] == 36


def test_slow_hosts_and_few_forks_take_their_time(patchtide: Patchtide) -> None:
    quick = simulated(patchtide, "--hosts", "20")["timeline"]
    slow = simulated(patchtide, "--hosts", "20", "--took", "stage=600")["timeline"]
    one_by_one = simulated(patchtide, "--hosts", "20", "--forks", "1")["timeline"]
    assert quick[0]["end"] < slow[0]["end"]
    assert quick[0]["end"] < one_by_one[0]["end"]


def test_a_configuration_says_which_hosts_and_when(patchtide: Patchtide, project: Path) -> None:
    told = simulated(patchtide, "--at", "2026-11-20T22:00Z")
    assert told["of"] == str(project / "patchtide.yml")
    assert sum(told["end_states"].values()) == told["hosts"] > 0


def test_the_page_has_a_chart(patchtide: Patchtide, tmp_path: Path) -> None:
    answer = patchtide("simulate", "--hosts", "12", "--runs", "2", "--html", str(tmp_path / "page.html"))
    assert answer.code == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<svg" in page
    assert "production, wave 1" in page


def test_a_broken_promise_is_told_with_the_way_to_see_it_again(
    patchtide: Patchtide, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaigns, "broken", lambda story, also: (Broken(5, "it began too late"),))
    answer = patchtide("simulate", "--hosts", "3", "--seed", "4", "--faults", "crash,lost")
    assert answer.code == 1
    assert "BROKEN promise 5 (the window is a wall), seed 4: it began too late" in answer.out
    assert "patchtide simulate --hosts 3 --fail 0% --faults crash,lost --at 2026-11-20T22:00:00Z --seed 4" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--faults", "crush"), "there is no fault 'crush'"),
        (("--fail", "130%"), "no share of hosts"),
        (("--took", "dance=3"), "no duration of a step"),
        (("--at", "soon"), "is no time"),
        (("--at", "0001-01-01T00:00+14:00"), "is no time"),
        (("--at", "9999-12-31T23:59Z"), "is no time"),
        (("--hosts", "99999999999999999999"), "is not in the range"),
        (("--hosts", "3", "--plan", "x.json"), "name two fleets"),
        (("--plan", "missing.json"), "missing.json"),
    ],
)
def test_what_cannot_be_simulated_is_refused(patchtide: Patchtide, words: tuple[str, ...], said: str) -> None:
    answer = patchtide("simulate", *words)
    assert answer.code == 2
    assert said in answer.err


def test_durations_and_failures_are_learned_from_what_happened() -> None:
    def done(step: Step, attempt: int, host: str, second: int) -> HostFinished:
        return HostFinished(AT.replace(second=second), step, host, attempt, Status.OK)

    history: list[Event] = [
        StepStarted(AT, Step.PATCH, ("a", "b"), 1),
        done(Step.PATCH, 1, "a", 10),
        done(Step.PATCH, 1, "b", 30),
        StepStarted(AT, Step.ROLLBACK, ("b",), 2),
    ]
    found = learned([history])
    assert found.durations == {Step.PATCH: 20.0}
    assert (found.failed, found.hosts) == (0.5, 2)
