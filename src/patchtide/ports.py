"""The eight doors to the world. Adapters stand behind them; the engine knows nothing else."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from patchtide.core.brief import Brief
from patchtide.core.channels import Channel
from patchtide.core.events import Event, Status
from patchtide.core.fleet import Host
from patchtide.core.maintenance import Action, Silence
from patchtide.core.notices import Notice
from patchtide.core.run import Run
from patchtide.core.steps import Step


@dataclass(frozen=True, slots=True)
class Deed:
    """One step on some hosts: `requests` holds each host's parameters, as data, under its name.

    `marker` names the attempt on every child process, so that orphans can be found. `timeout` is in seconds.
    `playbook` names another playbook than the step's own, for an errand beside it; a path is a user's own playbook.
    `forks` is how many hosts are worked on at once (0: as the executor does it).
    """

    run_id: str
    step: Step
    requests: Mapping[str, Mapping[str, object]]
    marker: str
    timeout: float
    inventory: tuple[str, ...]
    playbook: str = ""
    forks: int = 0

    @property
    def is_users(self) -> bool:
        """Whether it is a user's own playbook, which reports nothing: how it ends on a host is all there is."""
        return "/" in self.playbook


@dataclass(frozen=True, slots=True)
class Report:
    """What came back from one host: `data` is the module's report, `{}` when there was none.

    `seconds` is for how long the host was worked on (0: unknown).
    """

    host: str
    status: Status
    reason: str
    data: Mapping[str, object]
    seconds: float = 0.0


class Executor(Protocol):
    """Does a step on hosts."""

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        """Return the hosts of an inventory that an Ansible host pattern selects, in inventory order.

        Raises UsageError when the inventory cannot be read, holds templates, or the pattern matches nothing.
        """
        ...

    def perform(self, deed: Deed) -> Iterator[Report]:
        """Yield exactly one report per requested host, as soon as each is known; what never answered is `unknown`."""
        ...

    def fence(self, run_id: str) -> int:
        """End what an earlier controller of this run left running here; return how many processes that were."""
        ...


PROJECT = "project"
"""The stream of the log that belongs to no run: what people say of a project between its runs."""


class Store(Protocol):
    """Keeps the event log: append-only, in order, durable once `append` has returned.

    Each run is a stream of its own, under its id, and so is `PROJECT`.
    """

    def append(self, run_id: str, event: Event) -> int:
        """Add one event and return its sequence number within the run, counted from 1."""
        ...

    def events(self, run_id: str, after: int = 0) -> Iterable[tuple[int, Event]]:
        """Return the run's events with a sequence number above `after`, to be gone through once: there may be many."""
        ...

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, oldest first."""
        ...

    def said(self, *kinds: str) -> Sequence[tuple[str, Event]]:
        """Return the events of these kinds from every stream, each with its stream, oldest first."""
        ...


class Log(Store, Protocol):
    """An event log that people look at, and that answers at once however long it is.

    What it remembers is never what a run goes on from: that is folded from its events.
    """

    def recalled(self, run_id: str) -> Run | None:
        """Return what a run's first events added up to, with `seen` of them; None: nothing is remembered of it."""
        ...

    def briefs(self) -> Sequence[tuple[str, Brief | None]]:
        """Return all runs, oldest first, each in a line where all of its events are remembered."""
        ...


class Depot(Protocol):
    """Keeps package files on the controller, each under its sha256."""

    def held(self, hashes: Iterable[str]) -> dict[str, str]:
        """Return the path of each of these files that is here, its content looked at just now."""
        ...

    def receiving(self) -> AbstractContextManager[str]:
        """Give a folder for files named by their sha256, taken in when it is left without an error.

        What is not what its name says is dropped.
        """
        ...

    def prune(self, wanted: Collection[str]) -> int:
        """Remove every file but these and those of bundles, and return how many went."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What was found around hosts: `before` is what has to come back, `problems` has the hosts that cannot go on."""

    before: Mapping[str, str]
    problems: Mapping[str, str]


class Outside(Protocol):
    """Tells what stands around hosts that they are worked on: load balancers, alerts, anything with a command.

    All of it may be asked for again, and then does what is left to do. Problems are sentences by host; may raise
    PatchtideError, which is a problem of every host.
    """

    def found(self, run_id: str, action: Action, hosts: Sequence[str]) -> Found:
        """Look at what an action would change, and change nothing."""
        ...

    def enter(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        """Do an action for hosts, wait until it has taken effect, and return the problems."""
        ...

    def leave(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        """Bring back what was before an action, and return the problems; what others changed since stays."""
        ...

    def hold(self, run_id: str, leases: Mapping[Silence, Collection[str]]) -> None:
        """Renew the leases of these hosts from now on, and of no others; nothing is renewed when nobody lives."""
        ...


class Lock(Protocol):
    """Lets one controller at a time work on the fleet of a project."""

    def hold(self, holder: str) -> AbstractContextManager[None]:
        """Hold the lock while the context lasts; raises LockedError naming the holder when another has it."""
        ...

    def holder(self) -> str | None:
        """Return who holds the lock now, or None."""
        ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class Notifier(Protocol):
    """Hears of each event once it is in the log; must not fail."""

    def tell(self, run_id: str, event: Event) -> None:
        """Show or send what happened."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """A notice of a run on its way to a channel; `id` is the same whenever it is sent, `at` when that was begun."""

    id: str
    run_id: str
    notice: Notice
    channel: Channel
    at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a letter: `problem` says why it was not sent ("": it was), `unsure` that it may have been."""

    letter: Letter
    problem: str = ""
    unsure: bool = False


class Courier(Protocol):
    """Tells people, beside the run: neither a slow nor a broken channel may hold it up."""

    def send(self, letter: Letter) -> None:
        """Begin to send a notice, and return at once."""
        ...

    def receipts(self, *, wait: bool = False) -> Sequence[Receipt]:
        """Return what became of notices since this was asked last; with `wait`, of all that are on their way."""
        ...
