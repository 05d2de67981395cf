"""Sends notices beside a run, each channel in order: a run that works never waits for one."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Thread

from patchtide.adapters.notify.ways import NotSentError, send
from patchtide.ports import Letter, Receipt

_MARGIN = timedelta(seconds=5)


class ThreadCourier:
    """One thread for each channel; they die with the process, and what was on its way is then in doubt."""

    def __init__(self, deliver: Callable[[Letter], None] = send) -> None:
        self._deliver = deliver
        self._queues: dict[str, SimpleQueue[Letter]] = {}
        self._receipts: SimpleQueue[Receipt] = SimpleQueue()
        self._on_their_way: dict[str, Letter] = {}

    def send(self, letter: Letter) -> None:
        """Begin to send a notice, and return at once."""
        self._on_their_way[letter.id] = letter
        name = letter.channel.name
        if name not in self._queues:
            self._queues[name] = SimpleQueue()
            Thread(target=self._work, args=(self._queues[name],), name=f"notices to {name}", daemon=True).start()
        self._queues[name].put(letter)

    def receipts(self, *, wait: bool = False) -> Sequence[Receipt]:
        """Return what became of notices since this was asked last; with `wait`, of all, each within its time."""
        patience = sum((one.channel.timeout + _MARGIN for one in self._on_their_way.values()), timedelta(0))
        until = time.monotonic() + patience.total_seconds()
        found: list[Receipt] = []
        while self._on_their_way:
            try:
                receipt = self._receipts.get(block=wait, timeout=max(0.0, until - time.monotonic()) if wait else None)
            except Empty:
                break
            if self._on_their_way.pop(receipt.letter.id, None) is not None:
                found.append(receipt)
        if wait:
            found += [Receipt(letter, "it did not end in time", unsure=True) for letter in self._on_their_way.values()]
            self._on_their_way.clear()
        return found

    def _work(self, queue: "SimpleQueue[Letter]") -> None:
        while True:
            letter = queue.get()
            try:
                self._deliver(letter)
                self._receipts.put(Receipt(letter))
            except NotSentError as error:
                self._receipts.put(Receipt(letter, str(error), unsure=error.unsure))
            except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on and the record says it
                self._receipts.put(Receipt(letter, f"{type(error).__name__}: {error}"[:300], unsure=True))
