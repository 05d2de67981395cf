"""The ports that the engine works through, handed over together."""

from dataclasses import dataclass

from patchtide.ports import Clock, Depot, Executor, Lock, Notifier, Store


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a run needs of the outside world."""

    executor: Executor
    store: Store
    lock: Lock
    clock: Clock
    notifier: Notifier
    depot: Depot
