import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.simulation.telling import told as story

from patchtide.adapters.store import SqliteStore, StoreError, sqlite
from patchtide.adapters.store.care import LogKeeper
from patchtide.adapters.store.schema import chained, created
from patchtide.core.errors import UsageError
from patchtide.core.events import Aborted, RunTaken

AT = datetime(2026, 1, 1, tzinfo=UTC)
EVENT = RunTaken(AT, "ada")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


def changed(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_reading_makes_nothing(store: SqliteStore, path: Path) -> None:
    assert store.runs() == ()
    assert tuple(store.events("run-1")) == ()
    assert LogKeeper(path).audit().record.events == 0
    assert not path.parent.exists()


def test_it_is_for_its_owner_only(store: SqliteStore, path: Path) -> None:
    old = os.umask(0)
    try:
        store.append("run-1", EVENT)
    finally:
        os.umask(old)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == dict.fromkeys(
        ("log.db", "log.db-wal", "log.db-shm", "log.db.made"), 0o600
    )


def test_every_append_is_on_the_disk_before_it_returns(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    assert store._opened is not None
    assert store._opened.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._opened.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.fault(8, how="two writers in turn")
def test_two_who_append_never_take_the_same_number(store: SqliteStore, path: Path) -> None:
    other = SqliteStore(path)
    numbers = [each.append("run-1", EVENT) for _ in range(5) for each in (store, other)]
    other.close()
    assert numbers == list(range(1, 11))
    assert LogKeeper(path).audit().altered == ()


@pytest.mark.parametrize("run_id", ["", "../x", "A", "-x", "x" * 65, "a b", "a\n", "a.b", "é"])
def test_odd_ids_are_refused(store: SqliteStore, run_id: str) -> None:
    for use in (store.events, lambda name: store.append(name, EVENT)):
        with pytest.raises(UsageError, match="is not the id of a run"):
            use(run_id)


@pytest.mark.parametrize("by", ["delete", "rename"])
@pytest.mark.fault(9, how="the file deleted or moved away")
def test_a_log_that_is_gone_is_never_made_anew(store: SqliteStore, path: Path, by: str) -> None:
    store.append("run-1", EVENT)
    if by == "delete":
        path.unlink()
    else:
        path.rename(path.with_suffix(".old"))
    for each in (store, SqliteStore(path)):
        with pytest.raises(StoreError, match="was here and is gone"):
            each.append("run-1", EVENT)
        with pytest.raises(StoreError, match="was here and is gone"):
            each.runs()
    assert not path.exists()


def test_nothing_is_written_to_a_file_that_was_replaced(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    path.unlink()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    other = SqliteStore(path.with_name("other.db"))
    other.append("run-1", EVENT)
    other.append("run-1", EVENT)
    other.close()
    path.with_name("other.db").rename(path)
    assert store.append("run-1", EVENT) == 3


@pytest.mark.fault(9, how="the file emptied")
def test_an_emptied_log_is_refused(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    store.close()
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="was emptied") as refused:
        store.append("run-1", EVENT)
    assert "backup" in refused.value.hint
    assert path.read_bytes() == b""


def test_an_empty_file_that_a_crash_left_is_filled(store: SqliteStore, path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    assert store.runs() == ()
    assert store.append("run-1", EVENT) == 1


def test_a_newer_schema_is_refused(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    store.close()
    changed(path, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="schema version 99; this release knows 3"):
        store.events("run-1")


def test_another_programs_database_is_left_alone(store: SqliteStore, path: Path) -> None:
    path.parent.mkdir()
    changed(path, "CREATE TABLE recipes (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program's database"):
        store.append("run-1", EVENT)
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"not a database at all, but some text" * 40, bytes(range(256)) * 32])
@pytest.mark.fault(9, how="rubbish in its place")
def test_what_is_no_database_is_refused_and_kept(store: SqliteStore, path: Path, damage: bytes) -> None:
    store.append("run-1", EVENT)
    store.close()
    path.write_bytes(damage)
    with pytest.raises(StoreError, match="cannot be used") as refused:
        store.append("run-1", EVENT)
    assert "backup" in refused.value.hint
    assert path.read_bytes() == damage


@pytest.mark.fault(9, how="damaged pages")
def test_a_damaged_page_is_an_error_not_a_shorter_history(store: SqliteStore, path: Path) -> None:
    for _ in range(200):
        store.append("run-1", Aborted(AT, "ada", "x" * 500))
    store.close()
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError):
        tuple(store.events("run-1"))


@pytest.mark.fault(9, how="an exclusive lock held by another process")
@pytest.mark.fault(45, how="a log that is locked for longer than anybody waits")
def test_a_locked_file_is_waited_for_and_then_named(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patchtide.adapters.store.sqlite._BUSY_SECONDS", 0.05)
    store.append("run-1", EVENT)
    store.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked") as refused:
        store.append("run-1", EVENT)
    assert "Another process" in refused.value.hint
    other.close()
    assert store.append("run-1", EVENT) == 2


def test_a_failed_append_leaves_nothing_behind(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    store.close()
    changed(path, "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with pytest.raises(StoreError, match="disk is full"):
        store.append("run-1", EVENT)
    store.close()
    changed(path, "DROP TRIGGER full")
    assert store.append("run-1", EVENT) == 2


def test_an_event_of_a_later_release_is_named_not_skipped(store: SqliteStore, path: Path) -> None:
    store.append("run-1", EVENT)
    store.close()
    body = '{"kind":"teleported"}'
    changed(path, f"UPDATE events SET body = '{body}', hash = '{chained('run-1', body)}'")  # noqa: S608
    with pytest.raises(StoreError, match="event 1 of run run-1 is not one that this release knows"):
        tuple(store.events("run-1"))


def test_a_read_only_directory_is_named(store: SqliteStore, path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    path.parent.mkdir()
    path.parent.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be used"):
        store.append("run-1", EVENT)


ALTERED = {
    "a text": "UPDATE events SET body = replace(body, 'ann', 'bob') WHERE seq = 2",
    "a hash": "UPDATE events SET hash = 'ab' WHERE seq = 2",
    "gone from the middle": "DELETE FROM events WHERE seq = 2",
    "gone from the beginning": "DELETE FROM events WHERE seq = 1",
    "no number": "UPDATE events SET seq = 'x' WHERE seq = 3",
    "a number that is too large": "UPDATE events SET seq = 9223372036854775807 WHERE seq = 3",
    "another number": "UPDATE events SET seq = 9 WHERE seq = 3",
}


@pytest.mark.parametrize("sql", ALTERED.values(), ids=ALTERED)
@pytest.mark.parametrize("after", [0, 1])
@pytest.mark.fault(47, how="rows of the log edited, removed and moved, then gone on from")
def test_nobody_goes_on_from_a_log_that_was_altered(store: SqliteStore, path: Path, sql: str, after: int) -> None:
    for by in ("ann", "ann", "ann"):
        store.append("run-1", Aborted(AT, by, "enough"))
    store.append("run-2", EVENT)
    changed(path, sql)
    with pytest.raises(StoreError, match=r"the log was altered: event \d of run run-1"):
        list(store.events("run-1", after))
    assert store.recalled("run-1") is None


@pytest.mark.parametrize("page", [1, 2, 500])
def test_a_history_of_several_pages_is_followed_from_page_to_page(
    store: SqliteStore, path: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_PAGE", page)
    for number in range(5):
        store.append("run-1", Aborted(AT, "ann", f"reason {number}"))
    for after in range(6):
        assert [seq for seq, _ in store.events("run-1", after)] == list(range(after + 1, 6))
    changed(path, "UPDATE events SET body = replace(body, 'reason 3', 'reason 4') WHERE seq = 4")
    with pytest.raises(StoreError, match="event 4 of run run-1"):
        list(store.events("run-1"))


@pytest.mark.fault(47, how="the last rows of a run removed, then gone on from")
def test_nobody_goes_on_from_a_run_whose_memory_has_more(store: SqliteStore, path: Path) -> None:
    for event in story(0).events:
        store.append("run-1", event)
    changed(path, "DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    with pytest.raises(StoreError, match=r"the log was altered: run run-1 had \d+ events at least"):
        store.events("run-1")


def test_a_link_that_was_swapped_in_is_not_followed_by_who_makes_the_log(path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to("victim")
    with pytest.raises(OSError, match="symbolic links"):
        created(path)
    assert not (path.parent / "victim").exists()
