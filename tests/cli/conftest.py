"""A project in a folder of its own, and the command line called as a shell calls it."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.fleet import Fleet

from patchtide.adapters.fake import MemoryCourier, MemoryLock, MemoryOutside
from patchtide.adapters.store import SqliteStore
from patchtide.cli import main
from patchtide.core.events import Event
from patchtide.core.settings import Settings
from patchtide.engine.desk import Desk
from patchtide.engine.speaking import People, VouchedStore
from patchtide.ports import Notifier, Store
from patchtide.wiring import blackouts, depot, verified

CONFIGURATION = """\
inventory: hosts.yml
tiers:
  - {name: test, hosts: env_test, window: always}
  - {name: prod, hosts: env_prod, window: WINDOW, waves: [1, 100%]}
windows:
  nightly: {rrule: "FREQ=WEEKLY;BYDAY=SU", at: "03:00", duration: 4h, timezone: Europe/Berlin}
blackouts:
  - {name: year-end, from: "12-15", to: "01-02"}
health:
  - {name: web, http: {port: 8080}}
"""
INVENTORY = "all: {children: {env_test: {hosts: {t1: {}, t2: {}}}, env_prod: {hosts: {p1: {}, p2: {}, p3: {}}}}}\n"


@dataclass(frozen=True)
class Answer:
    """What a command said: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON may be anything
        return json.loads(self.out)


Patchtide = Callable[..., Answer]


@pytest.fixture
def patchtide(capsys: pytest.CaptureFixture[str]) -> Patchtide:
    def called(*words: str) -> Answer:
        capsys.readouterr()
        code = main(list(words))
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return called


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose production is always open; the tests' own environment does not reach it."""
    for name in ("PATCHTIDE_CONFIG", "PATCHTIDE_DEBUG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    configure(tmp_path, "always")
    yield tmp_path
    os.chdir(tmp_path.parent)


def configure(folder: Path, window: str) -> None:
    (folder / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    (folder / "patchtide.yml").write_text(CONFIGURATION.replace("WINDOW", window), encoding="utf-8")


@pytest.fixture
def recorded(project: Path) -> Callable[[str, list[Event]], None]:
    """Write a run into the project's real log."""

    def written(run_id: str, events: list[Event]) -> None:
        store = SqliteStore(project / ".patchtide" / "log.db")
        for event in events:
            store.append(run_id, event)
        store.close()

    return written


@pytest.fixture
def fleet(project: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    """The project with hosts that are as fast as memory; log, lock and clock live as long as the test."""
    hosts, lock, courier = Fleet(), MemoryLock(), MemoryCourier()

    def kept(of: Settings) -> Store:
        return VouchedStore(hosts.log, People(of.people, verified))

    def made(of: Settings, notifier: Notifier) -> Desk:
        return Desk(
            hosts, kept(of), lock, hosts.clock, notifier, depot(of), MemoryOutside(), courier, blackouts(Path(of.path))
        )

    for name in (
        "plan",
        "run",
        "tick",
        "people",
        "rollback",
        "config",
        "doctor",
        "quarantine",
        "bundle",
        "request",
    ):
        __import__(f"patchtide.cli.{name}")
        monkeypatch.setattr(sys.modules[f"patchtide.cli.{name}"], "desk", made)
    for name in ("status", "history", "report", "doctor", "quarantine", "checklist", "request", "windows"):
        __import__(f"patchtide.cli.{name}")
        monkeypatch.setattr(sys.modules[f"patchtide.cli.{name}"], "store", kept)
    for name in ("status", "doctor"):
        monkeypatch.setattr(sys.modules[f"patchtide.cli.{name}"], "lock", lambda _: lock)
    for name in ("status", "checklist"):
        monkeypatch.setattr(sys.modules[f"patchtide.cli.{name}"], "now", hosts.clock.now)
    return hosts
