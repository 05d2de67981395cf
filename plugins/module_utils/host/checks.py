"""What a health check is, read from the contract."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from .errors import HostError
from .kinds import KINDS, own_settings
from .ranks import Tolerance

__all__ = ["KINDS", "Check", "checks"]
_DAY = 86_400
_TIMES = {"warm_up": 0.0, "every": 1.0, "healthy_for": 0.0, "deadline": 60.0, "timeout": 5.0}
_MOST_FAILURES = 1000
_CARELESS = {"p50_within": 0.5, "p95_within": 0.5, "rate_within": 0.0, "used_within": 0.5}
"""What nobody minds, whatever share it is: half a millisecond, half a percent of the memory."""


@dataclass(frozen=True)
class Check:
    """One health check, times in seconds: first look after warm_up, then every so often, good after healthy_for.

    `failures` in a row break a stretch of health; `own` is what only this kind is told.
    """

    name: str
    kind: str
    warm_up: float
    every: float
    healthy_for: float
    deadline: float
    timeout: float
    failures: int = 1
    own: dict[str, Any] = field(default_factory=dict)

    def once(self) -> Check:
        """The same check as a single look with one retry."""
        return replace(self, warm_up=0.0, healthy_for=0.0, every=1.0, deadline=1.0, failures=1)

    def functional(self) -> Check:
        """The same check without numbers, which take their time."""
        return replace(self, own={**self.own, **dict.fromkeys(_CARELESS)})

    def tolerances(self) -> list[Tolerance]:
        """By how much its numbers may get worse than before the update; none where no numbers are compared."""
        named = {"p50_within": "p50", "p95_within": "p95", "rate_within": "mean", "used_within": "p50"}
        given = [(key, self.own[key]) for key in named if self.own.get(key) is not None]
        return [Tolerance(named[key], share, _CARELESS[key]) for key, share in given]


def checks(values: object) -> list[Check]:
    """The checks of the contract; HostError naming the check and the key that is wrong."""
    if not isinstance(values, list):
        raise HostError(f"checks has to be a list, not {type(values).__name__}", code="input")
    found = [_check(value) for value in values]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HostError(f"checks named twice: {', '.join(twice)}", code="input")
    return found


def _check(value: Any) -> Check:
    if not isinstance(value, dict):
        raise HostError(f"a check has to be a mapping, not {value!r}", code="input")
    name = value.get("name")
    if not isinstance(name, str) or not name:
        raise HostError(f"a check without a name: {value!r}", code="input")
    own = own_settings(name, value.get("kind"), value)
    times: dict[str, Any] = {key: _seconds(name, key, value.get(key), default) for key, default in _TIMES.items()}
    if times["every"] <= 0 or times["timeout"] <= 0:
        raise HostError(f"check {name!r}: every and timeout have to be more than 0 s", code="input")
    return Check(name=name, kind=value["kind"], **times, failures=_failures(name, value.get("failures")), own=own)


def _failures(name: str, value: object) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_FAILURES:
        raise HostError(f"check {name!r}: failures has to be from 1 to {_MOST_FAILURES}, not {value!r}", code="input")
    return value


def _seconds(name: str, key: str, value: object, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _DAY:
        raise HostError(f"check {name!r}: {key} has to be seconds from 0 to 86400, not {value!r}", code="input")
    return float(value)
