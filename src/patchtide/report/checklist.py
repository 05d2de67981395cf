"""The checklists of a run as a person reads them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.checklist import item_states
from patchtide.core.listing import listed
from patchtide.core.run import Run
from patchtide.report.table import aligned, table
from patchtide.report.words import moment, one_line, span


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item: how long before the opening it is due and when that is, what it means, its state and why."""

    name: str
    before: str
    due: datetime | None
    text: str
    automatic: bool
    state: str
    why: str


@dataclass(frozen=True, slots=True)
class TierChecklist:
    """A tier's items; `go` when none is open."""

    tier: str
    go: bool
    items: tuple[ItemView, ...]


def checklist_view(run: Run, now: datetime) -> tuple[TierChecklist, ...]:
    """Return the checklists of a run's tiers as they stand."""
    views = []
    for tier in run.plan.tiers:
        states = item_states(run, tier, now)
        items = tuple(
            ItemView(
                name=state.item.name,
                before=f"T-{span(state.item.before)}",
                due=state.due,
                text=one_line(state.item.text or state.item.auto.replace("_", " ")),
                automatic=bool(state.item.auto),
                state=_word(state.verdict.ok, state.verdict.code, state.due, now),
                why=one_line(state.verdict.reason),
            )
            for state in states
        )
        if items:
            views.append(TierChecklist(tier.name, all(state.verdict.ok for state in states), items))
    return tuple(views)


def _word(done: bool, code: str, due: datetime | None, now: datetime) -> str:  # noqa: FBT001  # a verdict's parts
    if done:
        return "waived" if code == "waived" else "done"
    return "overdue" if due is not None and due <= now else "open"


def checklist_text(view: Sequence[TierChecklist], width: int = 0) -> str:
    """Return the checklists as text: a line of go or no-go per tier, a row per item."""
    if not view:
        return "no tier of the run's plan has a checklist"
    return "\n\n".join(_tier(one, width) for one in view)


def _tier(view: TierChecklist, width: int) -> str:
    rows = [
        (
            one.name,
            one.before,
            moment(one.due) if one.due else "",
            one.state,
            "; ".join(filter(None, (one.text, one.why))),
        )
        for one in view.items
    ]
    head = f"tier {view.tier}: {'go' if view.go else 'no-go'}"
    return f"{head}\n{aligned(table(('item', 'when', 'due', 'state', 'what and why'), rows), width)}"


def checklist_lines(view: Sequence[TierChecklist]) -> Iterator[tuple[str, str]]:
    """Yield where each checklist stands, as a word and a sentence."""
    for one in view:
        missing = [item.name for item in one.items if item.state in {"open", "overdue"}]
        told = f"{len(one.items) - len(missing)} of {len(one.items)} items done"
        yield "checklist", f"tier {one.tier}: {told}{f'; open: {listed(missing)}' if missing else ''}"
