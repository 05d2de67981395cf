"""A look at services: active, and not restarted again and again by their init."""

from __future__ import annotations

import time
from typing import Any

from .checks import Check
from .command import readable
from .errors import HostError
from .seen import FAIL, PASS, UNMEASURED, Look, Past
from .services import Service, activity_differences
from .services import services as loaded_services


def services(check: Check, past: Past, restarts: dict[str, int]) -> Look:
    """Whether the services that have to run do, and stay; `restarts` remembers counts between looks."""
    try:
        now = loaded_services(past.services or {} if check.own["units"] is None else check.own["units"])
    except HostError as error:
        return Look(UNMEASURED, error.reason)
    if not now:
        return Look(UNMEASURED, "this host has no systemd, or no service is loaded", final=True)
    return judged(check, past, restarts, now, time.clock_gettime(time.CLOCK_MONOTONIC))


def judged(check: Check, past: Past, restarts: dict[str, int], now: dict[str, Service], clock: float) -> Look:
    """The look at these services; `clock` is the host's monotonic clock in seconds."""
    wanted = check.own["units"]
    if wanted is None and past.services is None:
        return Look(UNMEASURED, "there is no record of the services before the update", final=True)
    wrong, watched = _inactive(wanted, past, now)
    state = {name: now[name].restarts for name in watched if name in now}
    wrong += _restarted(watched, now, restarts) or _looping(watched, now, past.of(check.name), past.restarts)
    if wrong:
        return Look(FAIL, readable("; ".join(wrong)), state=state)
    window = check.own["crash_window"]
    young = {} if past.baseline is None else _young(watched, now, window, clock)
    if young:
        told = [
            f"{name} runs for {age:.0f} s only, and has to for {window:g} s before it is no crash loop"
            for name, age in young.items()
        ]
        return Look(FAIL, readable("; ".join(told)), state=state, patience=window - min(young.values()))
    return Look(PASS, f"{len(watched)} services are active", state=state)


def _inactive(wanted: Any, past: Past, now: dict[str, Service]) -> tuple[list[str], list[str]]:
    """Sentences on the services that do not run, and the names of all that are watched."""
    if wanted is not None:
        wrong = [f"{name} is {_state(now.get(name))}" for name in wanted if _state(now.get(name)) != "active"]
        return wrong, list(wanted)
    before = past.services or {}
    gone = [name for name, want in activity_differences(before, now, past.ignored) if want == "active"]
    watched = [name for name, state in before.items() if state["active"] == "active"]
    return [f"{name} was active and is not" for name in gone], watched


def _restarted(watched: list[str], now: dict[str, Service], restarts: dict[str, int]) -> list[str]:
    """A sentence for every watched service that its init restarted since the last look: a crash loop looks active."""
    again = []
    for name in watched:
        if name in now:
            since = now[name].restarts - restarts.get(name, now[name].restarts)
            restarts[name] = now[name].restarts
            if since > 0:
                again.append(f"{name} crashed and was restarted {since} times since the last look")
    return again


def _looping(watched: list[str], now: dict[str, Service], before: dict[str, Any], known: dict[str, int]) -> list[str]:
    """A sentence for every service that crashed since the update; one that did so before it is no regression.

    Its init counts from the last start that somebody asked for: after an update that is the update's own.
    """
    counts = before.get("state")
    if not isinstance(counts, dict):
        return []
    return [
        f"{name} crashed and was restarted {now[name].restarts} times since it was started"
        for name in watched
        if name in now and now[name].restarts > known.get(name, 0)
        if name in counts and (counts[name] == 0 or now[name].restarts < counts[name])
    ]


def _young(watched: list[str], now: dict[str, Service], window: float, clock: float) -> dict[str, float]:
    """The age (seconds) of every service that was started so lately that it may still turn out to crash again."""
    ages = {name: clock - now[name].since for name in watched if name in now and now[name].since}
    return {name: age for name, age in ages.items() if age < window}


def _state(service: Service | None) -> str:
    return service.active if service else "not loaded"
