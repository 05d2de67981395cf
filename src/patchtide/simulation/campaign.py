"""Several simulated runs, one seed after the other, and what they add up to."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.care import LogKeeper
from patchtide.core.errors import PatchtideError
from patchtide.report.chart import Chart
from patchtide.report.simulated import BrokenPromise, Told
from patchtide.simulation.people import TwoControllersError
from patchtide.simulation.plans import random_plan
from patchtide.simulation.promises import PROMISES, Broken, broken
from patchtide.simulation.story import Scenario, Story, told

PATIENCE = timedelta(days=12)
"""For how long people wait for the end of a run with a random plan: its windows open every night, or never."""


def campaign(scenario: Scenario, runs: int, *, varied: bool = False) -> Iterator[Told]:
    """Yield so many simulated runs, with the seed and those after it; `varied`: each with a random plan of its own."""
    for seed in range(scenario.seed, scenario.seed + runs):
        if varied:
            scenario = replace(scenario, plan=random_plan(Random(seed)), patience=PATIENCE)
        yield simulated(replace(scenario, seed=seed))


def simulated(scenario: Scenario) -> Told:
    """Return what came of one simulated run: the real log, in a folder that goes when it was read.

    It is on the disk and not in memory, so that the history of the largest fleet takes no room; nothing waits for the
    disk, since a simulated crash leaves the machine running.
    """
    with TemporaryDirectory(prefix="patchtide-simulate-") as folder:
        path = Path(folder) / "log.db"
        with closing(SqliteStore(path, durable=False, remembered=False)) as log:
            try:
                story = told(scenario, log)
            except PatchtideError as error:  # it has no end, or what the engine may never do was done
                promise = 9 if isinstance(error, TwoControllersError) else 8
                return Told(scenario.seed, len(scenario.plan.hosts), broken=(_told(Broken(promise, error.message)),))
            return _summed_up(story, path)


def _summed_up(story: Story, path: Path) -> Told:
    chart = Chart()
    found = broken(story, chart.take)
    altered = tuple(Broken(10, f"the log was altered: {one}") for one in LogKeeper(path).audit().altered)
    return Told(
        seed=story.scenario.seed,
        hosts=len(story.machines),
        outcome=None if story.run.outcome is None else str(story.run.outcome),
        reason=story.run.reason,
        ended_at=story.run.ended_at,
        ends=Counter(str(host.end) for host in story.run.hosts.values()),
        tiers_done=chart.done(),
        crashes=story.crashes,
        broken=tuple(map(_told, (*found, *altered))),
        timeline=chart.stretches,
    )


def _told(found: Broken) -> BrokenPromise:
    return BrokenPromise(found.promise, PROMISES[found.promise], found.sentence)
