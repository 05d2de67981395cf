"""A run as one HTML file that needs nothing else: no script, no font, no network; it prints well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.report import words
from patchtide.report.chart import SOAK, WAIT, Stretch
from patchtide.report.fixes import cves_text, left_text
from patchtide.report.notices import notice_text
from patchtide.report.numbers import WIDTH as STRIP
from patchtide.report.numbers import NumbersView, places, spread_text
from patchtide.report.proofs import not_made_lines
from patchtide.report.runtext import OUTCOMES, took
from patchtide.report.runview import Bar, RunView, said_lines
from patchtide.report.simulated import COLUMNS, SimulationView, headline, stretch_row, summary_lines
from patchtide.report.timeline import LEFT, ROW, WIDTH, timeline


def html_text(view: RunView, run: Run, bars: Sequence[Bar], now: datetime, numbers: Sequence[NumbersView] = ()) -> str:
    """Return the page; whatever came from hosts or people is escaped and free of control characters."""
    page = _environment().get_template("report.html.j2")
    return page.render(
        view=view,
        said=said_lines(view),
        plan=run.plan,
        meaning=OUTCOMES.get(view.outcome or "", "not ended yet"),
        left=left_text(view.left_out),
        took=took(view, now),
        bars=bars,
        steps=list(dict.fromkeys(str(bar.step) for bar in bars)),
        drawing=timeline(view.hosts, bars, now),
        sizes={"left": LEFT, "row": ROW, "width": WIDTH},
        now=now,
        numbers=numbers,
        not_made=not_made_lines(run),
        strip=STRIP,
    )


@dataclass(frozen=True, slots=True)
class _Wave:
    """A line of the simulation's drawing."""

    name: str


def simulation_html(view: SimulationView) -> str:
    """Return the page of a simulation: the first run's timeline as a chart and a table, and what all of them told."""
    steps = [one for one in view.timeline if one.step not in {WAIT, SOAK}]
    names = list(dict.fromkeys(_wave(one) for one in steps))
    bars = [_bar(one) for one in steps]
    return (
        _environment()
        .get_template("simulation.html.j2")
        .render(
            view=view,
            headline=headline(view),
            lines=summary_lines(view),
            heads=COLUMNS,
            rows=[stretch_row(one) for one in view.timeline],
            steps=list(dict.fromkeys(bar.step for bar in bars)),
            drawing=timeline([_Wave(name) for name in names], bars, view.done_at or view.at),
            sizes={"left": LEFT, "row": ROW, "width": WIDTH},
        )
    )


def _wave(one: Stretch) -> str:
    return f"{one.tier}, wave {one.wave}"


def _bar(one: Stretch) -> Bar:
    status = "failed" if one.bad else "ok"
    return Bar(_wave(one), Step(one.step), one.start, one.end, status, f"{one.ok} ok, {one.bad} not")


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("patchtide.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: words.cleaned(value) if type(value) is str else value,
    )
    made.filters |= {"moment": words.moment, "stamp": words.stamp, "span": words.span, "size": words.size}
    made.filters |= {"cves": cves_text, "places": places, "spread": spread_text, "notice": notice_text}
    return made
