"""An executor for tests of the command line: hosts that do as they are told, but for what a test makes go wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.core.made import NOW

from patchtide.adapters.fake import FakeClock, MemoryStore
from patchtide.core.errors import UsageError
from patchtide.core.events import Status
from patchtide.core.fleet import Host
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report

GROUPS = {"env_test": ("t1", "t2"), "env_prod": ("p1", "p2", "p3")}
UPDATE = {
    "name": "tide",
    "arch": "amd64",
    "version": "1.1",
    "filename": "tide_1.1_amd64.deb",
    "size": 1000,
    "sha256": "ab" * 32,
    "installed": "1.0",
    "security": True,
}

NOT_OWED = {"owed": False, "why": []}


@dataclass
class Fleet:
    """`silent` hosts do not answer, `harmed` ones fail their check after the update; `before` runs before each deed."""

    silent: set[str] = field(default_factory=set)
    harmed: set[str] = field(default_factory=set)
    pending: bool = True
    trouble: list[dict[str, str]] = field(default_factory=list)
    before: Callable[[Deed], None] = lambda _: None
    deeds: list[Deed] = field(default_factory=list)
    back: set[str] = field(default_factory=set)
    log: MemoryStore = field(default_factory=MemoryStore)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        if pattern not in GROUPS:
            raise UsageError(f"host pattern {pattern!r} matches nothing", where=inventory[0])
        return tuple(Host(name) for name in GROUPS[pattern])

    def fence(self, run_id: str) -> int:
        return 0

    def perform(self, deed: Deed) -> Iterator[Report]:
        self.before(deed)
        self.deeds.append(deed)
        for name, request in deed.requests.items():
            if name in self.silent:
                yield Report(name, Status.UNREACHABLE, "no route to host", {})
            else:
                yield Report(name, Status.OK, "", self._data(deed.step, name, request))

    def _data(self, step: Step, name: str, request: Mapping[str, Any]) -> dict[str, Any]:
        match step:
            case Step.PROBE:
                return self._probe(name)
            case Step.STAGE:
                return {"ready": True}
            case Step.ENTER | Step.LEAVE:
                return {"state": request["state"]}
            case Step.PATCH:
                return {
                    "outcome": "applied",
                    "reboot": NOT_OWED,
                    "installed": [{k: UPDATE[k] for k in ("name", "arch", "version", "sha256")}],
                }
            case Step.VERIFY:
                return {"measurements": self._measured(name), "confirmed": True}
            case Step.ROLLBACK:
                self.back.add(name)
                return {"outcome": "restored", "reboot": NOT_OWED, "measurements": self._measured(name)}
            case Step.REBOOT:
                return {"journal": None}

    def _measured(self, name: str) -> list[dict[str, str]]:
        harmed = name in self.harmed - self.back
        detail = "status 500" if harmed else ""
        return [{"name": "web", "status": "fail" if harmed else "pass", "detail": detail, "before": "pass"}]

    def _probe(self, name: str) -> dict[str, Any]:
        return {
            "schema": "patchtide/probe/v1",
            "platform": {"distribution": "debian", "release": "12", "arch": "amd64", "manager": "apt"},
            "machine_id": f"id-{name}",
            "clock": self.clock.now().isoformat(),
            "pending": [UPDATE] if self.pending else [],
            "held": [],
            "trouble": self.trouble,
            "journal": None,
            "space": {"/var": 5_000_000_000},
            "measurements": self._measured(""),
        }
