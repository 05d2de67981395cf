"""What simulated runs tell: how they end, when they are done, and whether every promise was kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from patchtide.core.steps import EndState
from patchtide.report.chart import WAIT, Stretch
from patchtide.report.table import aligned, table
from patchtide.report.words import amount, moment, one_line, span

_MOST_STRETCHES = 200


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A promise by its number and title, and the sentence of what happened instead."""

    promise: int
    title: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """One simulated run: how it ended, when each tier was done (UTC), and what it promised and did not keep."""

    seed: int
    hosts: int
    outcome: str | None = None
    reason: str = ""
    ended_at: datetime | None = None
    ends: Mapping[str, int] = field(default_factory=dict)
    tiers_done: Mapping[str, datetime] = field(default_factory=dict)
    crashes: int = 0
    broken: tuple[BrokenPromise, ...] = ()
    timeline: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenView:
    """A broken promise with the seed that breaks it, and the command that shows it again."""

    seed: int
    promise: int
    title: str
    sentence: str
    replay: str


@dataclass(frozen=True, slots=True)
class RunTold:
    """One run among several."""

    seed: int
    outcome: str | None
    reason: str
    ended_at: datetime | None
    crashes: int
    end_states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SimulationView:
    """All simulated runs together; `timeline` and `tiers` are those of the first one.

    `done_at` is when the last of the runs was done, None when one has no end; `earliest` is the first's.
    """

    runs: int
    seed: int
    hosts: int
    at: datetime
    of: str
    faults: tuple[str, ...]
    fail: float
    crashes: int
    broken_promises: tuple[BrokenView, ...]
    end_states: Mapping[str, int]
    outcomes: Mapping[str, int]
    done_at: datetime | None
    earliest: datetime | None
    tiers: Mapping[str, datetime]
    stories: tuple[RunTold, ...]
    timeline: tuple[Stretch, ...]


def simulation_view(
    told: Sequence[Told], at: datetime, of: str, faults: Sequence[str], fail: float, replays: Sequence[str]
) -> SimulationView:
    """Return what runs add up to; `of` says what was simulated, `replays` is the command that tells each run again."""
    ends = sum((Counter(one.ends) for one in told), Counter[str]())
    done = [one.ended_at for one in told if one.ended_at is not None]
    again = list(zip(told, replays, strict=True))
    return SimulationView(
        runs=len(told),
        seed=told[0].seed,
        hosts=sum(one.hosts for one in told),
        at=at,
        of=of,
        faults=tuple(sorted(faults)),
        fail=fail,
        crashes=sum(one.crashes for one in told),
        broken_promises=tuple(
            BrokenView(one.seed, found.promise, found.title, one_line(found.sentence), replay)
            for one, replay in again
            for found in one.broken
        ),
        end_states={str(end): ends[end] for end in EndState},
        outcomes=dict(sorted(Counter(str(one.outcome or "none") for one in told).items())),
        done_at=max(done) if len(done) == len(told) else None,
        earliest=min(done, default=None),
        tiers=told[0].tiers_done,
        stories=tuple(RunTold(o.seed, o.outcome, o.reason, o.ended_at, o.crashes, dict(o.ends)) for o in told),
        timeline=told[0].timeline,
    )


def simulation_text(view: SimulationView, width: int = 0) -> str:
    """Return the simulation for a terminal: the first run's timeline, then what all of them add up to."""
    rows = [stretch_row(one) for one in view.timeline[:_MOST_STRETCHES]]
    more = len(view.timeline) - len(rows)
    lines = [headline(view), ""]
    lines += [aligned(table(COLUMNS, rows), width)] if rows else []
    lines += [f"... and {amount(more, 'more line')}"] if more > 0 else []
    lines += ["", *summary_lines(view)]
    return "\n".join(lines)


COLUMNS = ("from", "to", "took", "tier", "wave", "step", "answers", "bad", "why")
"""The heads of the timeline's columns."""


def headline(view: SimulationView) -> str:
    """Return what was simulated, in a line."""
    runs = f"{amount(view.runs, 'run')} of {view.of}, begun {moment(view.at)}, seed {view.seed}"
    faults = f"faults: {', '.join(view.faults)}" if view.faults else "no faults"
    return f"simulated {runs}; {faults}; the update harms {view.fail * 100:g}% of the hosts"


def stretch_row(one: Stretch) -> tuple[str, ...]:
    """Return a stretch of time as a row of the table."""
    answers = ("", "") if one.step == WAIT else (str(one.ok + one.bad), str(one.bad or ""))
    wave = str(one.wave or "")
    took = span(round((one.end - one.start).total_seconds()))
    return (moment(one.start), moment(one.end), took, one.tier, wave, one.step, *answers, one_line(one.why))


def summary_lines(view: SimulationView) -> list[str]:
    """Return what the runs add up to, a fact per line."""
    ends = ", ".join(f"{count} {end}" for end, count in view.end_states.items() if count)
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in view.outcomes.items())
    lines = [f"end states: {ends or 'none'}", f"outcomes: {outcomes}"]
    if view.runs == 1 and view.stories[0].reason:
        lines.append(f"why: {one_line(view.stories[0].reason)}")
    lines += [f"{tier} done: {moment(at)}" for tier, at in view.tiers.items()]
    if view.done_at is not None:
        first = f" (the first of the runs: {moment(view.earliest)})" if view.runs > 1 and view.earliest else ""
        lines.append(f"all done: {moment(view.done_at)}{first}")
    lines.append(f"the controller was killed {amount(view.crashes, 'time')}")
    for found in view.broken_promises:
        lines.append(f"BROKEN promise {found.promise} ({found.title}), seed {found.seed}: {found.sentence}")
        lines.append(f"  tell it again: {found.replay}")
    return lines if view.broken_promises else [*lines, "every promise was kept"]
