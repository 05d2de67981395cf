"""The log looked after: soundness, copies while it is used, and the way back."""

import hashlib
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from tests.adapters.store.conftest import Behind
from tests.core.made import NOW

from patchtide.adapters.store import SqliteStore, StoreError
from patchtide.adapters.store import schema as shape
from patchtide.adapters.store.care import LogKeeper, Soundness
from patchtide.core.errors import LockedError
from patchtide.core.events import Aborted
from patchtide.core.said import Approved
from patchtide.ports import PROJECT

EVENT = Aborted(NOW, "eve", "later")
OTHER_INDEX = """PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE INDEX events_by_kind ON events (at)' WHERE name = 'events_by_kind'"""


def accepted(_: Soundness) -> None:
    """Nothing speaks against it."""


def restored(keeper: LogKeeper, backup: Path) -> Path | None:
    return keeper.restore(backup, accepted)


def test_a_sound_log_says_what_it_holds(told: SqliteStore, keeper: LogKeeper, path: Path) -> None:
    found = keeper.soundness()
    assert found == Soundness(str(path), shape.VERSION, 6, 2, (), ("run-2",))


def test_a_log_that_was_never_made_is_sound_and_stays_unmade(keeper: LogKeeper, path: Path) -> None:
    assert keeper.soundness() == Soundness(str(path), None, 0, 0, ())
    assert not path.parent.exists()


def test_a_lost_log_is_an_error(told: SqliteStore, keeper: LogKeeper, path: Path) -> None:
    told.close()
    path.unlink()
    for look in (keeper.soundness, keeper.audit, keeper.backup):
        with pytest.raises(StoreError, match="was here and is gone"):
            look()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE events SET body = replace(body, 'enough', 'fine') WHERE seq = 2", "run-1, event 2: its text does not"),
        ("DELETE FROM events WHERE run_id = 'run-2'; DELETE FROM events WHERE seq = 1", "run-1, event 1"),
        (OTHER_INDEX, "the file is damaged"),
    ],
)
def test_what_is_wrong_is_said(
    told: SqliteStore, keeper: LogKeeper, behind: Behind, statement: str, problem: str
) -> None:
    behind(statement)
    assert problem in keeper.soundness().problems[0]


def test_a_history_that_adds_up_to_no_run_is_not_sound(store: SqliteStore, keeper: LogKeeper) -> None:
    store.append("run-1", EVENT)
    store.append(PROJECT, EVENT)
    assert keeper.soundness().problems == ("run-1: the history of a run begins with aborted, not with run_opened",)


def test_a_log_that_others_can_read_is_not_sound(told: SqliteStore, keeper: LogKeeper, path: Path) -> None:
    path.chmod(0o640)
    (problem,) = keeper.soundness().problems
    assert "others can read it (mode 0640)" in problem


def test_a_backup_is_whole_private_and_has_a_digest(told: SqliteStore, keeper: LogKeeper, path: Path) -> None:
    old = os.umask(0)
    try:
        backup, digest = keeper.backup()
    finally:
        os.umask(old)
    files = sorted(backup.parent.iterdir())
    assert files == [backup, backup.with_name(f"{backup.name}.sha256")]
    assert [file.stat().st_mode & 0o777 for file in (backup.parent, *files)] == [0o700, 0o600, 0o600]
    assert hashlib.sha256(backup.read_bytes()).hexdigest() == digest
    assert files[1].read_text("utf-8") == f"{digest}  {backup.name}\n"
    assert keeper.soundness(backup).events == 6
    assert hashlib.sha256(backup.read_bytes()).hexdigest() == digest


def test_a_backup_made_while_others_write_is_one_instant(told: SqliteStore, keeper: LogKeeper, tmp_path: Path) -> None:
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            told.append("run-2", EVENT)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        sizes = [keeper.soundness(keeper.backup(tmp_path / f"{number}.db")[0]).events for number in range(5)]
    finally:
        enough.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert sizes[-1] > 6


def test_a_backup_overwrites_nothing(told: SqliteStore, keeper: LogKeeper, tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("precious", encoding="utf-8")
    (tmp_path / "b.db").symlink_to(tmp_path / "a.db")
    (tmp_path / "c.db.sha256").touch()
    for name in ("a.db", "b.db", "c.db"):
        with pytest.raises(StoreError, match="there is a file already"):
            keeper.backup(tmp_path / name)
    assert (tmp_path / "a.db").read_text("utf-8") == "precious"


def test_nothing_is_backed_up_before_there_is_a_log(keeper: LogKeeper) -> None:
    with pytest.raises(StoreError, match="nothing to back up"):
        keeper.backup()


def test_a_log_that_is_not_sound_is_no_backup(told: SqliteStore, keeper: LogKeeper, behind: Behind) -> None:
    behind("UPDATE events SET hash = '' WHERE seq = 2")
    with pytest.raises(StoreError, match="the log is not sound: run-1, event 2"):
        keeper.backup()


def test_a_restored_log_is_the_one_of_then_and_goes_on(
    told: SqliteStore, keeper: LogKeeper, path: Path, tmp_path: Path
) -> None:
    backup, _ = keeper.backup(tmp_path / "a.db")
    told.append("run-2", EVENT)
    aside = restored(keeper, backup)
    assert aside is not None
    assert len(tuple(told.events("run-2"))) == 1
    assert told.append("run-2", Approved(NOW, "bob", "d")) == 2
    assert keeper.soundness().problems == ()
    assert keeper.soundness(aside / path.name).events == 7  # with what was in its journal only
    assert aside.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lost_log_is_put_back(told: SqliteStore, keeper: LogKeeper, path: Path, tmp_path: Path) -> None:
    backup, _ = keeper.backup(tmp_path / "a.db")
    told.close()
    for file in path.parent.iterdir():
        file.unlink()
    assert restored(keeper, backup) is None
    assert told.runs() == ("run-1", "run-2")


@pytest.mark.parametrize("cut", ["moved", "placed"])
@pytest.mark.fault(43, how="the power cut between the two moves of a restore")
def test_a_restore_that_is_interrupted_leaves_a_log_or_a_known_gap(
    told: SqliteStore, keeper: LogKeeper, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    backup, _ = keeper.backup(tmp_path / "a.db")
    told.append("run-2", EVENT)

    class PowerCut(BaseException):
        """The machine is off."""

    def off(*_: object) -> None:
        raise PowerCut

    if cut == "moved":
        monkeypatch.setattr(Path, "rename", off)
    else:
        monkeypatch.setattr("patchtide.adapters.store.backup._place", off)
    with pytest.raises(PowerCut):
        restored(keeper, backup)
    monkeypatch.undo()
    again = SqliteStore(path)
    if cut == "moved":
        assert len(tuple(again.events("run-2"))) == 2
    else:
        with pytest.raises(StoreError, match="was here and is gone"):
            again.runs()
        restored(keeper, backup)
        assert len(tuple(again.events("run-2"))) == 1
    again.close()


@pytest.mark.parametrize("damage", ["digest", "no digest", "content", "not sound", "newer"])
def test_a_backup_that_is_not_right_is_not_put_back(
    told: SqliteStore, keeper: LogKeeper, path: Path, tmp_path: Path, damage: str
) -> None:
    backup, _ = keeper.backup(tmp_path / "a.db")
    beside = backup.with_name("a.db.sha256")
    match damage:
        case "digest":
            beside.write_text(f"{'0' * 64}  a.db\n", encoding="utf-8")
        case "no digest":
            beside.unlink()
        case "content":
            backup.write_bytes(backup.read_bytes() + b"\0")
        case _:
            log = sqlite3.connect(backup)
            log.execute("UPDATE events SET hash = ''" if damage == "not sound" else "PRAGMA user_version = 99")
            log.commit()
            log.close()
            beside.write_text(hashlib.sha256(backup.read_bytes()).hexdigest(), encoding="utf-8")
    told.append("run-2", EVENT)
    with pytest.raises(StoreError):
        restored(keeper, backup)
    assert len(tuple(told.events("run-2"))) == 2
    assert {file.name for file in path.parent.iterdir()} <= {"log.db", "log.db-wal", "log.db-shm", "log.db.made"}


def test_a_judge_who_refuses_is_heard(told: SqliteStore, keeper: LogKeeper, tmp_path: Path) -> None:
    backup, _ = keeper.backup(tmp_path / "a.db")
    told.append("run-2", EVENT)

    def no(found: Soundness) -> None:
        raise LockedError(f"{found.unfinished}")

    with pytest.raises(LockedError, match="run-2"):
        keeper.restore(backup, no)
    assert len(tuple(told.events("run-2"))) == 2


def aged(path: Path, version: int = 1) -> None:
    """Make a log what an earlier release wrote: version 2 remembers nothing, version 1 has no indexes either."""
    log = sqlite3.connect(path)
    log.executescript(f"DROP TABLE memories; PRAGMA user_version = {version}")
    if version == 1:
        log.executescript("DROP INDEX events_by_kind; DROP INDEX events_that_open")
    log.close()


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.fault(16, how="a log of an earlier release's schema")
def test_an_older_log_is_migrated_after_a_backup(
    told: SqliteStore, keeper: LogKeeper, path: Path, version: int
) -> None:
    told.close()
    aged(path, version)
    assert keeper.soundness().version == version
    assert told.runs() == ("run-1", "run-2")
    assert keeper.soundness() == Soundness(str(path), shape.VERSION, 6, 2, (), ("run-2",))
    (backup,) = (path.parent / "backups").glob(f"log-of-version-{version}-*.db")
    assert keeper.soundness(backup).version == version
    assert len(list((path.parent / "backups").iterdir())) == 2
    told.append("run-2", EVENT)
    restored(keeper, backup)
    assert len(tuple(told.events("run-2"))) == 1


def test_without_a_backup_nothing_is_migrated(
    told: SqliteStore, keeper: LogKeeper, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.close()
    aged(path)
    (path.parent / "backups").touch()
    with pytest.raises(StoreError, match="the backup cannot be written"):
        told.runs()
    assert keeper.soundness().version == 1
    with pytest.raises(StoreError):
        told.append("run-2", EVENT)


@pytest.mark.parametrize("version", [0, -1, 99])
@pytest.mark.fault(16, how="a log of a later release's schema")
def test_a_version_that_no_release_before_this_one_wrote_is_refused(
    told: SqliteStore, keeper: LogKeeper, behind: Behind, version: int
) -> None:
    behind(f"PRAGMA user_version = {version}")
    for use in (told.runs, keeper.soundness, keeper.audit, keeper.backup):
        with pytest.raises(StoreError, match=f"version {version}; this release knows 3, and migrates 1 and 2") as no:
            use()
        assert "release of Patchtide that wrote it" in no.value.hint


SHAPES = {
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM events; END", "the trigger 't'"),
    "a view": ("ALTER TABLE events RENAME TO e; CREATE VIEW events AS SELECT * FROM e", "the table 'events' is gone"),
    "no memories": ("DROP TABLE memories", "the table 'memories' is gone"),
    "no events": ("DROP TABLE events", "the table 'events' is gone"),
    "no index": ("DROP INDEX events_by_kind", "the index 'events_by_kind' is gone"),
}


@pytest.mark.parametrize(("statements", "said"), SHAPES.values(), ids=SHAPES)
@pytest.mark.fault(9, how="tables, indexes and triggers of the log's file changed")
def test_a_log_of_another_shape_is_not_sound(
    told: SqliteStore, keeper: LogKeeper, behind: Behind, statements: str, said: str
) -> None:
    assert keeper.soundness().problems == ()
    behind(statements)
    assert any(said in problem for problem in keeper.soundness().problems)
