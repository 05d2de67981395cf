"""Reading what the log knows, without touching anything."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from patchtide.core.actions import Action
from patchtide.core.decide import decide
from patchtide.core.emergency import declared
from patchtide.core.errors import UsageError
from patchtide.core.events import Event
from patchtide.core.fold import folded
from patchtide.core.meant import meant
from patchtide.core.quarantine import KINDS, Quarantined, quarantined
from patchtide.core.run import Run
from patchtide.core.said import ChangeRequested
from patchtide.core.timekeeping import begins, clock_gate, held_by
from patchtide.core.verdict import Verdict, yes
from patchtide.core.wall import entering_need, need
from patchtide.engine.desk import Blackouts
from patchtide.ports import PROJECT, Store


def run_named(store: Store, name: str | None) -> tuple[str, Run]:
    """Return a run by its id, an unmistakable beginning of it, or None for the newest; raises UsageError."""
    run_id = id_named(store, name)
    return run_id, folded(event for _, event in store.events(run_id))


def id_named(store: Store, name: str | None) -> str:
    """Return the id of a run, of which a beginning was named, or nothing for the newest; raises UsageError."""
    runs = store.runs()
    if not runs:
        raise UsageError("there is no run yet", hint="Start one with `patchtide run`.")
    found = [run for run in runs if run == name] or [run for run in runs if name is None or run.startswith(name)]
    if not found:
        raise UsageError(f"there is no run {name!r}", hint=meant(str(name), runs) or "`patchtide history` lists them.")
    if name is not None and len(found) > 1:
        raise UsageError(f"{name!r} is the beginning of several runs: {', '.join(found)}")
    return found[-1]


def in_quarantine(store: Store) -> dict[str, Quarantined]:
    """Return the versions that are kept out now, by `package=version`."""
    return quarantined(store.said(*KINDS))


def standing(
    run: Run, now: datetime, synchronised: Callable[[], bool | None] | None = None, blackouts: Blackouts | None = None
) -> Action:
    """Return what comes next in a run and why, as its controller would decide now.

    Hosts are let in only while the controller's clock can be believed, and no blackout has become known since the plan
    was made; both are asked only where that matters.
    """
    action = decide(run, now)
    if not begins(action):
        return action
    tier = run.hosts[action.hosts[0]].tier
    clock = yes("trusted", "not asked") if synchronised is None else clock_gate(run.plan.clock, synchronised())
    gate = _not_shut(run, tier, action.hosts, now, blackouts) if clock.ok and blackouts is not None else clock
    return action if gate.ok else held_by(gate, tier, now)


def _not_shut(run: Run, name: str, hosts: Sequence[str], now: datetime, blackouts: Blackouts) -> Verdict:
    """Say whether the project's blackouts of now let hosts in; an emergency goes in spite of them, while it lasts."""
    plan, tier = run.plan, next(tier for tier in run.plan.tiers if tier.name == name)
    time = need(plan, name, hosts).total + entering_need(plan, name, hosts)
    emergency = declared(run)
    if emergency and now + time <= emergency.until:
        return yes("emergency", "an emergency goes in spite of blackouts")
    return blackouts(plan, name, plan.calendar(tier, hosts).zones, now, time)


def unfinished(store: Store) -> Iterator[tuple[str, Run]]:
    """Yield the runs that have not ended, newest first.

    What has ended is not read again, unless a person asked to put it back: nothing else takes an end away.
    """
    asked = {stream for stream, _ in store.said("rollback_asked")}
    over = {stream for stream, _ in store.said("run_ended")} - asked
    for name in reversed(store.runs()):
        run = None if name in over else folded(event for _, event in store.events(name))
        if run is not None and run.outcome is None:
            yield name, run


def ended_since(store: Store, since: datetime) -> Iterator[tuple[str, Run]]:
    """Yield the runs that have ended at an instant or after it, oldest first."""
    for name in dict.fromkeys(stream for stream, event in store.said("run_ended") if event.at >= since):
        run = folded(event for _, event in store.events(name))
        if run.outcome is not None:
            yield name, run


def timeline(store: Store, run_id: str) -> tuple[Event, ...]:
    """Return the events of a run in order."""
    return tuple(event for _, event in store.events(run_id))


def requests_made(store: Store) -> tuple[tuple[str, ChangeRequested], ...]:
    """Return all change requests, newest first, each with the run that it reached ("": none yet)."""
    made: dict[str, tuple[str, ChangeRequested]] = {}
    for stream, event in store.said("change_requested"):
        if isinstance(event, ChangeRequested):
            made[event.id] = ("" if stream == PROJECT else stream, event)
    return tuple(sorted(made.values(), key=lambda one: one[1].at, reverse=True))


def request_named(store: Store, name: str | None) -> tuple[str, ChangeRequested]:
    """Return a change request by its id, its run or an unmistakable beginning; None: the newest. Raises UsageError."""
    made = requests_made(store)
    if not made:
        raise UsageError("nobody has asked for a change yet", hint="`patchtide request new RUN --reason ...`")
    if name is None:
        return made[0]
    found = [one for one in made if one[1].id.startswith(name)] or [one for one in made if one[0].startswith(name)][:1]
    if not found:
        raise UsageError(f"there is no change request {name!r}", hint=meant(name, [one.id for _, one in made]))
    if len(found) > 1:
        raise UsageError(f"{name!r} is the beginning of several: {', '.join(one.id for _, one in found)}")
    return found[0]
