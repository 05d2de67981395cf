"""A log with a history in it, and hands that change it behind its back."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.core.made import NOW
from tests.core.made import plan as made_plan

from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.care import LogKeeper
from patchtide.core.events import Aborted, HostsSettled, RunEnded, RunOpened, VersionsQuarantined
from patchtide.core.steps import EndState, Outcome
from patchtide.ports import PROJECT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


@pytest.fixture
def keeper(path: Path) -> LogKeeper:
    return LogKeeper(path)


Behind = Callable[[str], None]


@pytest.fixture
def behind(path: Path, store: SqliteStore) -> Behind:
    """Run SQL on the log behind everybody's back."""

    def changed(statements: str) -> None:
        store.close()
        log = sqlite3.connect(path)
        log.executescript(statements)
        log.close()

    return changed


@pytest.fixture
def told(store: SqliteStore) -> SqliteStore:
    """Two runs, the first of which has ended, and a word of the project between them."""
    plan = made_plan()
    store.append("run-1", RunOpened(NOW, plan, "ann"))
    store.append("run-1", Aborted(NOW, "bob", "enough"))
    store.append(PROJECT, VersionsQuarantined(NOW, "ann", ("a=1",), "CVE"))
    store.append("run-2", RunOpened(NOW, plan, "ann"))
    store.append("run-1", HostsSettled(NOW, tuple(plan.hosts), EndState.UNTOUCHED, "enough"))
    store.append("run-1", RunEnded(NOW, Outcome.HALTED, "enough"))
    return store
