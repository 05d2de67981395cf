"""Hundreds of runs with faults, crashes and people; each is one seed.

PATCHTIDE_SEED=17 tells run 17 again; `make simulate` tells thousands.
"""

import os
from functools import reduce

import pytest
from tests.simulation.telling import told

from patchtide.adapters.fake import MemoryStore
from patchtide.core.events import HostFinished, RunOpened
from patchtide.core.fold import fold, folded, opened
from patchtide.simulation.faults import ALL, NONE, Fault
from patchtide.simulation.plans import START, plain_plan
from patchtide.simulation.promises import broken
from patchtide.simulation.story import Scenario
from patchtide.simulation.story import told as told_of

COUNT = int(os.environ.get("PATCHTIDE_SEEDS", "300"))
SEEDS = [int(os.environ["PATCHTIDE_SEED"])] if "PATCHTIDE_SEED" in os.environ else list(range(COUNT))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fault(2, how="a crash before or after any append, in any deed, up to six times a run")
@pytest.mark.fault(3, how="the deed done, the answer lost")
@pytest.mark.fault(4, how="a crash in any rollback")
@pytest.mark.fault(8, how="a second controller, now and then")
@pytest.mark.fault(10, how="the controller's clock set minutes or hours back, days forward, again and again")
@pytest.mark.fault(18, how="hosts dark for hours")
@pytest.mark.fault(36, how="hosts that stay unhealthy after their rollback")
@pytest.mark.fault(39, how="windows that close in the middle of waves")
@pytest.mark.fault(44, how="deeds begun again after their answer was lost")
def test_every_promise_is_kept(seed: int) -> None:
    faults = ALL if seed % 2 else ALL - {Fault.CLOCK, Fault.WINDOWS, Fault.APPROVALS}
    assert broken(told(seed, faults)) == (), f"tell it again: PATCHTIDE_SEED={seed} python -m pytest tests/simulation"


@pytest.mark.parametrize("fault", Fault)
def test_each_kind_of_fault_breaks_no_promise_by_itself(fault: Fault) -> None:
    for seed in range(3):
        assert broken(told(seed, frozenset({fault}))) == ()


@pytest.mark.parametrize("hosts", [100, 400])
def test_the_controller_of_a_large_fleet_is_killed_however_its_run_ends(hosts: int) -> None:
    for seed in range(4):
        story = told_of(Scenario(plain_plan(hosts), START, seed, ALL), MemoryStore())
        assert story.crashes >= 1
        assert broken(story) == ()


def test_a_seed_tells_the_same_story_each_time() -> None:
    for seed in range(3):
        for faults in (ALL, NONE):
            assert told(seed, faults).events == told(seed, faults).events


@pytest.mark.parametrize("seed", range(0, 40, 4))
def test_answers_that_are_heard_together_add_up_to_what_they_add_up_to_one_by_one(seed: int) -> None:
    first, *others = told(seed).events
    assert isinstance(first, RunOpened)
    assert reduce(fold, others, opened(first)) == folded([first, *others])
    doubled = [event for event in others for _ in range(1 + isinstance(event, HostFinished))]
    assert reduce(fold, doubled, opened(first)) == folded([first, *doubled])


def test_all_that_may_happen_happens_in_some_story() -> None:
    stories = [told(seed) for seed in range(60)]
    kinds = {event.kind for story in stories for event in story.events}
    assert {"rollback_asked", "aborted", "approved", "rejected", "versions_quarantined", "held"} <= kinds
    assert len({story.run.outcome for story in stories}) >= 5
    assert sum(story.crashes for story in stories) >= 20
    assert any(machine.by_timer for story in stories for machine in story.machines.values())
