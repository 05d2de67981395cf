"""Moments at which something may happen in a simulated run, and the clock that runs through them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from random import Random

from patchtide.core.errors import PatchtideError
from patchtide.core.events import Event, Held
from patchtide.ports import Store

_LONGEST_NAP = 3600.0
_USUAL, _MOST = 24, 60
"""Moments that a host's way through a run has, and those after which there is no end in sight."""
_HASTE = 0.04
"""How likely a crash is at any moment of a small fleet's run."""


class Crash(BaseException):
    """The controller is killed: nothing may catch this."""


class StuckError(PatchtideError):
    """The loop goes on and on without getting anywhere."""


class Moments:
    """Passes the turn to whatever wants to happen, kills the controller so many times, and bounds how long it lasts."""

    def __init__(self, random: Random, hosts: int) -> None:
        self.random = random
        self.usual = 50 + _USUAL * hosts
        self.crashes = 0
        self.crashed = 0
        self.left = 4000 + _MOST * hosts
        self.chance = 0.0
        self.visitors: list[Callable[[str], None]] = []
        self._busy = False
        self._due = 0

    def expect(self, crashes: int, *, within: int = 0) -> None:
        """Kill the controller so many times at the most, now and then; for the first time `within` so many moments."""
        self.crashes = crashes
        self._due = self.random.randint(1, within) if within else 0
        self.chance = self.now_and_then(crashes, _HASTE)

    def _strikes(self) -> bool:
        self._due -= 1
        return self._due == 0 or self.random.random() < self.chance

    def now_and_then(self, times: float, most: float) -> float:
        """Return how likely something is at each moment that is to happen so many times in a whole run."""
        return min(most, 1.5 * times / self.usual)

    def pass_by(self, where: str) -> None:
        """Let something happen here, perhaps; raises Crash, or StuckError when there is no end in sight."""
        if self._busy:
            return
        self.left -= 1
        if self.left <= 0:
            raise StuckError(f"no end in sight ({where})")
        self._busy = True
        try:
            for visitor in self.visitors:
                visitor(where)
        finally:
            self._busy = False
        if self.crashes and where != "asleep" and self._strikes():
            self.crashes -= 1
            self.crashed += 1
            raise Crash(where)


class SimClock:
    """Virtual time, which passes when somebody sleeps or works.

    Who sleeps wakes when the wait that was last told is over; a `drowsy` one oversleeps more and more, as a machine
    does that was suspended.
    """

    def __init__(self, start: datetime, moments: Moments, *, drowsy: bool) -> None:
        self._now = start
        self._nap = 1.0
        self._until: datetime | None = None
        self._drowsy = drowsy
        self.moments = moments

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass: to the end of the wait, or in longer and longer naps where nobody knows when it ends."""
        if self._until is not None and self._until > self._now and not self._drowsy:
            self._now = self._until
        else:
            self._now += timedelta(seconds=max(seconds, 0.001) * self._nap)
            self._nap = min(_LONGEST_NAP, self._nap * 1.5)
        self.moments.pass_by("asleep")

    def jump(self, by: timedelta) -> None:
        """Be set forward or back, as clocks are."""
        self._now += by

    def reach(self, instant: datetime) -> None:
        """Let time pass until an instant, if that is still to come."""
        self._now = max(self._now, instant)

    def heard(self, event: Event) -> None:
        """Take note of what happened: who was disturbed sleeps lightly again, and a wait says when it ends."""
        self._nap = 1.0
        self._until = event.until if isinstance(event, Held) else None


class CrashingStore:
    """A log whose writer may die just before or just after a line is durable."""

    def __init__(self, log: Store, moments: Moments, clock: SimClock) -> None:
        self.log = log
        self.moments = moments
        self.clock = clock

    def append(self, run_id: str, event: Event) -> int:
        """Add one event, unless the controller dies before; it may also die after."""
        self.clock.heard(event)
        self.moments.pass_by(f"before the append of {event.kind}")
        sequence = self.log.append(run_id, event)
        self.moments.pass_by(f"after the append of {event.kind}")
        return sequence

    def events(self, run_id: str, after: int = 0) -> Iterable[tuple[int, Event]]:
        """Return the run's events with a sequence number above `after`."""
        return self.log.events(run_id, after)

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, oldest first."""
        return self.log.runs()

    def said(self, *kinds: str) -> Sequence[tuple[str, Event]]:
        """Return the events of these kinds from every stream."""
        return self.log.said(*kinds)
