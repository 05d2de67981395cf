"""Ports in memory, for tests of the engine and for simulation; each passes the same suite as the real one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from patchtide.core.brief import Brief
from patchtide.core.errors import LockedError
from patchtide.core.events import Event
from patchtide.core.maintenance import Action, Silence
from patchtide.core.run import Run
from patchtide.documents import event_of, event_text
from patchtide.ports import PROJECT, Found, Letter, Receipt


class MemoryStore:
    """An event log that ends with the process; events go through their text form, as in a real one."""

    def __init__(self) -> None:
        self._texts: defaultdict[str, list[str]] = defaultdict(list)
        self._order: list[tuple[str, Event]] = []

    def append(self, run_id: str, event: Event) -> int:
        """Add one event and return its sequence number within the run, counted from 1."""
        self._texts[run_id].append(event_text(event))
        self._order.append((run_id, event_of(event_text(event))))
        return len(self._texts[run_id])

    def events(self, run_id: str, after: int = 0) -> Iterable[tuple[int, Event]]:
        """Return the run's events with a sequence number above `after`."""
        texts = self._texts.get(run_id, [])[after:]
        return ((seq, event_of(text)) for seq, text in enumerate(texts, start=after + 1))

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, oldest first."""
        return tuple(run for run in self._texts if run != PROJECT)

    def said(self, *kinds: str) -> Sequence[tuple[str, Event]]:
        """Return the events of these kinds from every stream, each with its stream, oldest first."""
        return tuple((stream, event) for stream, event in self._order if event.kind in kinds)

    def recalled(self, run_id: str) -> Run | None:  # noqa: ARG002 - the port's signature
        """Return nothing: it is short enough to be read."""
        return None

    def briefs(self) -> Sequence[tuple[str, Brief | None]]:
        """Return all runs, oldest first, none of them in a line."""
        return tuple((run, None) for run in self.runs())


class MemoryLock:
    """A lock between the users of one object."""

    def __init__(self) -> None:
        self._holder: str | None = None

    @contextmanager
    def hold(self, holder: str) -> Iterator[None]:
        """Hold the lock while the context lasts; raises LockedError naming the holder when another has it."""
        if self._holder is not None:
            raise LockedError(f"the fleet is held by {self._holder}", hint="Wait for it to end.")
        self._holder = holder
        try:
            yield
        finally:
            self._holder = None

    def holder(self) -> str | None:
        """Return who holds the lock now, or None."""
        return self._holder


class EmptyDepot:
    """A depot that has nothing and takes nothing in."""

    def held(self, hashes: Iterable[str]) -> dict[str, str]:  # noqa: ARG002 - the port's signature
        """Return nothing."""
        return {}

    @contextmanager
    def receiving(self) -> Iterator[str]:
        """Give the name of a folder that is not there."""
        yield "/nowhere"

    def prune(self, wanted: Collection[str]) -> int:  # noqa: ARG002 - the port's signature
        """Remove nothing."""
        return 0


class MemoryOutside:
    """Surroundings that do what they are told at once: `states` has each action's hosts, `held` the leases."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], str] = {}
        self.held: dict[str, tuple[str, ...]] = {}

    def found(self, run_id: str, action: Action, hosts: Sequence[str]) -> Found:  # noqa: ARG002 - the port's signature
        """Return what each host's state is."""
        return Found({host: self.states.get((action.name, host), READY) for host in hosts}, {})

    def enter(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - the port's signature
        """Take every host out of service."""
        self.states |= {(action.name, host): ENTERED for host in before}
        return {}

    def leave(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:  # noqa: ARG002 - the port's signature
        """Bring back what was before."""
        self.states |= {(action.name, host): state for host, state in before.items()}
        return {}

    def hold(self, run_id: str, leases: Mapping[Silence, Collection[str]]) -> None:  # noqa: ARG002 - the port's signature
        """Remember what is held."""
        self.held = {silence.name: tuple(hosts) for silence, hosts in leases.items()}


class MemoryCourier:
    """A courier whose channels take everything at once, but for what `problems` has of them; `sent` has it all."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.problems: dict[str, str] = {}
        self._receipts: list[Receipt] = []

    def send(self, letter: Letter) -> None:
        """Take a notice."""
        self.sent.append(letter)
        self._receipts.append(Receipt(letter, self.problems.get(letter.channel.name, "")))

    def receipts(self, *, wait: bool = False) -> Sequence[Receipt]:  # noqa: ARG002 - the port's signature
        """Return what became of the notices."""
        found, self._receipts = self._receipts, []
        return found


READY, ENTERED = "ready", "entered"


class FakeClock:
    """A clock that moves only when somebody sleeps, or moves it."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let that much time pass, at once."""
        self._now += timedelta(seconds=max(0.0, seconds))
