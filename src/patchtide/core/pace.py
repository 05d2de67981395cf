"""How long steps really take on a fleet, learned from its earlier runs: what a window has to have room for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from patchtide.core.steps import Step

LEAST = 10
"""From how many samples on something is learned; with fewer, what the limits say holds."""

MOST = 200
"""How many samples count, the newest ones: a fleet changes."""

TIMED = (Step.PATCH, Step.REBOOT, Step.VERIFY, Step.ROLLBACK)
"""The steps that a window has to have room for."""

Timings: TypeAlias = Mapping[tuple[Step, str], Sequence[float]]
"""Seconds that steps took on hosts of a platform, by step and platform, newest first."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a step took on hosts of a platform: in 95 of 100 cases not longer than `p95`, of so many samples."""

    step: Step
    platform: str
    p95: timedelta
    samples: int

    @property
    def known(self) -> bool:
        """Whether there are enough samples to rely on."""
        return self.samples >= LEAST


def paces(timings: Timings) -> tuple[Pace, ...]:
    """Return the pace of each step and platform, from the newest samples."""
    return tuple(
        Pace(step, platform, p95(seconds[:MOST]), len(seconds[:MOST]))
        for (step, platform), seconds in sorted(timings.items())
        if seconds
    )


def p95(seconds: Iterable[float]) -> timedelta:
    """Return the smallest of some durations (seconds) that 95 of 100 of them do not exceed: the nearest rank."""
    ordered = sorted(seconds)
    rank = -(-len(ordered) * 95 // 100)
    return timedelta(seconds=ordered[rank - 1])


def expected(known: Iterable[Pace], step: Step, platforms: frozenset[str], limit: timedelta) -> tuple[timedelta, int]:
    """Return how long a step may be expected to take on hosts of these platforms, and of how many samples that comes.

    It is the slowest platform's pace, never more than the limit at which the step is ended; as long as there is one
    platform of which not enough is known, it is the limit, of no samples.
    """
    found = {pace.platform: pace for pace in known if pace.step is step and pace.known}
    if not platforms or not platforms <= found.keys():
        return limit, 0
    slowest = max((found[platform] for platform in platforms), key=lambda pace: pace.p95)
    return min(limit, slowest.p95), sum(found[platform].samples for platform in platforms)
