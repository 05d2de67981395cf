"""The ports that the engine works through, handed over together."""

from collections.abc import Callable
from dataclasses import dataclass

from patchtide.ports import Clock, Courier, Depot, Executor, Lock, Notifier, Outside, Store


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
    synchronised: Callable[[], bool | None] = _unknown
    """Whether the clock is kept by a time server; None where nobody can say."""
