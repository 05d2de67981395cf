"""Moments at which something may happen in a simulated run: a crash, a person, a second controller."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random

from patchtide.adapters.fake import MemoryStore
from patchtide.core.events import Event
from patchtide.documents import event_of

LONGEST_NAP = 3600.0


class Crash(BaseException):
    """The controller is killed: nothing may catch this."""


class StuckError(AssertionError):
    """The loop goes on and on without getting anywhere."""


class SimClock:
    """Virtual time; a sleeper that is not disturbed oversleeps more and more, as a suspended machine does."""

    def __init__(self, start: datetime, moments: "Moments") -> None:
        self._now = start
        self._nap = 1.0
        self.moments = moments

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._now += timedelta(seconds=max(seconds, 0.001) * self._nap)
        self._nap = min(LONGEST_NAP, self._nap * 1.5)
        self.moments.pass_by("asleep")

    def jump(self, by: timedelta) -> None:
        """Be set forward or back, as clocks are."""
        self._now += by

    def reach(self, instant: datetime) -> None:
        self._now = max(self._now, instant)

    def awake(self) -> None:
        self._nap = 1.0


class Moments:
    """Passes the turn to whatever wants to happen, and bounds how long a run may take."""

    def __init__(self, random: Random, *, crashes: int, limit: int = 4000) -> None:
        self.random = random
        self.crashes = crashes
        self.left = limit
        self.visitors: list[Callable[[str], None]] = []
        self._busy = False
        self.clock: SimClock | None = None

    def pass_by(self, where: str) -> None:
        """Let something happen here, perhaps."""
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
        if self.crashes and where != "asleep" and self.random.random() < 0.04:
            self.crashes -= 1
            raise Crash(where)


class CrashingStore(MemoryStore):
    """A log whose writer may die just before or just after a line is durable."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self.moments = moments
        self.known: dict[str, list[Event]] = {}

    def append(self, run_id: str, event: Event) -> int:
        if self.moments.clock is not None:
            self.moments.clock.awake()
        self.moments.pass_by(f"before the append of {event.kind}")
        sequence = super().append(run_id, event)
        self.moments.pass_by(f"after the append of {event.kind}")
        return sequence

    def events(self, run_id: str, after: int = 0) -> Sequence[tuple[int, Event]]:
        """Return the events; each line is parsed once, which is what makes hundreds of runs quick."""
        texts, known = self._texts[run_id], self.known.setdefault(run_id, [])
        known += [event_of(text) for text in texts[len(known) :]]
        return tuple(enumerate(known[after:], start=after + 1))
