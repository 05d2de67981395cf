"""Who else acts while a simulated run is carried out: people, a second controller, somebody who sets the clock."""

from collections.abc import Collection
from datetime import timedelta

from patchtide.core.actions import Ask, Wait
from patchtide.core.errors import LockedError, PatchtideError, UsageError
from patchtide.core.fold import continued, folded
from patchtide.core.run import Run
from patchtide.engine.consent import approve, reject
from patchtide.engine.control import abort, ask_rollback, pause, unpause
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import standing
from patchtide.engine.rollout import drive
from patchtide.engine.speaking import Speaker
from patchtide.simulation.faults import Fault
from patchtide.simulation.moments import Moments, SimClock

_LATE = 0.1
_HASTY = ((0, 0.0), (0, 0.0), (1, 0.002), (10, 0.02))
"""How often people want a run stopped, and how likely that is at any moment at the most."""


class TwoControllersError(PatchtideError):
    """Two controllers worked on one run at the same time."""


class People:
    """They approve and answer when they are asked; with faults late, or with a no, and they abort what they started."""

    def __init__(
        self, desk: Desk, run_id: str, faults: Collection[Fault], patience: timedelta, moments: Moments
    ) -> None:
        self.random = moments.random
        self.desk = desk
        self.run_id = run_id
        self.faults = faults
        often, most = self.random.choice(_HASTY)
        self.hasty = moments.now_and_then(often, most) if Fault.PEOPLE in faults else 0.0
        self.patient_until = desk.clock.now() + patience
        self._run: Run | None = None

    def __call__(self, where: str) -> None:
        """Do something, perhaps."""
        chance = self.random.random()
        if where == "asleep" and self.desk.clock.now() > self.patient_until:
            self.act("abort")
        elif chance < self.hasty:
            self.act(self.random.choice(["abort", "pause", "rollback", "rollback all"]))
        elif where == "asleep" and (Fault.APPROVALS not in self.faults or chance < _LATE):
            self._answer(standing(self._known(), self.desk.clock.now()))
        elif where == "asleep" and Fault.APPROVALS in self.faults and chance < _LATE * 1.05:
            self.act("reject")

    def _answer(self, action: object) -> None:
        """Say what the run waits for."""
        match action:
            case Ask(code="on_failure"):
                self.act(self.random.choice(["abort", "rollback", "rollback all"]) if self.hasty else "rollback all")
            case Ask(code="paused"):
                unpause(self.run_id, self.desk, "cid")
            case Ask() | Wait(code="approval"):
                self.act("approve")
            case _:
                pass

    def act(self, what: str) -> None:
        """Say something to the run, or take it up as a second controller; what is refused is refused."""
        try:
            match what:
                case "approve":
                    self._each_approves()
                case "reject":
                    reject(self.run_id, self.desk, Speaker(self._somebody()), "not now")
                case "abort":
                    abort(self.run_id, self.desk, "bob", "enough")
                case "pause":
                    pause(self.run_id, self.desk, "bob", "wait a moment")
                case "rollback all":
                    ask_rollback(self.run_id, self.desk, "cid", "not good")
                case _:
                    hosts = list(self._known().hosts)
                    ask_rollback(self.run_id, self.desk, "cid", "not good", (self.random.choice(hosts),))
        except UsageError:
            pass

    def _each_approves(self) -> None:
        people = {name for tier in self._known().plan.tiers if tier.approvals for name in tier.approvals.people}
        if Fault.APPROVALS in self.faults:
            approve(self.run_id, self.desk, Speaker(self._somebody()))
            return
        for name in sorted(people - {self._known().opened_by, self._known().plan.created_by}):
            try:
                approve(self.run_id, self.desk, Speaker(name))
            except UsageError:
                continue

    def _somebody(self) -> str:
        people = {name for tier in self._known().plan.tiers if tier.approvals for name in tier.approvals.people}
        return self.random.choice(sorted(people) or ["bob"])

    def _known(self) -> Run:
        """Return the run as its log tells it now; only what is new is read."""
        log = self.desk.store
        if self._run is None:
            self._run = folded(event for _, event in log.events(self.run_id))
        self._run = continued(self._run, (event for _, event in log.events(self.run_id, after=self._run.seen)))
        return self._run


class SecondController:
    """Takes the run up while somebody is at it: that has to be refused."""

    def __init__(self, desk: Desk, run_id: str, moments: Moments) -> None:
        self.random = moments.random
        self.desk = desk
        self.run_id = run_id
        self.left = 20
        self.chance = moments.now_and_then(self.left, 0.01)

    def __call__(self, _where: str) -> None:
        """Try it, now and then; raises TwoControllersError when it is let in."""
        if not self.left or self.random.random() >= self.chance or self.desk.lock.holder() is None:
            return
        self.left -= 1
        try:
            drive(self.run_id, self.desk, by="another", wait=False)
        except LockedError:
            return
        raise TwoControllersError("two controllers drove one run")


class Jumps:
    """Somebody sets the controller's clock, now and then: minutes or hours back, up to days forward."""

    def __init__(self, clock: SimClock, moments: Moments) -> None:
        self.random = moments.random
        self.clock = clock
        self.left = 8
        self.chance = moments.now_and_then(self.left, 0.03)

    def __call__(self, _where: str) -> None:
        """Set it, perhaps."""
        if self.left and self.random.random() < self.chance:
            self.left -= 1
            self.clock.jump(timedelta(hours=self.random.choice([-3, -1, -0.05, 0.05, 1, 48])))
