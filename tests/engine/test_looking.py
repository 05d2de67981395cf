"""A look at a run by what is remembered of it sees what a controller sees, doubts included."""

from pathlib import Path

from tests.core.made import NOW
from tests.core.made import plan as made_plan

from patchtide.adapters.store import SqliteStore
from patchtide.core.events import Held, HostsSettled, RunEnded, RunOpened
from patchtide.core.fold import folded
from patchtide.core.said import Approved
from patchtide.core.steps import EndState, Outcome
from patchtide.engine.looking import run_seen
from patchtide.engine.speaking import People, VouchedStore

PLAN = made_plan()
EVENTS = (
    RunOpened(NOW, PLAN, "ann"),
    Approved(NOW, "bob", PLAN.digest, "fine"),
    Held(NOW, "window", "opens later", NOW),
    HostsSettled(NOW, tuple(PLAN.hosts), EndState.UNTOUCHED, "enough"),
    RunEnded(NOW, Outcome.HALTED, "enough"),
)


def test_a_word_that_is_doubted_by_now_is_doubted_in_a_memory_too(tmp_path: Path) -> None:
    log = SqliteStore(tmp_path / "log.db")
    for event in EVENTS:
        log.append("run-1", event)
    nobodys = VouchedStore(log, People({}, lambda *_: None))
    bobs = VouchedStore(log, People({"bob": ("bob.pub",)}, lambda *_: None))
    assert nobodys.recalled("run-1") == folded(EVENTS)
    assert bobs.recalled("run-1") is None
    assert run_seen(nobodys, None)[1].said.votes[0].doubt == ""
    assert "bob has a key" in run_seen(bobs, None)[1].said.votes[0].doubt
    log.close()
