"""What the promises are checked by: books of their own, kept event by event and by other means than the core's own."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from patchtide.core.events import (
    Aborted,
    BaselineTaken,
    Continued,
    Event,
    HostFinished,
    HostsSettled,
    MaintenanceBegun,
    MaintenanceLeft,
    Paused,
    RollbackAsked,
    RunOpened,
    StepStarted,
    VersionsQuarantined,
)
from patchtide.core.fold import continued, fold, opened
from patchtide.core.run import Run
from patchtide.core.said import Approved, Rejected, Waived
from patchtide.core.steps import EndState

FROM_PEOPLE = (Approved, Rejected, Waived, Aborted, Paused, Continued, RollbackAsked)

Entry = tuple[str, ...]


@dataclass(slots=True)
class Books:
    """How many hosts are what, as a controller knew it; large fleets are not counted anew for each beginning."""

    counts: Counter[Entry] = field(default_factory=Counter)
    _entries: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def enter(self, run: Run, names: Iterable[str]) -> None:
        """Write down again what these hosts are."""
        for name in names:
            now = tuple(_entries(run, name))
            if now != self._entries.get(name):
                self.counts.subtract(self._entries.get(name, ()))
                self.counts.update(now)
                self._entries[name] = now

    def has(self, *entry: str) -> int:
        """Return how many hosts have an entry."""
        return self.counts[entry]


def _entries(run: Run, name: str) -> Iterator[Entry]:
    host = run.hosts[name]
    if host.failed:
        yield "failed", host.tier
    if not (host.end is not None and host.next is None and host.started is None and not host.open):
        yield "unsettled", host.tier, str(host.wave)
        yield "unsettled", host.tier
    if host.end is EndState.PATCHED:
        for file in host.installed:
            yield "keeps", host.tier, file.name, file.version, file.sha256
    if host.rolled_back and host.changed:
        yield from (("put back", host.tier, file.exact) for file, _ in run.plan.packages(name))


@dataclass(frozen=True, slots=True)
class Beginning:
    """A step that begins on hosts of a tier: the run as it was, and `known` as the controller knew it, with its books.

    What people say between a decision and its deed comes too late for it.
    """

    event: StepStarted
    known: Run
    run: Run
    books: Books


class Ledger:
    """A history while it is read, event by event: the run as it is by then, and every step that begins in it."""

    def __init__(self, first: RunOpened) -> None:
        self.run = self._known = opened(first)
        self._books, self._touched = Books(), dict.fromkeys(self.run.hosts)
        self._answers: list[Event] = []

    def take(self, event: Event) -> Beginning | None:
        """Read one more event, and return the step that begins with it."""
        if isinstance(event, HostFinished):  # until something else happens, nobody asks what they add up to
            self._answers.append(event)
            return None
        self.settle()
        begins = isinstance(event, StepStarted) and self._begins(event)
        self.run = fold(self.run, event)
        self._touched |= dict.fromkeys(_named(self.run, event))
        self._known = self._known if isinstance(event, FROM_PEOPLE) else self.run
        return begins or None

    def settle(self) -> None:
        """Let the run hear of all answers that were read."""
        if self._answers:
            self.run = self._known = continued(self.run, self._answers)
            self._touched |= dict.fromkeys(name for event in self._answers for name in _named(self.run, event))
            self._answers = []

    def _begins(self, event: StepStarted) -> Beginning:
        self._books.enter(self._known, self._touched)
        self._touched = {}
        return Beginning(event, self._known, self.run, self._books)


def _named(run: Run, event: Event) -> tuple[str, ...]:
    match event:
        case HostFinished() | BaselineTaken():
            return (event.host,)
        case MaintenanceBegun():
            return tuple(event.before)
        case MaintenanceLeft():
            return (*event.hosts, *event.failed)
        case Aborted():
            return tuple(run.hosts)
        case StepStarted() | HostsSettled() | RollbackAsked() | VersionsQuarantined():
            return event.hosts
        case _:
            return ()
