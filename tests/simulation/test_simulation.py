"""Hundreds of runs with faults, crashes and people; each is one seed.

PATCHTIDE_SEED=17 tells run 17 again; PATCHTIDE_SEEDS=5000 tells that many.
"""

import os

import pytest
from tests.simulation.promises import check, check_ends
from tests.simulation.story import told

COUNT = int(os.environ.get("PATCHTIDE_SEEDS", "300"))
SEEDS = [int(os.environ["PATCHTIDE_SEED"])] if "PATCHTIDE_SEED" in os.environ else list(range(COUNT))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.fault(2, how="a crash before or after any append, in any deed, up to six times a run")
@pytest.mark.fault(3, how="the deed done, the answer lost")
@pytest.mark.fault(4, how="a crash in any rollback")
@pytest.mark.fault(8, how="a second controller, now and then")
@pytest.mark.fault(18, how="hosts dark for hours")
@pytest.mark.fault(36, how="hosts that stay unhealthy after their rollback")
@pytest.mark.fault(39, how="windows that close in the middle of waves")
@pytest.mark.fault(44, how="deeds begun again after their answer was lost")
def test_every_promise_is_kept(seed: int) -> None:
    try:
        check(told(seed))
    except Exception as error:
        error.add_note(f"tell it again: PATCHTIDE_SEED={seed} python -m pytest tests/simulation")
        raise


@pytest.mark.parametrize("seed", SEEDS[: max(1, COUNT // 5)])
@pytest.mark.fault(10, how="the controller's clock set minutes or hours back, days forward, again and again")
def test_a_clock_that_is_set_forward_and_back_loses_nobody(seed: int) -> None:
    try:
        check_ends(told(seed, jumps=True))
    except Exception as error:
        error.add_note(f"tell it again: PATCHTIDE_SEED={seed} python -m pytest tests/simulation -k clock")
        raise


def test_a_seed_tells_the_same_story_each_time() -> None:
    for seed in range(5):
        assert told(seed).events == told(seed).events
