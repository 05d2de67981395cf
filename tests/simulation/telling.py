"""A seed's story with a plan of its own: the simulator of `patchtide simulate --plan random`, in memory."""

from random import Random

from patchtide.adapters.fake import MemoryStore
from patchtide.simulation.campaign import PATIENCE
from patchtide.simulation.faults import ALL, Fault
from patchtide.simulation.plans import START, random_plan
from patchtide.simulation.story import Scenario, Story
from patchtide.simulation.story import told as told_of


def told(seed: int, faults: frozenset[Fault] = ALL) -> Story:
    return told_of(Scenario(random_plan(Random(seed)), START, seed, faults, patience=PATIENCE), MemoryStore())
