"""Whether numbers got worse: two samples compared by their ranks, with a stated tolerance.

The test is that of H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically
Larger than the Other", Annals of Mathematical Statistics 18 (1947), pages 50 to 60: exact for small samples without
ties, else the normal approximation with the corrections for ties and for continuity (E. L. Lehmann, "Nonparametrics:
Statistical Methods Based on Ranks", 1975, chapter 1). The controller has this file, and so has its program on hosts.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

ALPHA = 0.01
"""How unlikely chance has to be before a difference is called one."""

FEWEST = 5
"""Below so many numbers on a side no rank test says anything."""

_EXACT = 400
"""Up to this product of both sizes every order of the numbers is counted."""


@dataclass(frozen=True)
class Tolerance:
    """How much worse a statistic (p50, p95 or mean) may get: by a share, or by so much that nobody cares (`slack`)."""

    statistic: str
    within: float
    slack: float = 0.0

    def limit(self, value: float) -> float:
        """Return the largest value that is still within the tolerance of one from before."""
        return max(value * (1 + self.within), value + self.slack)


def statistic(name: str, numbers: list[float]) -> float:
    """Return the mean, or a quantile (p50, p95) by the nearest rank, of at least one number."""
    if name == "mean":
        return sum(numbers) / len(numbers)
    ordered = sorted(numbers)
    return ordered[max(0, math.ceil(int(name[1:]) / 100 * len(ordered)) - 1)]


def chance_of_larger(before: list[float], after: list[float]) -> float:
    """Return the one-sided p-value: how likely `after` is at least as much larger when nothing has changed."""
    n, m = len(before), len(after)
    if not n or not m:
        return 1.0
    u = _pairs_won(before, after)
    ties = [count for count in Counter([*before, *after]).values() if count > 1]
    if not ties and n * m <= _EXACT:
        ways = _ways(n, m)
        return sum(ways[math.ceil(u) :]) / sum(ways)
    total = n + m
    shared = sum(count**3 - count for count in ties) / (total * (total - 1))
    deviation = math.sqrt(n * m / 12 * max(0.0, total + 1 - shared))
    return math.erfc((u - n * m / 2 - 0.5) / (deviation * math.sqrt(2))) / 2 if deviation else 1.0


def compared(before: list[float], after: list[float], tolerance: Tolerance) -> tuple[str, str]:
    """Return pass, fail or inconclusive, and why.

    It fails when the numbers as a whole are beyond the tolerance, or when they are larger and their statistic is
    beyond it. It passes when the statistic is within it, and the numbers are not larger or are surely within it too.
    """
    if min(len(before), len(after)) < FEWEST:
        return "inconclusive", f"{len(before)} and {len(after)} numbers are too few to be compared"
    allowed = [tolerance.limit(number) for number in before]
    was, now = statistic(tolerance.statistic, before), statistic(tolerance.statistic, after)
    worse = chance_of_larger(before, after)
    beyond = now > tolerance.limit(was)
    said = _sentence(tolerance, was, now, worse, (len(before), len(after)))
    if beyond and worse < ALPHA:
        return "fail", said
    if chance_of_larger(allowed, after) < ALPHA:
        halves = statistic("p50", before), statistic("p50", after)
        return "fail", f"{said}; but as a whole beyond that: p50 {halves[1]:.4g}, was {halves[0]:.4g}"
    if not beyond and (worse >= ALPHA or chance_of_larger(after, allowed) < ALPHA):
        return "pass", said
    return "inconclusive", said


def _sentence(tolerance: Tolerance, was: float, now: float, p: float, sizes: tuple[int, int]) -> str:
    change = f"{(now / was - 1) * 100:+.0f} %" if was else f"{now - was:+.3g}"
    allowed = f"{tolerance.within * 100:g} % allowed"
    return f"{tolerance.statistic} {now:.4g}, was {was:.4g} ({change}, {allowed}; n {sizes[1]}/{sizes[0]}, p {p:.2g})"


def _pairs_won(before: list[float], after: list[float]) -> float:
    """Return Mann and Whitney's U: in how many pairs `after` is the larger one, ties counted half."""
    return sum((late > early) + (late == early) / 2 for late in after for early in before)


def _ways(n: int, m: int) -> list[int]:
    """Return in how many orders of n and m different numbers each U comes out: a Gaussian binomial coefficient."""
    ways = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for u in range(n * m, m + i - 1, -1):
            ways[u] -= ways[u - m - i]
        for u in range(i, n * m + 1):
            ways[u] += ways[u - i]
    return ways
