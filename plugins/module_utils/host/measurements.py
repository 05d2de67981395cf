"""Checks measured over time: warm-up, looks at a pace, an unbroken healthy stretch, a deadline."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from .checks import Check
from .looks import looker
from .samples import UNITS, sampler, settled
from .seen import FAIL, INCONCLUSIVE, PASS, SKIPPED, UNMEASURED, Look, Looker, Past

_AT_ONCE = 16


def measurements(wanted: list[Check], past: Past) -> list[dict[str, Any]]:
    """Every check measured side by side, in the order given; `before` is the status in the baseline.

    While the baseline itself is taken, a check is one look with one retry, and its numbers.
    """
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(wanted))) as pool:
        return list(pool.map(lambda one: _measurement(one, past), wanted))


def regressions(measured: list[dict[str, Any]], undecided: bool = True) -> list[str]:
    """A sentence for each check that does not pass; what was just as bad before is no regression.

    Without `undecided`, what nobody can tell is left out: a person is asked about that.
    """
    words = {FAIL: "fails", INCONCLUSIVE: "is inconclusive"}
    return [
        f"check {one['name']} {words.get(one['status'], 'is unmeasured')}: {one['detail']}"
        for one in measured
        if one["status"] != PASS and not _as_before(one) and (undecided or one["status"] != INCONCLUSIVE)
    ]


def _as_before(one: dict[str, Any]) -> bool:
    return bool(one["status"] in (FAIL, INCONCLUSIVE, SKIPPED) and one["before"] == one["status"])


def by_name(measured: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The measurements by the name of their check, as a baseline is kept."""
    return {one["name"]: one for one in measured}


def judged(
    check: Check, look: Looker, now: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> tuple[Look, int]:
    """The last look and the number of looks: pass once healthy_for went by unbroken, else as the deadline found it.

    A stretch of health is broken by as many bad looks in a row as the check says; it ends with a good one.
    """
    pause(check.warm_up)
    start = now()
    healthy_since: float | None = None
    broke = ""
    tries = bad = 0
    while True:
        begun = now()
        last = _looked(look)
        tries += 1
        bad = 0 if last.status == PASS else bad + 1
        if last.status == PASS:
            healthy_since = begun if healthy_since is None else healthy_since
        elif bad >= check.failures:
            healthy_since, broke = None, last.detail
        if last.status == PASS and healthy_since is not None and now() - healthy_since >= check.healthy_for:
            return last, tries
        if last.final or now() + check.every > start + check.deadline:
            return _too_late(check, last, broke), tries
        # A stretch of health may still be broken meanwhile; where there is none, nothing is missed.
        patience = last.patience if healthy_since is None else 0.0
        pause(min(max(check.every, patience), start + check.deadline - now()))


def _looked(look: Looker) -> Look:
    try:
        return look()
    except Exception as error:  # noqa: BLE001  whatever goes wrong in looking is no health
        return Look(UNMEASURED, f"{type(error).__name__}: {error}")


def _too_late(check: Check, last: Look, broke: str) -> Look:
    if last.status != PASS:
        return last
    return Look(FAIL, f"not healthy for {check.healthy_for:g} s within {check.deadline:g} s; {broke or last.detail}")


def _measurement(check: Check, past: Past) -> dict[str, Any]:
    start = time.monotonic()
    first = past.baseline is None
    last, tries = judged(check.once() if first else check, looker(check, past))
    numbers: list[float] = []
    if last.status == PASS:
        last, numbers = _numbers(check, past, last, start + check.warm_up + check.deadline)
    was = past.of(check.name)
    return {
        "name": check.name,
        "kind": check.kind,
        "status": last.status,
        "detail": last.detail,
        "before": past.status(check.name),
        "tries": tries,
        "seconds": round(time.monotonic() - start, 3),
        "state": last.state,
        "samples": numbers,
        "samples_before": list(was.get("samples") or []),
        "unit": UNITS.get(check.kind, "") if check.tolerances() else "",
    }


def _numbers(check: Check, past: Past, last: Look, until: float) -> tuple[Look, list[float]]:
    """The look that counts once the numbers of a check that passes were judged too, and these numbers."""
    try:
        take = sampler(check, past, until)
        if take is None:
            return last, []
        if past.baseline is None:
            return last, take()
        before = past.of(check.name).get("samples") or []
        if past.status(check.name) == FAIL:
            return Look(PASS, f"{last.detail}; it failed before the update, so there are no numbers to compare"), []
        if not before:
            return Look(UNMEASURED, "there are no numbers from before the update to compare with", final=True), []
        look, numbers = settled(check, before, take, until)
    except Exception as error:  # noqa: BLE001  whatever goes wrong in measuring is no health
        return Look(UNMEASURED, f"{type(error).__name__}: {error}"), []
    return Look(look.status, f"{last.detail}; {look.detail}", state=last.state), numbers
