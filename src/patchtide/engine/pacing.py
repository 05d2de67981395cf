"""What earlier runs tell about how long steps take."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from patchtide.core.events import Event, HostFinished, RunOpened, Status, StepStarted
from patchtide.core.fleet import Host
from patchtide.core.pace import TIMED, Pace, paces
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.planning import NotProbed, planned
from patchtide.core.run import folded
from patchtide.core.settings import Settings
from patchtide.core.steps import Step
from patchtide.core.wall import entering_need, need
from patchtide.ports import Store

_RUNS = 20
"""How many runs are looked back at."""


def learned(store: Store) -> tuple[Pace, ...]:
    """Return the pace of this fleet's steps in its newest runs; raises what the store raises for a log it cannot read.

    Only answers that went well count, and only the first time a host did a step in a run: one that is taken up again
    finds its work done.
    """
    found: dict[tuple[Step, str], list[float]] = {}
    for run_id in reversed(store.runs()[-_RUNS:]):
        timed = _timed(event for _, event in store.events(run_id))
        for step, platform, seconds in reversed(tuple(timed)):
            found.setdefault((step, platform), []).append(seconds)
    return paces(found)


def _timed(events: Iterable[Event]) -> Iterator[tuple[Step, str, float]]:
    history = iter(events)
    opened = next(history, None)
    if not isinstance(opened, RunOpened):
        return
    begun: dict[tuple[Step, str], int] = {}
    for event in history:
        match event:
            case StepStarted(step=step) if step in TIMED:
                for host in event.hosts:
                    begun.setdefault((step, host), event.attempt)
            case HostFinished(status=Status.OK) if event.took > 0 and begun.get(_key(event)) == event.attempt:
                yield event.step, _platform(opened.plan, event.host), event.took
            case _:
                pass


def _key(event: HostFinished) -> tuple[Step, str]:
    return event.step, event.host


def _platform(plan: Plan, host: str) -> str:
    return plan.hosts[host].platform


def room_for(settings: Settings, tier: str, store: Store, now: datetime) -> timedelta:
    """Return how much of a window a wave of a tier needs: as the run that has not ended has it, or a new plan would.

    A new plan's waves are not known before its hosts are asked, so they are those of the newest run; where there is
    none, or the tier is a new one, a wave is one host of which nothing is known.
    """
    newest = [folded(event for _, event in store.events(run_id)) for run_id in store.runs()[-1:]]
    known = [(run, each) for run in newest for each in run.plan.tiers if each.name == tier]
    plan = _foreseen(settings, now)
    if known and known[0][0].outcome is None:
        plan = known[0][0].plan
    elif known:
        like, of = known[0][0].plan, known[0][1]
        tiers = tuple(replace(each, waves=of.waves) if each.name == tier else each for each in plan.tiers)
        plan = replace(plan, hosts={**plan.hosts, **like.hosts}, tiers=tiers, paces=learned(store))
    return room_of(plan, next(each for each in plan.tiers if each.name == tier))


def room_of(plan: Plan, tier: TierPlan) -> timedelta:
    """Return how much of a window the wave of a tier needs that needs most, maintenance mode included."""
    return max(need(plan, tier.name, wave).total + entering_need(plan, tier.name, wave) for wave in tier.waves)


def _foreseen(settings: Settings, now: datetime) -> Plan:
    """Return a plan for one made-up host per tier, so that the rule is the one by which a run is let in."""
    alike = tuple(each.one_wave() for each in settings.tiers)
    members = {each.name: (Host(each.name),) for each in alike}
    unknown = {each.name: NotProbed("not asked", unreachable=False) for each in alike}
    return planned(replace(settings, tiers=alike), members, unknown, now, "")
