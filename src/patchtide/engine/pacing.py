"""What earlier runs tell about how long steps take."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from patchtide.core.events import Event, HostFinished, RunOpened, Status, StepStarted
from patchtide.core.fleet import Host
from patchtide.core.fold import folded
from patchtide.core.pace import TIMED, Pace, paces
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.planning import NotProbed, planned
from patchtide.core.run import Run
from patchtide.core.settings import Settings
from patchtide.core.steps import Step
from patchtide.core.wall import entering_need, need
from patchtide.ports import Store

LOOKED_BACK = 20
"""So many runs teach: a host that was left behind by all of them waits for the test tier's next update."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the latest runs tell: each as it ended, newest first, and the pace of the fleet's steps in them."""

    runs: tuple[tuple[str, Run], ...]
    paces: tuple[Pace, ...]


def looked_back(store: Store) -> Earlier:
    """Return what the latest runs tell, their events read once; raises what the store raises for a log it cannot read.

    Of paces only answers that went well count, and only the first time a host did a step in a run: one that is taken
    up again finds its work done.
    """
    found: dict[tuple[Step, str], list[float]] = {}
    runs: list[tuple[str, Run]] = []
    for run_id in reversed(store.runs()[-LOOKED_BACK:]):
        timed: list[tuple[Step, str, float]] = []
        runs.append((run_id, folded(_timing((event for _, event in store.events(run_id)), timed))))
        for step, platform, seconds in reversed(timed):
            found.setdefault((step, platform), []).append(seconds)
    return Earlier(tuple(runs), paces(found))


def _timing(events: Iterable[Event], timed: list[tuple[Step, str, float]]) -> Iterator[Event]:
    """Yield events as they come, and note in `timed` how long which step took on which platform."""
    plan: Plan | None = None
    begun: dict[tuple[Step, str], int] = {}
    for event in events:
        match event:
            case RunOpened():
                plan = event.plan
            case StepStarted(step=step) if step in TIMED:
                for host in event.hosts:
                    begun.setdefault((step, host), event.attempt)
            case HostFinished(status=Status.OK) if plan and event.took > 0 and begun.get(_key(event)) == event.attempt:
                timed.append((event.step, plan.hosts[event.host].platform, event.took))
            case _:
                pass
        yield event


def _key(event: HostFinished) -> tuple[Step, str]:
    return event.step, event.host


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
        plan = replace(plan, hosts={**plan.hosts, **like.hosts}, tiers=tiers, paces=looked_back(store).paces)
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
