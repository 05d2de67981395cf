"""Where the bars of a run's timeline go, in the units of an SVG drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from patchtide.report.runview import Bar
from patchtide.report.words import one_line, span

LEFT = 150.0
"""The width of the column of names."""
WIDTH = 960.0
ROW = 26.0
_HEAD = 28.0
_THINNEST = 2.5
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST_TICKS = 8
_LONG_PAUSE = timedelta(minutes=10)
_PAUSE_SECONDS = 60.0
_LONG_TITLE = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """A bar in the drawing, with what is said of it on hover."""

    x: float
    y: float
    width: float
    step: str
    status: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the drawing with its words."""

    x: float
    words: str


class Named(Protocol):
    """What has a line of its own: a host, or the hosts of a wave."""

    @property
    def name(self) -> str:
        """What stands in front of the line."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A host's line in the drawing."""

    y: float
    host: Named


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole drawing; `height` includes the head. `folded` are the long pauses that were cut out of it."""

    height: float
    rows: tuple[Row, ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    folds: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Maps instants to places; a pause longer than some minutes takes no more room than one minute."""

    edges: tuple[tuple[datetime, float], ...]
    pauses: tuple[tuple[datetime, datetime], ...]

    @property
    def total(self) -> float:
        return max(self.edges[-1][1], 1.0)

    def seconds(self, instant: datetime) -> float:
        """Return the drawn seconds between the first edge and an instant."""
        before = [edge for edge in self.edges if edge[0] <= instant]
        at, drawn = before[-1] if before else self.edges[0]
        limit = next((edge[1] for edge in self.edges if edge[0] > instant), self.total)
        return min(drawn + (instant - at).total_seconds(), limit)

    def x(self, instant: datetime) -> float:
        return self.place(self.seconds(instant))

    def place(self, seconds: float) -> float:
        return round(LEFT + (WIDTH - LEFT - 10) * seconds / self.total, 1)


def timeline(hosts: Sequence[Named], bars: Sequence[Bar], now: datetime) -> Timeline | None:
    """Return the drawing of a run's steps, one row per host; None when nothing has been done yet."""
    if not bars:
        return None
    rows = tuple(Row(_HEAD + ROW * place, host) for place, host in enumerate(hosts))
    places = {row.host.name: row.y for row in rows}
    scale = _scale(bars, now)
    marks = tuple(_mark(bar, places[bar.host], scale, now) for bar in bars if bar.host in places)
    folds = tuple(Tick((scale.x(a) + scale.x(b)) / 2, f"{span(b - a)} later") for a, b in scale.pauses)
    return Timeline(_HEAD + ROW * len(rows) + 6, rows, marks, _ticks(scale), folds)


def _scale(bars: Sequence[Bar], now: datetime) -> _Scale:
    spans = sorted((bar.start, bar.end or max(now, bar.start)) for bar in bars)
    busy: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if busy and start - busy[-1][1] <= _LONG_PAUSE:
            busy[-1] = (busy[-1][0], max(busy[-1][1], end))
        else:
            busy.append((start, end))
    edges: list[tuple[datetime, float]] = []
    drawn = 0.0
    for start, end in busy:
        edges += [(start, drawn), (end, drawn := drawn + (end - start).total_seconds())]
        drawn += _PAUSE_SECONDS
    pauses = tuple((busy[n][1], busy[n + 1][0]) for n in range(len(busy) - 1))
    return _Scale(tuple(edges), pauses)


def _mark(bar: Bar, y: float, scale: _Scale, now: datetime) -> Mark:
    end = bar.end or max(now, bar.start)
    x = scale.x(bar.start)
    width = max(scale.x(end) - x, _THINNEST)
    title = f"{bar.host}: {bar.step}, {bar.status}, {span(round((end - bar.start).total_seconds(), 1))} {bar.reason}"
    return Mark(x, y + 5, round(width, 1), str(bar.step), bar.status, one_line(title, _LONG_TITLE))


def _ticks(scale: _Scale) -> tuple[Tick, ...]:
    """Return lines at round numbers of seconds of work; with pauses cut out only the beginning has a sure name."""
    if scale.pauses:
        return (Tick(scale.place(0), "0"),)
    every = next((size for size in _TICKS if scale.total / size <= _MOST_TICKS), _TICKS[-1])
    marks = range(0, int(scale.total) + 1, every)
    return tuple(Tick(scale.place(at), span(at) if at else "0") for at in marks)
