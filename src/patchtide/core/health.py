"""Was it good? Checks, what they measured, and the verdict on a host."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from patchtide.core.ranks import Tolerance, compared
from patchtide.core.verdict import Verdict, no, yes

HOST, CONTROLLER = "host", "controller"
"""From where a check is looked at."""

PLAYBOOK = "playbook"
"""The kind of check that is a user's own playbook."""

_STATISTICS = {"p50_within": "p50", "p95_within": "p95", "rate_within": "mean", "used_within": "p50"}
COMPARING = tuple(_STATISTICS)
"""The settings that compare numbers with those from before the update."""


@dataclass(frozen=True, slots=True)
class Check:
    """One health check: `kind` says what is looked at, `settings` are that kind's own, `source` says from where.

    `warm_up` passes before the first try, tries come `every` so often, and the check passes once it held for
    `healthy_for` without a break of `failures` bad tries, which has to happen within `deadline`. `tiers`: where it
    applies, empty for all. One that is not `enabled` is not made, and what it would have judged is not proven.
    """

    name: str
    kind: str
    settings: Mapping[str, object] = field(default_factory=dict)
    warm_up: timedelta = timedelta(0)
    every: timedelta = timedelta(seconds=1)
    healthy_for: timedelta = timedelta(0)
    deadline: timedelta = timedelta(seconds=60)
    timeout: timedelta = timedelta(seconds=5)
    tiers: tuple[str, ...] = ()
    failures: int = 1
    source: str = HOST
    enabled: bool = True

    @property
    def compares(self) -> bool:
        """Whether numbers from before the update are compared with those after it."""
        return any(self.settings.get(key) is not None for key in COMPARING)


class Timed(Protocol):
    """What a check says of the time that it takes."""

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def warm_up(self) -> timedelta: ...  # noqa: D102
    @property
    def deadline(self) -> timedelta: ...  # noqa: D102
    @property
    def compares(self) -> bool: ...  # noqa: D102


def time_taken(checks: Iterable[Timed]) -> timedelta:
    """Return how long it takes to judge a host at the most, numbers from before the update included.

    Hosts make their checks side by side, then the controller its own, then playbooks run one after the other.
    """
    side_by_side: dict[str, timedelta] = {}
    one_by_one = timedelta(0)
    for check in checks:
        span = check.warm_up + check.deadline * (2 if check.compares else 1)
        if check.kind == PLAYBOOK:
            one_by_one += span
        else:
            side_by_side[check.source] = max(span, side_by_side.get(check.source, timedelta(0)))
    return sum(side_by_side.values(), one_by_one)


def made_in(checks: Iterable[Check], tier: str) -> tuple[Check, ...]:
    """Return the checks that are made on the hosts of a tier."""
    return tuple(check for check in checks if check.enabled and (not check.tiers or tier in check.tiers))


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one check found: `status` and `before` are pass, fail, inconclusive, skipped or unmeasured.

    `before` is also `none`. Skipped: the check's program is not there. `samples` are the numbers that were compared
    with those from before the update, in a `unit`.
    """

    name: str
    status: str
    detail: str = ""
    before: str = "none"
    samples: tuple[float, ...] = ()
    samples_before: tuple[float, ...] = ()
    unit: str = ""


INSTALLED = "installed-packages"
"""What is judged beside the checks: nobody else changed the packages. No check can have this name."""

_JUDGED = frozenset({"pass", "fail", "inconclusive"})
_CARELESS = {"p50_within": 0.5, "p95_within": 0.5, "rate_within": 0.0, "used_within": 0.5}


def tolerances(check: Check) -> tuple[Tolerance, ...]:
    """Return by how much a check's numbers may get worse; none where no numbers are compared."""
    given = {key: check.settings.get(key) for key in _STATISTICS}
    return tuple(
        Tolerance(_STATISTICS[key], float(share), _CARELESS[key])
        for key, share in given.items()
        if isinstance(share, int | float)
    )


def with_numbers(measured: Measurement, check: Check) -> Measurement:
    """Return a measurement that passed with its numbers judged too: the host measures, who decides is here."""
    if measured.status != "pass" or measured.before != "pass" or not tolerances(check):
        return measured
    found = [compared(list(measured.samples_before), list(measured.samples), each) for each in tolerances(check)]
    worst = next((status for status in ("fail", "inconclusive") if status in {one for one, _ in found}), "pass")
    told = "; ".join(said for status, said in found if status == worst)
    return measured if worst == "pass" else replace(measured, status=worst, detail=told)


def measured(measurements: Iterable[Measurement], checks: Iterable[Check]) -> tuple[Measurement, ...]:
    """Return what was measured, with the numbers of these checks judged."""
    known = {check.name: check for check in checks}
    return tuple(with_numbers(one, known[one.name]) if one.name in known else one for one in measurements)


def verdict(
    measurements: Sequence[Measurement], checks: Sequence[Check], waived: Container[str], changed: Sequence[str]
) -> Verdict:
    """Judge a host by these checks, but for those that a person waived, and by what others changed on it."""
    found = judged(measured(measurements, checks), [check.name for check in checks], waived)
    asked = found.ok and changed and INSTALLED not in waived
    return no("inconclusive", f"changed by others: {'; '.join(changed)}") if asked else found


def judged(measurements: Sequence[Measurement], expected: Sequence[str], waived: Container[str] = ()) -> Verdict:
    """Judge a host from its measurements: what is as bad as it was before the update is no harm.

    Whatever was not measured is not a pass; what nobody can tell is for a person. `waived` checks do not count.
    """
    found = {measured.name: measured for measured in measurements if measured.name not in waived}
    worse = [name for name, measured in found.items() if measured.status == "fail" and measured.before != "fail"]
    if worse:
        return no("unhealthy", f"unhealthy: {_told(worse, found)}")
    missing = [name for name in expected if name not in waived and not _was_measured(found.get(name))]
    if missing or not found:
        return no("unmeasured", f"not measured: {_told(missing, found)}" if missing else "no health check was measured")
    unclear = _unclear(found.values())
    if unclear:
        return no("inconclusive", f"nobody can tell: {_told(unclear, found)}")
    passed = [name for name, measured in found.items() if measured.status == "pass"]
    if not passed:
        return no("unhealthy", f"nothing passes, and nothing did before the update: {_told(list(found), found)}")
    return yes("healthy", f"healthy: {', '.join(passed)}")


def undecided(measurements: Iterable[Measurement], checks: Iterable[Check]) -> tuple[str, ...]:
    """Return what a person is asked about where a verdict is inconclusive: checks, or else the packages."""
    return _unclear(measured(measurements, checks)) or (INSTALLED,)


def _unclear(measurements: Iterable[Measurement]) -> tuple[str, ...]:
    return tuple(one.name for one in measurements if one.status == "inconclusive" != one.before)


def skipped(measurements: Iterable[Measurement]) -> tuple[str, ...]:
    """Return the checks that could not be made, before the update and after it: their program is not there."""
    return tuple(one.name for one in measurements if one.status == "skipped" == one.before)


def _was_measured(measured: Measurement | None) -> bool:
    return measured is not None and (measured.status in _JUDGED or measured.status == "skipped" == measured.before)


def _told(names: Iterable[str], found: Mapping[str, Measurement]) -> str:
    return "; ".join(
        f"{name} ({found[name].detail})" if name in found and found[name].detail else name for name in names
    )
