"""The timeline of a run of any size: a stretch of time for each step of each wave, and for each wait."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.events import Event, Held, HostFinished, RunOpened, Status, StepStarted
from patchtide.core.plan import Plan

WAIT = "wait"
SOAK = "soak"


@dataclass(slots=True)
class Stretch:
    """What was done to the hosts of a wave in one step, from its first intent to its last answer (UTC).

    `step` is `wait` for a time in which nothing could begin, with the reason in `why`, and `soak` for the time in which
    health is judged again; `wave` counts from 1, and 0 is the whole tier. `ok` and `bad` count answers.
    """

    tier: str
    wave: int
    step: str
    start: datetime
    end: datetime
    ok: int = 0
    bad: int = 0
    why: str = ""


class Chart:
    """A timeline while it is drawn, event by event."""

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, int]] = {}
        self._stretches: dict[tuple[str, int, str], Stretch] = {}
        self._waits: list[Stretch] = []
        self._soaks: set[int] = set()
        self._waiting = False

    def take(self, event: Event) -> None:
        """Draw one more event."""
        if self._waiting:
            self._waits[-1].end = max(event.at, self._waits[-1].start)
        match event:
            case RunOpened():
                self._places = dict(_places(event.plan))
            case StepStarted():
                self._waiting = False
                if event.why == SOAK:
                    self._soaks.add(event.attempt)
                for place in {self._place(event, host) for host in event.hosts}:
                    self._stretch(place, self._word(event), event.at)
            case HostFinished():
                self._finished(event)
            case Held():
                self._held(event)
            case _:
                pass

    def _held(self, event: Held) -> None:
        if event.code == SOAK:
            self._stretch((event.tier, 0), SOAK, event.at)
            return
        last = self._waits[-1] if self._waiting else None
        if last is None or (last.tier, last.why) != (event.tier, event.code):
            self._waits.append(Stretch(event.tier, 0, WAIT, event.at, event.at, why=event.reason))
        self._waiting = True

    def _finished(self, event: HostFinished) -> None:
        stretch = self._stretch(self._place(event, event.host), self._word(event), event.at)
        stretch.end = max(stretch.end, event.at)
        if event.status is Status.OK:
            stretch.ok += 1
        else:
            stretch.bad += 1

    def _place(self, event: StepStarted | HostFinished, host: str) -> tuple[str, int]:
        tier, wave = self._places[host]
        return (tier, 0) if event.attempt in self._soaks else (tier, wave)

    def _word(self, event: StepStarted | HostFinished) -> str:
        return SOAK if event.attempt in self._soaks else str(event.step)

    def _stretch(self, place: tuple[str, int], word: str, at: datetime) -> Stretch:
        return self._stretches.setdefault((*place, word), Stretch(*place, word, at, at))

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """What was drawn, in the order in which it began."""
        return tuple(sorted([*self._waits, *self._stretches.values()], key=lambda one: (one.start, one.tier, one.wave)))

    def done(self) -> dict[str, datetime]:
        """Return when the last thing was done in each tier."""
        ends: dict[str, datetime] = {}
        for stretch in self._stretches.values():
            ends[stretch.tier] = max(stretch.end, ends.get(stretch.tier, stretch.end))
        return ends


def _places(plan: Plan) -> Iterator[tuple[str, tuple[str, int]]]:
    for tier in plan.tiers:
        for number, wave in enumerate(tier.waves, start=1):
            yield from ((host, (tier.name, number)) for host in wave)
