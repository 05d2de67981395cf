"""How long steps take on a host: as told, as it was in earlier runs, or as usual."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from statistics import median

from patchtide.core.events import Event, HostFinished, Status, StepStarted
from patchtide.core.steps import Step

_USUAL = {
    Step.PROBE: 3.0,
    Step.STAGE: 30.0,
    Step.ENTER: 2.0,
    Step.PATCH: 60.0,
    Step.REBOOT: 45.0,
    Step.VERIFY: 10.0,
    Step.LEAVE: 2.0,
    Step.ROLLBACK: 60.0,
}
"""Seconds, where nobody knows better."""

_SPREAD = 0.35
"""How much hosts differ: two of three are within a factor of 1.4 of what is typical."""


@dataclass(frozen=True, slots=True)
class Durations:
    """The typical seconds of each step on one host; `known` says which of them somebody told or measured."""

    known: Mapping[Step, float] = field(default_factory=dict)

    def typical(self, step: Step) -> float:
        """Return the seconds that a step takes on a typical host."""
        return self.known.get(step, _USUAL[step])

    def drawn(self, step: Step, random: Random) -> float:
        """Return the seconds that a step takes on one host."""
        return max(0.1, round(self.typical(step) * random.lognormvariate(0.0, _SPREAD), 1))


@dataclass(frozen=True, slots=True)
class Learned:
    """What earlier runs tell: typical durations, and which share of the hosts that were begun failed (0 to 1)."""

    durations: Mapping[Step, float]
    failed: float
    hosts: int


def learned(histories: Iterable[Iterable[Event]]) -> Learned:
    """Return what histories of runs tell of hosts: the time from a step's intent to each good answer, in the median."""
    took: dict[Step, list[float]] = {step: [] for step in Step}
    begun, failed = 0, 0
    for events in histories:
        hosts, bad = _read(events, took)
        begun, failed = begun + hosts, failed + bad
    known = {step: median(spans) for step, spans in took.items() if spans}
    return Learned(known, failed / begun if begun else 0.0, begun)


def _read(events: Iterable[Event], took: Mapping[Step, list[float]]) -> tuple[int, int]:
    """Add how long things took; return how many hosts were begun, and how many of them had to be put back."""
    since: dict[int, datetime] = {}
    touched: set[str] = set()
    back: set[str] = set()
    for event in events:
        match event:
            case StepStarted():
                since[event.attempt] = event.at
                touched |= set(event.hosts) if event.step is Step.PATCH else set()
                back |= set(event.hosts) if event.step is Step.ROLLBACK else set()
            case HostFinished() if event.status is Status.OK and event.attempt in since:
                took[event.step].append(max((event.at - since[event.attempt]) / timedelta(seconds=1), 0.0))
            case _:
                pass
    return len(touched), len(touched & back)
