"""Reading what the log knows, without touching anything."""

from collections.abc import Callable
from datetime import datetime

from patchtide.core.actions import Action
from patchtide.core.decide import decide
from patchtide.core.emergency import owes_review
from patchtide.core.errors import UsageError
from patchtide.core.events import Event
from patchtide.core.meant import meant
from patchtide.core.quarantine import KINDS, Quarantined, quarantined
from patchtide.core.run import Run, folded
from patchtide.core.said import ChangeRequested
from patchtide.core.timekeeping import begins, clock_gate, held_by
from patchtide.ports import PROJECT, Store


def run_named(store: Store, name: str | None) -> tuple[str, Run]:
    """Return a run by its id, an unmistakable beginning of it, or None for the newest; raises UsageError."""
    runs = store.runs()
    if not runs:
        raise UsageError("there is no run yet", hint="Start one with `patchtide run`.")
    found = [run for run in runs if run == name] or [run for run in runs if name is None or run.startswith(name)]
    if not found:
        raise UsageError(f"there is no run {name!r}", hint=meant(str(name), runs) or "`patchtide history` lists them.")
    if name is not None and len(found) > 1:
        raise UsageError(f"{name!r} is the beginning of several runs: {', '.join(found)}")
    return found[-1], folded(event for _, event in store.events(found[-1]))


def in_quarantine(store: Store) -> dict[str, Quarantined]:
    """Return the versions that are kept out now, by `package=version`."""
    return quarantined(store.said(*KINDS))


def standing(run: Run, now: datetime, synchronised: Callable[[], bool | None] | None = None) -> Action:
    """Return what comes next in a run and why, as its controller would decide now.

    Hosts are let in only while the controller's clock can be believed; it is asked only where that matters.
    """
    action = decide(run, now)
    if synchronised is None or not begins(action):
        return action
    gate = clock_gate(run.plan.clock, synchronised())
    return action if gate.ok else held_by(gate, run.hosts[action.hosts[0]].tier, now)


def history(store: Store) -> tuple[tuple[str, Run], ...]:
    """Return all runs, newest first."""
    return tuple((name, folded(event for _, event in store.events(name))) for name in reversed(store.runs()))


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


def reviews_owed(store: Store) -> tuple[tuple[str, str], ...]:
    """Return the runs whose emergency is still to be reviewed, oldest first, each with why."""
    runs = dict.fromkeys(run_id for run_id, _ in store.said("emergency_declared"))
    found = ((run_id, owes_review(folded(event for _, event in store.events(run_id)))) for run_id in runs)
    return tuple((run_id, why) for run_id, why in found if why)
