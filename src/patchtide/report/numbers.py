"""Numbers from before and after an update, side by side: what was compared on each host, and where it lies."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from patchtide.core.events import Event, HostFinished
from patchtide.core.health import Measurement
from patchtide.core.ranks import statistic
from patchtide.core.steps import Step
from patchtide.report.words import one_line

WIDTH = 320.0
"""The width of a drawing of two distributions."""

_EDGE = 6.0
_LONG_DETAIL = 400


@dataclass(frozen=True, slots=True)
class Spread:
    """One side of a comparison: how many numbers, and where their middle and their end lie (in the check's unit)."""

    n: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class NumbersView:
    """What one check measured on a host before its update and in the latest look after it; None: nothing there."""

    host: str
    check: str
    unit: str
    step: Step
    status: str
    detail: str
    before: Spread | None
    after: Spread | None
    samples_before: tuple[float, ...]
    samples: tuple[float, ...]


def numbers_views(events: Iterable[Event]) -> tuple[NumbersView, ...]:
    """Return the comparisons of a run, the latest look of each host after its update and after its way back."""
    found: dict[tuple[str, str, Step], NumbersView] = {}
    for event in events:
        if isinstance(event, HostFinished) and event.step in {Step.VERIFY, Step.ROLLBACK}:
            for one in event.finding.measurements:
                if one.samples or one.samples_before:
                    found[event.host, one.name, event.step] = _view(event, one)
    return tuple(found[key] for key in sorted(found))


def _view(event: HostFinished, one: Measurement) -> NumbersView:
    said = one_line(one.detail, _LONG_DETAIL)
    sides = (_spread(one.samples_before), _spread(one.samples))
    return NumbersView(
        event.host, one.name, one.unit, event.step, one.status, said, *sides, one.samples_before, one.samples
    )


def _spread(numbers: Sequence[float]) -> Spread | None:
    if not numbers:
        return None
    every = list(numbers)
    return Spread(len(every), statistic("p50", every), statistic("p95", every))


def spread_text(spread: Spread | None, unit: str) -> str:
    """Return a distribution in words."""
    if spread is None:
        return "not measured"
    return f"p50 {spread.p50:.4g} {unit}, p95 {spread.p95:.4g} {unit}, n {spread.n}"


def places(numbers: Sequence[float], view: NumbersView) -> tuple[float, ...]:
    """Return where numbers go in the drawing of a comparison, on one scale for both sides."""
    every = (*view.samples_before, *view.samples)
    low, high = min(every), max(every)
    scale = (WIDTH - 2 * _EDGE) / (high - low) if high > low else 0.0
    return tuple(round(_EDGE + (number - low) * scale, 1) for number in numbers)
