"""All runs of a project, each in a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.brief import Brief, Waiting
from patchtide.core.steps import exit_code
from patchtide.report.table import aligned, table
from patchtide.report.words import moment, one_line, span


@dataclass(frozen=True, slots=True)
class LineView:
    """A run in a line: `states` counts its hosts by where they stand; the other words are those of its report."""

    run: str
    outcome: str | None
    exit_code: int
    reason: str
    opened_at: datetime
    opened_by: str
    ended_at: datetime | None
    digest: str
    updates: int
    held: Waiting | None
    states: Mapping[str, int]


def line_view(run_id: str, line: Brief) -> LineView:
    """Return what there is to be seen of a run in a line."""
    return LineView(
        run=run_id,
        outcome=None if line.outcome is None else str(line.outcome),
        exit_code=exit_code(line.outcome),
        reason=one_line(line.reason or (line.held.reason if line.held else "")),
        opened_at=line.opened_at,
        opened_by=line.opened_by,
        ended_at=line.ended_at,
        digest=line.digest,
        updates=line.updates,
        held=line.held,
        states=line.states,
    )


def history_text(runs: Sequence[LineView], width: int = 0) -> str:
    """Return a line per run, in the order given."""
    return aligned(
        table(("run", "opened", "by", "took", "outcome", "hosts and why"), [_row(run) for run in runs]), width
    )


def _row(run: LineView) -> tuple[str, ...]:
    hosts = ", ".join(f"{count} {state}" for state, count in run.states.items())
    reason = run.reason if run.outcome else "; ".join(part for part in (hosts, run.reason) if part)
    took = span(run.ended_at - run.opened_at) if run.ended_at else ""
    return run.run, moment(run.opened_at), run.opened_by, took, run.outcome or "not ended", reason
