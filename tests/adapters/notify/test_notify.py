from datetime import UTC, datetime

import pytest

from patchtide.adapters.notify import Several, Silent
from patchtide.core.events import Event, RunTaken

EVENT = RunTaken(datetime(2026, 1, 1, tzinfo=UTC), "ada")


class Listening:
    def __init__(self) -> None:
        self.heard: list[tuple[str, Event]] = []

    def tell(self, run_id: str, event: Event) -> None:
        self.heard.append((run_id, event))


class Broken:
    def tell(self, run_id: str, event: Event) -> None:
        raise BrokenPipeError


@pytest.mark.fault(12, how="a listener that raises")
def test_all_are_told_although_one_fails() -> None:
    first, last = Listening(), Listening()
    Several((first, Broken(), Silent(), last)).tell("run-1", EVENT)
    assert first.heard == last.heard == [("run-1", EVENT)]
