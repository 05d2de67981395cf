"""One simulated run from its opening to its end: the real loop, a virtual fleet, crashes and people."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.simulation.fleet import VirtualFleet, VirtualHost
from tests.simulation.moments import Crash, CrashingStore, Moments, SimClock
from tests.simulation.plans import START, random_fleet, random_plan

from patchtide.adapters.fake import EmptyDepot, MemoryLock, MemoryOutside
from patchtide.core.errors import LockedError, UsageError
from patchtide.core.events import Event
from patchtide.core.plan import Plan
from patchtide.core.run import Run, folded
from patchtide.engine.consent import approve
from patchtide.engine.control import abort, ask_rollback
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import timeline
from patchtide.engine.rollout import drive, open_run
from patchtide.engine.speaking import Speaker

PATIENCE = timedelta(days=12)


class Deaf:
    """Hears of events and does nothing about them."""

    def tell(self, run_id: str, event: Event) -> None:
        """Do nothing."""


@dataclass
class Story:
    """What a simulated run left behind."""

    plan: Plan
    run: Run
    events: tuple[Event, ...]
    machines: dict[str, VirtualHost]


class People:
    """They approve, abort and ask for rollbacks when they feel like it, and always in the end."""

    def __init__(self, random: Random, desk: Desk, run_id: str) -> None:
        self.random = random
        self.desk = desk
        self.run_id = run_id
        self.hasty = random.choice([0.0, 0.0, 0.002, 0.02])

    def __call__(self, where: str) -> None:
        chance = self.random.random()
        if self.desk.clock.now() > START + PATIENCE:
            self._try("abort")
        elif chance < self.hasty:
            self._try(self.random.choice(["abort", "rollback", "rollback all"]))
        elif where == "asleep" and chance < 0.1:
            self._try("approve")
        elif where == "asleep" and chance < 0.15 and self._is_asked():
            self._try(self.random.choice(["abort", "rollback", "rollback all"]))
        elif chance > 0.98:
            self._second_controller()

    def _is_asked(self) -> bool:
        held = folded(event for _, event in self.desk.store.events(self.run_id)).held
        return held is not None and held.code == "on_failure"

    def _try(self, what: str) -> None:
        try:
            match what:
                case "approve":
                    approve(self.run_id, self.desk, Speaker(self.random.choice(["ann", "bob", "cid"])))
                case "abort":
                    abort(self.run_id, self.desk, "bob", "enough")
                case "rollback all":
                    ask_rollback(self.run_id, self.desk, "cid", "not good")
                case _:
                    run = folded(event for _, event in self.desk.store.events(self.run_id))
                    ask_rollback(self.run_id, self.desk, "cid", "not good", (self.random.choice(list(run.hosts)),))
        except UsageError:
            pass  # refused, as it may be

    def _second_controller(self) -> None:
        if self.desk.lock.holder() is None:
            return
        try:
            drive(self.run_id, self.desk, by="another", wait=True)
        except LockedError:
            return
        raise AssertionError("two controllers drove one run")


class Jumps:
    """Somebody sets the controller's clock, now and then: minutes or hours back, up to days forward."""

    def __init__(self, random: Random, clock: SimClock) -> None:
        self.random = random
        self.clock = clock
        self.left = 8

    def __call__(self, where: str) -> None:
        if self.left and self.random.random() < 0.03:
            self.left -= 1
            hours = self.random.choice([-3, -1, -0.05, 0.05, 1, 48])
            self.clock.jump(timedelta(hours=hours))


def told(seed: int, *, jumps: bool = False) -> Story:
    """Return the story of a seed, also with a clock that is set again and again."""
    random = Random(seed)
    plan = random_plan(random)
    moments = Moments(random, crashes=random.choice([0, 0, 2, 6]))
    clock = SimClock(START, moments)
    moments.clock = clock
    fleet = VirtualFleet(random_fleet(random, plan), clock, moments, random)
    desk = Desk(fleet, CrashingStore(moments), MemoryLock(), clock, Deaf(), EmptyDepot(), MemoryOutside())
    crashes, moments.crashes = moments.crashes, 0
    run_id = open_run(plan, desk, "ann")
    moments.crashes = crashes
    moments.visitors.append(People(random, desk, run_id))
    if jumps:
        moments.visitors.append(Jumps(random, clock))
    run = _driven(run_id, desk, fleet, random)
    if random.random() < 0.2:
        with suppress(Crash):  # it is the command that dies here, before or after its line was written
            People(random, desk, run_id)._try(random.choice(["rollback", "rollback all"]))
        run = _driven(run_id, desk, fleet, random)
    return Story(plan, run, timeline(desk.store, run_id), fleet.machines)


def _driven(run_id: str, desk: Desk, fleet: VirtualFleet, random: Random) -> Run:
    """Drive until the end, again after every crash and every wait that nobody wanted to sit through."""
    while True:
        fleet.fenced = False
        try:
            run = drive(run_id, desk, by="ann", wait=random.random() < 0.8)
        except Crash:
            fleet.clock.reach(fleet.clock.now() + timedelta(minutes=random.choice([0, 0, 1, 30, 4000])))
            continue
        if run.outcome is not None:
            return run
        fleet.clock.sleep(60.0)
