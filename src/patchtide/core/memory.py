"""What a run's first events added up to: short enough to be written down, so that a look need not go through them all.

The events stay the truth: whatever a promise depends on is folded from them, and never from this.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from patchtide.core.deliveries import Delivery
from patchtide.core.events import Aborted, Continued, Extended, Held, Paused
from patchtide.core.hosts import hosts_of
from patchtide.core.hoststate import HostState
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.said import Said
from patchtide.core.steps import Outcome


@dataclass(frozen=True, slots=True)
class Memory:
    """A run without its plan, which its first event has; each field is the run's own."""

    opened_at: datetime
    opened_by: str
    hosts: tuple[HostState, ...]
    attempt: int
    said: Said
    aborted: Aborted | None
    paused: Paused | None
    extended: tuple[Extended, ...]
    held: Held | None
    outcome: Outcome | None
    reason: str
    ended_at: datetime | None
    seen: int
    asked: frozenset[str]
    quarantined: Mapping[str, str]
    deliveries: tuple[tuple[tuple[str, str], Delivery], ...]
    continued: Continued | None = None


_SAME = tuple(field.name for field in fields(Memory) if field.name not in {"hosts", "deliveries"})


def memory_of(run: Run) -> Memory:
    """Return what is to be remembered of a run."""
    same = {name: getattr(run, name) for name in _SAME}
    return Memory(hosts=tuple(run.hosts.values()), deliveries=tuple(run.deliveries.items()), **same)


def run_of(memory: Memory, plan: Plan) -> Run:
    """Return the run that is remembered, with its plan."""
    same = {name: getattr(memory, name) for name in _SAME}
    return Run(plan, hosts=hosts_of(memory.hosts), deliveries=dict(memory.deliveries), **same)
