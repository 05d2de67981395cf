"""A run in a line, for a list of thousands of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.run import Run
from patchtide.core.steps import Outcome


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a run waits, and until when (None: until a person acts)."""

    code: str
    reason: str
    tier: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Brief:
    """What became of a run: `updates` counts the files of its patch set, `states` its hosts by where they stand."""

    opened_at: datetime
    opened_by: str
    ended_at: datetime | None
    outcome: Outcome | None
    reason: str
    held: Waiting | None
    digest: str
    updates: int
    states: Mapping[str, int]


def brief(run: Run) -> Brief:
    """Return a run in a line."""
    held = run.held
    return Brief(
        opened_at=run.opened_at,
        opened_by=run.opened_by,
        ended_at=run.ended_at,
        outcome=run.outcome,
        reason=run.reason,
        held=Waiting(held.code, held.reason, held.tier, held.until) if held else None,
        digest=run.plan.digest,
        updates=sum(map(len, run.plan.patch_set.values())),
        states=Counter(host.word for host in run.hosts.values()),
    )
