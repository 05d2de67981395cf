"""Hundreds of runs with faults, crashes and people; each is one seed. PATCHTIDE_SEED tells one of them again,
PATCHTIDE_SEEDS says how many there are."""

import os

import pytest

from tests.simulation.promises import check
from tests.simulation.story import told

COUNT = int(os.environ.get("PATCHTIDE_SEEDS", "300"))
SEEDS = [int(os.environ["PATCHTIDE_SEED"])] if "PATCHTIDE_SEED" in os.environ else list(range(COUNT))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept(seed: int) -> None:
    story = told(seed)
    check(story)
