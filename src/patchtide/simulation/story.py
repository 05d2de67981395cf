"""One simulated run from its opening to its end: the real loop, a virtual fleet, crashes and people."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from patchtide.adapters.fake import EmptyDepot, MemoryCourier, MemoryLock, MemoryOutside
from patchtide.core.events import Event
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.engine.desk import Desk
from patchtide.engine.rollout import drive, open_run
from patchtide.ports import Store
from patchtide.simulation.durations import Durations
from patchtide.simulation.faults import NONE, Fault, HostFaults, harmed, sound, troubled
from patchtide.simulation.fleet import VirtualFleet
from patchtide.simulation.machine import VirtualHost, before
from patchtide.simulation.moments import Crash, CrashingStore, Moments, SimClock
from patchtide.simulation.people import Jumps, People, SecondController

_LARGE = 100
"""From so many hosts on, few of them are in trouble, as in life; of few hosts any share may be."""
_AWAY = (0, 0, 1, 30, 4000)
"""Minutes until somebody starts a killed controller again."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is to be simulated: a plan, begun at an instant, with faults that the seed picks.

    `fail` is the share of hosts (0 to 1) that the update harms; `forks`: how many hosts are worked on at once;
    `patience`: for how long people wait for the end of a run before they abort it.
    """

    plan: Plan
    at: datetime
    seed: int
    faults: frozenset[Fault] = NONE
    fail: float = 0.0
    forks: int = 1_000_000
    durations: Durations = field(default_factory=Durations)
    patience: timedelta = timedelta(days=500)


@dataclass(frozen=True, slots=True)
class Story:
    """What a simulated run left behind; its history is in `log` under `run_id`."""

    scenario: Scenario
    run_id: str
    run: Run
    log: Store
    machines: Mapping[str, VirtualHost]
    crashes: int

    @property
    def events(self) -> tuple[Event, ...]:
        """Its whole history at once; that of a large fleet is better gone through in its log."""
        return tuple(event for _, event in self.log.events(self.run_id))


class _Deaf:
    """Hears of events and does nothing about them."""

    def tell(self, run_id: str, event: Event) -> None:
        """Do nothing."""


def told(scenario: Scenario, log: Store) -> Story:
    """Return the story of a scenario, written into an empty log; raises StuckError when it has no end."""
    random, hosts = Random(scenario.seed), len(scenario.plan.hosts)
    moments = Moments(random, hosts)
    clock = SimClock(scenario.at, moments, drowsy=Fault.WINDOWS in scenario.faults)
    machines = _machines(scenario, random)
    fleet = VirtualFleet(
        machines, clock, moments, random, scenario.durations, faults=scenario.faults, forks=scenario.forks
    )
    kept = CrashingStore(log, moments, clock)
    around = EmptyDepot(), MemoryOutside(), MemoryCourier()
    desk = Desk(fleet, kept, MemoryLock(), clock, _Deaf(), *around)
    run_id = open_run(scenario.plan, desk, scenario.plan.created_by)
    people = People(desk, run_id, scenario.faults, scenario.patience, moments)
    moments.visitors += _visitors(scenario, moments, desk, run_id, clock, people)
    if Fault.CRASH in scenario.faults:
        if hosts < _LARGE:
            moments.expect(random.choice([0, 0, 2, 6]))
        else:  # once in any case, as a rule while the first hosts are staged: however early a run ends, it was killed
            moments.expect(4, within=hosts // 4)
    run = _driven(run_id, desk, fleet, random, scenario)
    if Fault.PEOPLE in scenario.faults and random.random() < 0.2:  # noqa: PLR2004 - somebody has second thoughts
        with suppress(Crash):  # it is the command that dies here, before or after its line was written
            people.act(random.choice(["rollback", "rollback all"]))
        run = _driven(run_id, desk, fleet, random, scenario)
    return Story(scenario, run_id, run, log, fleet.machines, moments.crashed)


def _visitors(
    scenario: Scenario, moments: Moments, desk: Desk, run_id: str, clock: SimClock, people: People
) -> list[People | SecondController | Jumps]:
    second = [SecondController(desk, run_id, moments)] if Fault.CONTROLLERS in scenario.faults else []
    jumps = [Jumps(clock, moments)] if Fault.CLOCK in scenario.faults else []
    return [people, *second, *jumps]


def _machines(scenario: Scenario, random: Random) -> list[VirtualHost]:
    """Return the hosts of a plan: some that the update harms, some with trouble of their own, most of them sound."""
    names = list(scenario.plan.hosts)
    unlucky = set(random.sample(names, round(scenario.fail * len(names))))
    few = len(names) < _LARGE
    share = random.choice([0.0, 0.1, 0.2, 0.4, 0.8] if few else [0.01, 0.03]) if scenario.faults else 0.0
    # What goes wrong in the first tier keeps the update from all others: in half of the large fleets nothing does.
    spared = set() if few or random.random() < 0.5 else set(scenario.plan.tiers[0].hosts)  # noqa: PLR2004

    def faults(name: str) -> HostFaults:
        if name in unlucky:
            return harmed(random)
        unwell = name not in spared and random.random() < share
        return troubled(random, scenario.at, scenario.faults) if unwell else sound(random)

    return [VirtualHost(name, before(scenario.plan, name), faults(name)) for name in names]


def _driven(run_id: str, desk: Desk, fleet: VirtualFleet, random: Random, scenario: Scenario) -> Run:
    """Drive until the end, again after every crash and every wait that nobody wanted to sit through."""
    while True:
        fleet.fenced = False
        patient = not scenario.faults or random.random() < 0.8  # noqa: PLR2004 - else it is started again and again
        try:
            run = drive(run_id, desk, by=scenario.plan.created_by, wait=patient)
        except Crash:
            fleet.clock.reach(fleet.clock.now() + timedelta(minutes=random.choice(_AWAY)))
            continue
        if run.outcome is not None:
            return run
        fleet.clock.sleep(60.0)
