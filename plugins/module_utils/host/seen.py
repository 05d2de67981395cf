"""What one look at a check comes back with, and what is known of the same check from before the update."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable

PASS, FAIL, UNMEASURED, INCONCLUSIVE, SKIPPED = "pass", "fail", "unmeasured", "inconclusive", "skipped"


@dataclass(frozen=True)
class Look:
    """The outcome of one look, with the sentence that explains it; `final` where looking again cannot change it.

    `state` is what there was (processes, mounts): a baseline keeps it. `seconds`: how long an answer took. `patience`:
    for how many seconds it cannot get better.
    """

    status: str
    detail: str
    final: bool = False
    state: Any = None
    seconds: float = 0.0
    patience: float = 0.0


Looker = Callable[[], Look]


@dataclass(frozen=True)
class Past:
    """What is known from before the update: the services, the measurement of each check by its name.

    `baseline` is None while the baseline itself is taken; `ignored` are units that maintenance mode stopped, `since` is
    when the update ended (seconds of the epoch; 0: nobody knows). `restarts`: how often each service had been restarted
    by its init when it was set right: who is stopped while it waits for a restart keeps its count.
    """

    services: dict[str, Any] | None = None
    baseline: dict[str, dict[str, Any]] | None = None
    ignored: tuple[str, ...] = ()
    since: float = 0.0
    restarts: dict[str, int] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, Any]:
        """The measurement of a check before the update, empty where there is none."""
        return (self.baseline or {}).get(name, {})

    def status(self, name: str) -> str:
        """The status of a check before the update; `none` where there is none."""
        return str(self.of(name).get("status", "none"))
