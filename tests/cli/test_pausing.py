"""pause: nothing new begins until somebody resumes the run."""

import pytest
from tests.cli.conftest import Patchtide
from tests.cli.fleet import Fleet

from patchtide.core.events import Continued, Paused
from patchtide.core.steps import Step
from patchtide.ports import Deed


@pytest.fixture
def held(patchtide: Patchtide, fleet: Fleet) -> str:
    """A run that somebody paused while its first tier was being patched."""

    def hold(deed: Deed) -> None:
        if deed.step is Step.PATCH and fleet.log.runs():
            fleet.before = lambda _: None
            assert patchtide("pause", fleet.log.runs()[-1], "--reason", "the shop is busy").code == 0

    fleet.before = hold
    answer = patchtide("run", "--yes", "--no-wait")
    assert answer.code == 6
    return fleet.log.runs()[-1]


def _of(fleet: Fleet, step: Step) -> set[str]:
    return {host for deed in fleet.deeds if deed.step is step for host in deed.requests}


def test_a_paused_run_finishes_what_it_is_at_and_waits_with_the_reason(
    patchtide: Patchtide, fleet: Fleet, held: str
) -> None:
    assert _of(fleet, Step.PATCH) == _of(fleet, Step.LEAVE) == {"t1", "t2"}
    assert not _of(fleet, Step.STAGE) - {"t1", "t2"}
    told = patchtide("status", held)
    assert (told.code, "waits (paused) for a person" in told.out, "the shop is busy" in told.out) == (0, True, True)
    assert f"`patchtide resume {held}`" in told.out
    assert "the shop is busy" in patchtide("status", held, "--json").document["paused"]
    for form in ("md", "html", "json"):
        assert "the shop is busy" in patchtide("report", held, "--format", form).out
    done = len(fleet.deeds)
    assert patchtide("tick").code == 6
    assert len(fleet.deeds) == done


def test_resume_lets_it_go_on_to_its_end_and_both_words_stay_in_the_record(
    patchtide: Patchtide, fleet: Fleet, held: str
) -> None:
    answer = patchtide("resume", held, "--no-wait")
    assert answer.code == 0
    assert _of(fleet, Step.PATCH) == {"t1", "t2", "p1", "p2", "p3"}
    said = [event for _, event in fleet.log.events(held) if isinstance(event, Paused | Continued)]
    assert [event.kind for event in said] == ["paused", "continued"]
    assert patchtide("status", held, "--json").document["paused"] is None


def test_what_is_no_pause_is_refused(patchtide: Patchtide, held: str) -> None:
    for words, told in [((), "--reason"), (("--reason", " "), "is empty"), (("--reason", "x"), "is paused already")]:
        answer = patchtide("pause", held, *words)
        assert (answer.code, told in answer.err) == (2, True)
    patchtide("abort", held, "--reason", "enough")
    patchtide("resume", held)
    assert "has ended" in patchtide("pause", held, "--reason", "x").err


def test_a_pause_is_over_while_another_controller_is_at_it(patchtide: Patchtide, fleet: Fleet, held: str) -> None:
    def meanwhile(deed: Deed) -> None:
        fleet.before = lambda _: None
        run = fleet.log.runs()[-1]
        patchtide("pause", run, "--reason", "again")
        answer = patchtide("resume", run)
        assert (answer.code, "the pause is over" in answer.err) == (7, True)

    fleet.before = meanwhile
    assert patchtide("resume", held, "--no-wait").code == 0
