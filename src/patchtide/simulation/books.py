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
from patchtide.core.run import Run, fold, opened
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


def beginnings(events: Iterable[Event]) -> Iterator[Beginning]:
    """Yield every step that began, in order."""
    history = iter(events)
    first = next(history)
    if not isinstance(first, RunOpened):
        return
    run = known = opened(first)
    books, touched = Books(), dict.fromkeys(run.hosts)
    for event in history:
        if isinstance(event, StepStarted):
            books.enter(known, touched)
            touched = {}
            yield Beginning(event, known, run, books)
        late = isinstance(event, FROM_PEOPLE)
        run = fold(run, event)
        touched |= dict.fromkeys(_named(run, event))
        known = known if late else run


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
