"""The ports that the engine works through, handed over together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from patchtide.core.plan import Plan
from patchtide.core.verdict import Verdict, yes
from patchtide.ports import Clock, Courier, Depot, Executor, Lock, Notifier, Outside, Store

Blackouts: TypeAlias = Callable[[Plan, str, tuple[str, ...], datetime, timedelta], Verdict]
"""Says for a plan's tier, and the zones of its hosts, whether work of some length may begin at an instant."""


def _never(_plan: Plan, _tier: str, _zones: tuple[str, ...], _now: datetime, _need: timedelta) -> Verdict:
    return yes("no_blackout", "no blackout is known")


def _unknown() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a run needs of the outside world."""

    executor: Executor
    store: Store
    lock: Lock
    clock: Clock
    notifier: Notifier
    depot: Depot
    outside: Outside
    courier: Courier
    blackouts: Blackouts = _never
    """Whether the project's blackouts, as they are now, let work begin: a plan has them as they were."""
    synchronised: Callable[[], bool | None] = _unknown
    """Whether the clock is kept by a time server; None where nobody can say."""
