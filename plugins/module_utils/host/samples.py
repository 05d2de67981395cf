"""Numbers of a check, taken again and again, and judged against those from before the update."""

from __future__ import annotations

import time
from typing import Callable

from .checks import Check
from .looklimits import journal_times, used_percent
from .looks import looker
from .ranks import compared
from .seen import FAIL, INCONCLUSIVE, PASS, Look, Past

Sampler = Callable[[], "list[float]"]
UNITS = {"http": "ms", "memory": "% used", "journal": "errors"}
_MOST_ROUNDS = 4
_BUCKET_SECONDS = 5.0
_PAUSE = 0.1
_WORSE = (FAIL, INCONCLUSIVE, PASS)


def sampler(check: Check, past: Past, until: float) -> Sampler | None:
    """What takes a round of numbers, ending early at `until` (monotonic seconds); None where none are compared."""
    if not check.tolerances():
        return None
    if check.kind == "http":
        look = looker(check, past)
        return lambda: _series(check, lambda: _milliseconds(look()), until, 0.0)
    if check.kind == "memory":
        return lambda: _series(check, used_percent, until, _PAUSE)
    return lambda: _buckets(check, past, until)


def settled(
    check: Check, before: list[float], take: Sampler, until: float, now: Callable[[], float] = time.monotonic
) -> tuple[Look, list[float]]:
    """The judgement of the numbers, and those it rests on; a bad round has to come twice.

    What a round leaves open is decided by all rounds together, or not at all.
    """
    rounds: list[list[float]] = []
    looks: list[Look] = []
    while True:
        rounds.append(take())
        looks.append(judged(check, before, rounds[-1]))
        if looks[-1].status == PASS:
            return looks[-1], rounds[-1]
        if [look.status for look in looks[-2:]] == [FAIL, FAIL]:
            break
        if len(rounds) == _MOST_ROUNDS or now() >= until:
            break
    every = [number for numbers in rounds for number in numbers]
    return judged(check, before, every), every


def judged(check: Check, before: list[float], after: list[float]) -> Look:
    """The worst of what the check's tolerances say of these numbers."""
    found = [(tolerance, *compared(before, after, tolerance)) for tolerance in check.tolerances()]
    worst = min((status for _, status, _ in found), key=_WORSE.index)
    told = "; ".join(said for _, status, said in found if status == worst)
    return Look(worst, f"{UNITS[check.kind]}: {told}")


def _series(check: Check, number: Callable[[], float], until: float, pause: float) -> list[float]:
    found: list[float] = []
    while len(found) < check.own["samples"] and (not found or time.monotonic() < until):
        found.append(round(number(), 3))
        time.sleep(pause)
    return found


def _milliseconds(look: Look) -> float:
    """How long an answer took; what is no answer stops the count."""
    if look.status not in (PASS, INCONCLUSIVE):
        raise ValueError(look.detail)
    return look.seconds * 1000


def _buckets(check: Check, past: Past, until: float) -> list[float]:
    """How many errors came in each stretch of five seconds: before the update, or since it ended."""
    most = check.own["samples"]
    if past.baseline is not None:  # there has to be some time since the update before there is a rate
        missing = past.since + most * _BUCKET_SECONDS - time.time()
        time.sleep(max(0.0, min(missing, until - time.monotonic())))
    end = time.time()
    begin = max(past.since, end - most * _BUCKET_SECONDS)
    times = journal_times(check, begin)
    if isinstance(times, Look):
        raise ValueError(times.detail)  # noqa: TRY004  it is no number
    counts = [0.0] * int((end - begin) / _BUCKET_SECONDS)
    for at in times:
        place = int((at - begin) / _BUCKET_SECONDS)
        if place < len(counts):
            counts[place] += 1
    return counts
