"""Was it good? Checks, what they measured, and the verdict on a host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from patchtide.core.verdict import Verdict, no, yes


@dataclass(frozen=True, slots=True)
class Check:
    """One health check: `kind` is http, tcp, services or command; `settings` are that kind's own.

    `warm_up` passes before the first try, tries come `every` so often, and the check passes once it held for
    `healthy_for` without a break, which has to happen within `deadline`. `tiers`: where it applies, empty for all.
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


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one check found: `status` and `before` are pass, fail or unmeasured (`before` also none)."""

    name: str
    status: str
    detail: str = ""
    before: str = "none"


def judged(measurements: Sequence[Measurement], expected: Sequence[str]) -> Verdict:
    """Judge a host from its measurements: whatever was not measured is not a pass, what was down before is no harm."""
    found = {measured.name: measured for measured in measurements}
    missing = [name for name in expected if name not in found or found[name].status not in {"pass", "fail"}]
    if missing or not found:
        return no("unmeasured", f"not measured: {_told(missing, found)}" if missing else "no health check was measured")
    worse = [measured.name for measured in measurements if measured.status == "fail" and measured.before != "fail"]
    if worse:
        return no("unhealthy", f"unhealthy: {_told(worse, found)}")
    passed = [measured.name for measured in measurements if measured.status == "pass"]
    if not passed:
        return no("unhealthy", f"nothing passes, and nothing did before the update: {_told(list(found), found)}")
    return yes("healthy", f"healthy: {', '.join(passed)}")


def _told(names: Sequence[str], found: Mapping[str, Measurement]) -> str:
    return "; ".join(
        f"{name} ({found[name].detail})" if name in found and found[name].detail else name for name in names
    )
