"""Checks measured over time: warm-up, looks at a pace, an unbroken healthy stretch, a deadline."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable

from .checks import Check
from .looks import FAIL, PASS, UNMEASURED, Look, Looker, looker

_AT_ONCE = 16


def measurements(
    wanted: list[Check],
    services_before: dict[str, Any] | None,
    baseline: dict[str, str] | None = None,
    ignored: tuple[str, ...] = (),
) -> list[dict[str, Any]]:
    """Every check measured side by side, in the order given; `before` is the status in the baseline, by check name."""
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(wanted))) as pool:
        return list(pool.map(lambda one: _measurement(one, services_before, baseline, ignored), wanted))


def regressions(measured: list[dict[str, Any]]) -> list[str]:
    """A sentence for each check that does not pass; what failed before already is no regression."""
    return [
        f"check {one['name']} {'is ' if one['status'] == UNMEASURED else ''}{_verb(one['status'])}: {one['detail']}"
        for one in measured
        if one["status"] != PASS and not (one["status"] == FAIL and one["before"] == FAIL)
    ]


def statuses(measured: list[dict[str, Any]]) -> dict[str, str]:
    """The status of each measurement by check name."""
    return {one["name"]: one["status"] for one in measured}


def judged(
    check: Check, look: Looker, now: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
) -> tuple[Look, int]:
    """The last look and the number of looks: pass once healthy_for went by unbroken, else as the deadline found it."""
    pause(check.warm_up)
    start = now()
    healthy_since: float | None = None
    broke = ""
    tries = 0
    while True:
        begun = now()
        last = _looked(look)
        tries += 1
        healthy_since = (begun if healthy_since is None else healthy_since) if last.status == PASS else None
        broke = broke if last.status == PASS else last.detail
        if healthy_since is not None and now() - healthy_since >= check.healthy_for:
            return last, tries
        if last.final or now() + check.every > start + check.deadline:
            return _too_late(check, last, broke), tries
        pause(check.every)


def _looked(look: Looker) -> Look:
    try:
        return look()
    except Exception as error:  # noqa: BLE001  whatever goes wrong in looking is no health
        return Look(UNMEASURED, f"{type(error).__name__}: {error}")


def _too_late(check: Check, last: Look, broke: str) -> Look:
    if last.status != PASS:
        return last
    return Look(FAIL, f"not healthy for {check.healthy_for:g} s within {check.deadline:g} s; {broke or last.detail}")


def _measurement(
    check: Check, services_before: dict[str, Any] | None, baseline: dict[str, str] | None, ignored: tuple[str, ...]
) -> dict[str, Any]:
    start = time.monotonic()
    last, tries = judged(check, looker(check, services_before, ignored))
    return {
        "name": check.name,
        "kind": check.kind,
        "status": last.status,
        "detail": last.detail,
        "before": (baseline or {}).get(check.name, "none"),
        "tries": tries,
        "seconds": round(time.monotonic() - start, 3),
    }


def _verb(status: str) -> str:
    return {FAIL: "fails", UNMEASURED: "unmeasured"}.get(status, status)
