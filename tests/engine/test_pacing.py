"""What earlier runs teach about how long steps take."""

from dataclasses import replace
from datetime import timedelta

from tests.core.made import DEBIAN, NOW, WEB, plan

from patchtide.adapters.fake import MemoryStore
from patchtide.core.events import HostFinished, HostsSettled, RunEnded, RunOpened, Status, StepStarted, VersionsReleased
from patchtide.core.pace import LEAST, Pace
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.wall import longest, longest_need
from patchtide.engine.pacing import looked_back, room_for
from patchtide.ports import PROJECT


def run_of(store: MemoryStore, run_id: str, *answers: tuple[str, Step, float, Status]) -> None:
    store.append(run_id, RunOpened(NOW, plan(), "ann"))
    for attempt, (host, step, took, status) in enumerate(answers, start=1):
        store.append(run_id, StepStarted(NOW, step, (host,), attempt))
        store.append(run_id, HostFinished(NOW, step, host, attempt, status, took=took))


def test_a_fleet_without_history_teaches_nothing() -> None:
    store = MemoryStore()
    store.append(PROJECT, VersionsReleased(NOW, "ann", ("tide=1",), "fine"))
    assert looked_back(store).paces == ()


def test_each_steps_pace_is_learned_over_runs_by_platform() -> None:
    store = MemoryStore()
    for number in range(LEAST):
        run_of(store, f"r{number}", ("t1", Step.PATCH, 10.0 + number, Status.OK), ("t1", Step.VERIFY, 2.0, Status.OK))
    slowest = timedelta(seconds=10 + LEAST - 1)
    assert looked_back(store).paces == (
        Pace(Step.PATCH, DEBIAN.key, slowest, LEAST),
        Pace(Step.VERIFY, DEBIAN.key, timedelta(seconds=2), LEAST),
    )


def test_what_failed_is_unknown_was_not_timed_or_is_no_step_of_a_window_does_not_count() -> None:
    store = MemoryStore()
    run_of(
        store,
        "r",
        ("t1", Step.PATCH, 5.0, Status.FAILED),
        ("t2", Step.PATCH, 5.0, Status.UNKNOWN),
        ("p1", Step.PATCH, 0.0, Status.OK),
        ("p2", Step.STAGE, 5.0, Status.OK),
    )
    assert looked_back(store).paces == ()


def test_a_step_that_is_taken_up_again_finds_its_work_done_and_does_not_count() -> None:
    store = MemoryStore()
    store.append("r", RunOpened(NOW, plan(), "ann"))
    store.append("r", StepStarted(NOW, Step.PATCH, ("t1", "t2"), 1))
    store.append("r", HostFinished(NOW, Step.PATCH, "t2", 1, Status.OK, took=40.0))
    store.append("r", StepStarted(NOW, Step.PATCH, ("t1",), 2))
    store.append("r", HostFinished(NOW, Step.PATCH, "t1", 2, Status.OK, took=0.5))
    assert [(pace.p95.total_seconds(), pace.samples) for pace in looked_back(store).paces] == [(40.0, 1)]


SETTINGS = Settings(
    "patchtide.yml",
    ("inventory",),
    "state",
    (TierSettings("test", "all", always=True), TierSettings("prod", "all", always=True)),
    checks=(WEB,),
    forks=1,
)


def test_without_a_run_a_wave_is_one_host_that_takes_its_limits() -> None:
    alone = longest(plan(), "prod", 1)
    assert room_for(SETTINGS, "prod", MemoryStore(), NOW) == alone + plan().entering("prod")


def test_after_runs_it_is_what_the_last_ones_waves_would_take_now() -> None:
    store = MemoryStore()
    for number in range(LEAST):
        run_of(store, f"r{number}", ("t1", Step.PATCH, 10.0, Status.OK))
    store.append(f"r{number}", HostsSettled(NOW, tuple(plan().hosts), EndState.UNTOUCHED, "x"))
    store.append(f"r{number}", RunEnded(NOW, Outcome.DONE, "x"))
    of = replace(plan(forks=1), paces=looked_back(store).paces)
    learned_room = longest_need(of, of.tiers[1]).total
    assert room_for(SETTINGS, "prod", store, NOW) == learned_room + 2 * of.entering("prod")
    assert learned_room < longest(of, "prod", 2)


def test_while_a_run_lasts_it_is_what_its_plan_says() -> None:
    store = MemoryStore()
    run_of(store, "r", ("t1", Step.PATCH, 10.0, Status.OK))
    assert room_for(SETTINGS, "prod", store, NOW) == longest(plan(), "prod", 1) + plan().entering("prod")
    assert longest(plan(), "prod", 1) < longest(plan(forks=1), "prod", 2)
