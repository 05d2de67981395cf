"""A desk with ports in memory, and an executor that answers as a test wants it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.core.made import NOW, SHA

from patchtide.adapters.fake import EmptyDepot, FakeClock, MemoryCourier, MemoryLock, MemoryOutside, MemoryStore
from patchtide.core.events import Event, Status
from patchtide.core.fleet import Host
from patchtide.core.steps import Step
from patchtide.engine.desk import Desk
from patchtide.ports import Deed, Report

FILES = [{"name": "tide", "arch": "amd64", "version": "1.1", "sha256": SHA}]
FINE: dict[Step, dict[str, Any]] = {
    Step.PROBE: {"journal": None},
    Step.STAGE: {"ready": True},
    Step.ENTER: {"state": "entered"},
    Step.PATCH: {"outcome": "applied", "installed": FILES, "reboot": {"owed": False}},
    Step.REBOOT: {"journal": None},
    Step.VERIFY: {"measurements": [{"name": "web", "status": "pass", "before": "pass"}], "confirmed": True},
    Step.LEAVE: {"state": "left"},
    Step.ROLLBACK: {
        "outcome": "restored",
        "measurements": [{"name": "web", "status": "pass", "before": "pass"}],
        "reboot": {"owed": False},
    },
}
Answer = Callable[[Step, str], Report]


def fine(step: Step, host: str) -> Report:
    return Report(host, Status.OK, "", FINE[step])


class Answering:
    """An executor that keeps what it was asked for."""

    def __init__(self, answer: Answer = fine) -> None:
        self.answer = answer
        self.deeds: list[Deed] = []
        self.fenced: list[str] = []

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        return tuple(Host(name) for name in pattern.split(","))

    def perform(self, deed: Deed) -> Iterator[Report]:
        self.deeds.append(deed)
        for host in deed.requests:
            yield self.answer(deed.step, host)

    def fence(self, run_id: str) -> int:
        self.fenced.append(run_id)
        return 3

    @property
    def steps(self) -> list[tuple[Step, tuple[str, ...]]]:
        return [(deed.step, tuple(deed.requests)) for deed in self.deeds]


class Hearing:
    """A notifier that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    def tell(self, run_id: str, event: Event) -> None:
        self.heard.append(event)


def desk(executor: Answering | None = None) -> Desk:
    around = EmptyDepot(), MemoryOutside(), MemoryCourier()
    return Desk(executor or Answering(), MemoryStore(), MemoryLock(), FakeClock(NOW), Hearing(), *around)
