"""One virtual host: what is installed there, and a journal as the real host program keeps one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from patchtide.core.plan import Plan
from patchtide.core.steps import Step
from patchtide.simulation.faults import HostFaults

TOUCHING = frozenset({Step.STAGE, Step.ENTER, Step.PATCH, Step.REBOOT, Step.LEAVE, Step.ROLLBACK})
"""The steps that do something on a host; the others look."""

Versions = tuple[tuple[str, str], ...]
"""What is installed, as sorted pairs of `name:arch` and version: thousands of hosts share one value."""


def versions(installed: Mapping[str, str]) -> Versions:
    """Return what is installed as one shared value."""
    return _shared(tuple(sorted(installed.items())))


@cache
def _shared(value: Versions) -> Versions:
    return value


def before(plan: Plan, host: str) -> Versions:
    """Return what a plan says that a host has: what it replaces, and what leaves it."""
    planned = plan.hosts[host]
    replaced = {change.key: change.previous for change in planned.changes if change.previous is not None}
    return versions({**replaced, **{removal.key: removal.version for removal in planned.removes}})


def after(plan: Plan, host: str) -> Versions:
    """Return what a host has once it got exactly what the plan gives it."""
    gone = {removal.key for removal in plan.hosts[host].removes}
    kept = {key: version for key, version in before(plan, host) if key not in gone}
    return versions({**kept, **{package.key: package.version for package, _ in plan.packages(host)}})


@dataclass(slots=True)
class VirtualHost:
    """One machine.

    `old` is what it had before its update; `patch` and `staged`, `maintenance` and `rollback` are what its journal
    knows, `by_timer` that it restored itself, `judged` that somebody looked at it afterwards; `restores_at`: when it
    restores itself unless it is confirmed before. `highest` is the latest attempt that it knows of. What must never
    happen is counted where it happens: work of an earlier attempt after a later one, an update that nobody prepared.
    """

    name: str
    versions: Versions
    faults: HostFaults
    old: Versions = ()
    staged: bool = False
    maintenance: str = ""
    patch: str = ""
    rollback: str = ""
    by_timer: bool = False
    judged: bool = False
    entered: bool = False
    highest: int = 0
    patched_at: datetime | None = None
    restores_at: datetime | None = None
    confirmed: bool = False
    rollbacks: int = 0
    asked_back: bool = False
    out_of_order: int = 0
    unprepared: int = 0

    @property
    def journal(self) -> dict[str, Any]:
        """What its journal says, as a probe reports it."""
        known = {"stage": "done" if self.staged else "", "maintenance": self.maintenance}
        known |= {"patch": self.patch, "rollback": self.rollback}
        return {step: {"state": state} for step, state in known.items() if state}

    def healthy(self, now: datetime) -> bool:
        """Return whether its checks pass at an instant."""
        if self.faults.sick_always:
            return False
        sick_from = self.faults.sick_from
        return not (sick_from is not None and self.patched_at is not None and now >= self.patched_at + sick_from)

    def is_dark(self, now: datetime) -> bool:
        """Return whether it cannot be reached at an instant."""
        return any(start <= now < end for start, end in self.faults.dark)

    def note(self, step: Step, attempt: int, *, enters: bool = False) -> None:
        """Count what must never happen; `enters`: the step enters maintenance mode first."""
        if step in TOUCHING:
            self.out_of_order += attempt < self.highest
            self.unprepared += step is Step.PATCH and not (self.staged and (self.maintenance or enters))
            self.asked_back = self.asked_back or (step is Step.ROLLBACK and bool(self.patch))

    def wait_to_be_confirmed(self, now: datetime, seconds: float) -> None:
        """Arm the confirm timer, or disarm it for 0 seconds."""
        self.restores_at = now + timedelta(seconds=seconds) if seconds else None

    def help_itself(self, now: datetime) -> None:
        """Do what the confirm timer did meanwhile."""
        if self.restores_at is None or now < self.restores_at:
            return
        self.restores_at = None
        if not self.rollback and self.faults.rollback != "failed":
            self.go_back()
            self.by_timer = True

    def go_back(self) -> None:
        """Be restored, by the controller or by the timer."""
        self.rollbacks += 1
        self.versions = self.old
        self.patched_at = None
        self.rollback = "done"

    @property
    def reverted(self) -> bool:
        """Whether it restored itself and nobody has judged it since."""
        return self.by_timer and not self.judged
