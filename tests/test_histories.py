"""Histories that earlier releases recorded add up to what they added up to then."""

import json
from pathlib import Path

import pytest
from tests.histories import FOLDER, ended

from patchtide import __version__
from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.care import LogKeeper
from patchtide.core.fold import folded
from patchtide.documents import event_of

RECORDED = sorted(FOLDER.glob("*/*.jsonl"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
@pytest.mark.fault(16, how="histories that each release recorded")
def test_a_recorded_history_replays(path: Path) -> None:
    run = folded(event_of(line) for line in path.read_text("utf-8").splitlines())
    assert ended(run) == json.loads(path.with_suffix(".json").read_text("utf-8"))


def test_every_release_has_its_histories() -> None:
    assert {path.parent.name for path in RECORDED} >= {__version__}
    assert len(RECORDED) >= 8


@pytest.mark.parametrize("path", RECORDED[:3], ids=lambda path: path.stem)
def test_a_log_of_recorded_histories_is_sound_once_it_is_written_again(path: Path, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    for line in path.read_text("utf-8").splitlines():
        store.append("run-1", event_of(line))
    store.close()
    assert LogKeeper(tmp_path / "log.db").soundness().problems == ()
