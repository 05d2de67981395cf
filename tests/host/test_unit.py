"""The transaction's own process: shipped whole, told alive from dead, waited for, never run twice."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import (
    files,
    hold,
    host,
    inspection,
    patching,
    program,
    retention,
    rollback,
    staging,
    transaction,
    unit,
)
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal
from plugins.module_utils.host.names import Package
from plugins.module_utils.host.packagemanager import PackageFile, PackageManager, Trouble
from plugins.module_utils.host.settings import sha256


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    monkeypatch.setattr(unit, "TRANSACTION_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(transaction, "TRANSACTION_LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(unit, "has_systemd", lambda: False)
    monkeypatch.setattr(unit, "_POLL", 0.001)
    made = Journal("r-1", tmp_path)
    made.create()
    return made


def test_running_without_a_process_is_shown_as_interrupted(written: Journal) -> None:
    entry = {"state": "running", "unit": "patchtide-r-1-patch-1"}
    shown = unit.as_it_is(entry) or {}
    assert (shown["state"], shown["outcome"]) == ("failed", "failed")
    assert "interrupted" in shown["reason"]
    with hold.exclusive(str(written.root / "lock"), 0):
        assert unit.as_it_is(entry) == entry
    assert unit.as_it_is({"state": "done"}) == {"state": "done"}
    assert unit.as_it_is(None) is None


def test_a_transaction_that_died_is_journaled_as_failed(written: Journal) -> None:
    written.write("patch", {"state": "running", "unit": "u"})
    assert unit.ended(written, "patch", 60)["outcome"] == "failed"
    assert "interrupted" in (written.read("patch") or {})["reason"]
    written.write("patch", {"state": "intent", "unit": "u"})
    assert "never began" in unit.ended(written, "patch", 60)["reason"]


def test_a_transaction_that_goes_on_too_long_is_unknown_and_not_failed(
    written: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "_GRACE", 0)
    written.write("patch", {"state": "running", "unit": "u"})
    with hold.exclusive(str(written.root / "lock"), 0), pytest.raises(HostError, match="still runs"):
        unit.ended(written, "patch", 0.05)
    assert (written.read("patch") or {})["state"] == "running"


@pytest.mark.parametrize("state", ["running", "done", "failed"])
@pytest.mark.fault(44, how="the transaction asked for again")
def test_a_transaction_is_never_run_twice(written: Journal, state: str) -> None:
    before = written.write("patch", {"state": state})
    assert transaction.transact("r-1", "patch", written.root) == 0
    assert written.read("patch") == before


def test_a_transaction_that_breaks_says_so_in_the_journal(written: Journal) -> None:
    written.write("patch", {"state": "intent", "todo": [], "files": [], "boot_before": "b", "deadline": 1})
    assert transaction.transact("r-1", "patch", written.root) == 1
    entry = written.read("patch") or {}
    assert (entry["state"], entry["outcome"]) == ("failed", "failed")
    assert entry["reason"]
    assert entry["finished"] >= entry["started"]


@pytest.mark.parametrize("argv", [[], ["transact"], ["transact", "dance", "r-1"], ["probe", "patch", "r-1"]])
def test_other_words_are_wrong_usage(argv: list[str]) -> None:
    assert program.main(argv) == 2


def test_a_changed_or_missing_or_linked_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_text("a")
    good = [{"filename": "a.deb", "sha256": sha256(tmp_path / "a.deb")}]
    assert files.verified(tmp_path, good) == [tmp_path / "a.deb"]
    for listed in ([{"filename": "b.deb", "sha256": "ab"}], [{"filename": "a.deb", "sha256": "ab"}]):
        with pytest.raises(HostError):
            files.verified(tmp_path, listed)
    (tmp_path / "l.deb").symlink_to("a.deb")
    with pytest.raises(HostError, match="is gone"):
        files.verified(tmp_path, [{**good[0], "filename": "l.deb"}])


@pytest.mark.fault(28, how="a file system with too little room")
def test_room_is_asked_for_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    small = Package("a", "all", "1", "a.deb", 1_000_000, "ab" * 32, None)
    unpacked = PackageFile(Path("a"), "a", "all", "1", 4_000_000_000)
    monkeypatch.setattr(files, "free_bytes", lambda _: 500_000_000)
    assert files.room_missing([small]) is None
    lacking = files.room_missing([], [unpacked])
    assert lacking is not None
    assert "MiB are needed" in lacking.reason
    assert files.room_missing([], [replace(unpacked, installed_bytes=300_000_000)]) is None
    fresh = replace(unpacked, name="linux-image-6.1", installed_bytes=350_000_000)
    assert files.room_missing([], [fresh]) is not None, "a kernel comes beside the old one, with its initrd in /boot"
    monkeypatch.setattr(files, "free_bytes", lambda _: 1_000_000)
    assert files.room_missing([small]) is not None


def test_a_finished_run_id_can_be_used_again_and_its_past_is_kept(written: Journal) -> None:
    written.write("maintenance", {"state": "entered"})
    for part in ("stage", "record", "patch", "rollback"):
        written.write(part, {"state": "done"})
    staging.begin_afresh(written)
    assert [written.read(part) for part in ("stage", "record", "patch", "rollback")] == [None] * 4
    assert written.read("maintenance") == {"state": "entered"}
    kept = sorted(path.name for path in written.folder.glob("past/*/*.json"))
    assert kept == ["patch.json", "record.json", "rollback.json", "stage.json"]


@pytest.mark.parametrize(
    ("patch", "rollback_entry", "settled"),
    [
        (None, None, True),
        ({"state": "intent"}, None, True),
        ({"state": "done"}, None, True),
        ({"state": "failed"}, None, False),
        ({"state": "failed", "outcome": "nothing"}, None, True),
        ({"state": "failed", "outcome": "failed", "begun": False}, None, True),
        ({"state": "failed", "outcome": "failed", "begun": True}, None, False),
        ({"state": "running"}, None, False),
        ({"state": "failed"}, {"state": "done"}, True),
        ({"state": "done"}, {"state": "failed"}, False),
        ({"state": "done"}, {"state": "running"}, False),
        ({"state": "done"}, {"state": "intent"}, False),
    ],
)
def test_a_run_that_is_not_settled_keeps_its_way_back(
    written: Journal, patch: dict[str, Any] | None, rollback_entry: dict[str, Any] | None, settled: bool
) -> None:
    for part, entry in (("patch", patch), ("rollback", rollback_entry)):
        if entry:
            written.write(part, entry)
    assert retention.is_settled(written) is settled


def test_only_files_of_old_and_settled_runs_are_removed(written: Journal) -> None:
    for number, state in enumerate(["done", "failed", "done", "done", "done"]):
        old = Journal(f"old-{number}", written.root)
        old.create()
        old.write("patch", {"state": state})
        (old.folder / "kept").mkdir()
        os.utime(old.folder, (1000 + number, 1000 + number))
    assert retention.prune(written) == ["old-0"]
    assert not (written.root / "old-0" / "kept").exists()
    assert (written.root / "old-0" / "patch.json").exists()
    assert (written.root / "old-1" / "kept").exists()  # failed and not rolled back
    assert retention.prune(written) == []


@pytest.mark.parametrize(
    ("entry", "attempt", "stands"),
    [
        ({"state": "done", "outcome": "restored", "measured": True, "attempt": 1}, 2, True),
        ({"state": "failed", "outcome": "failed", "measured": True, "attempt": 1}, 1, True),
        ({"state": "failed", "outcome": "failed", "measured": True, "attempt": 1}, 2, False),
        ({"state": "done", "outcome": "unverified", "measured": True, "attempt": 1}, 2, False),
        ({"state": "done", "outcome": "restored", "measured": False, "attempt": 1}, 1, False),
        ({"state": "running", "attempt": 1}, 1, False),
    ],
)
def test_only_a_new_attempt_tries_a_failed_rollback_again(entry: dict[str, Any], attempt: int, stands: bool) -> None:
    assert rollback._is_final(entry, attempt) is stands


class Locked(PackageManager):
    """A package manager whose lock somebody holds, for so many looks; nothing else is asked of it."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    def holders(self) -> list[Trouble]:
        self.looks -= 1
        return [Trouble("locked", "/x is locked by dpkg (pid 7)", "wait")] if self.looks >= 0 else []


Locked.__abstractmethods__ = frozenset()


def locked(looks: int) -> Locked:
    return Locked(looks)  # type: ignore[abstract]  # what is asked for before the lock is free fails the test


def test_an_update_that_only_waited_for_a_lock_is_nothing_to_go_back_from(
    written: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "package_manager", lambda: locked(1_000_000))
    entry = {"state": "intent", "todo": [], "files": [], "boot_before": "b", "deadline": 0.01, "keep": [], "unit": "u"}
    written.write("patch", entry)
    written.write("record", {"packages": {}, "files": {}})
    assert transaction.transact("r-1", "patch", written.root) == 1
    found = written.read("patch") or {}
    assert (found["state"], found["outcome"], found["begun"]) == ("failed", "failed", False)
    assert found["reason"].startswith("/x is locked by dpkg (pid 7), and was for 0 s (nothing was begun")
    assert rollback.settled_patch(written, 1) is None
    assert rollback._foreseen(written).report["outcome"] == "nothing"
    assert written.read("patch") == found, "that nothing is undone makes it no success"
    assert patching._answer(found, changed=False).failure.startswith("the update failed: /x is locked")
    assert inspection.run_changes(written) == []
    assert retention.is_settled(written)


def test_a_lock_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "_POLL", 0.001)
    waiting = locked(3)
    assert 0 < transaction.awaited(waiting, 600) < 600
    assert waiting.looks == -1
    assert transaction.awaited(locked(0), 0) < 600


def test_an_update_that_never_began_is_no_success_either(written: Journal) -> None:
    written.write("patch", {"state": "intent", "unit": "u"})
    assert rollback.settled_patch(written, 1) is None
    assert "never began" in patching._answer(written.read("patch") or {}, changed=False).failure
    assert patching._answer({"state": "done", "outcome": "nothing"}, changed=False).failure == ""


def test_a_run_that_changed_nothing_has_nothing_to_go_back_from(written: Journal) -> None:
    assert rollback.settled_patch(written, 1) is None
    written.write("patch", {"state": "done", "outcome": "nothing"})
    assert rollback.settled_patch(written, 1) is None
    written.write("patch", {"state": "intent", "unit": "u"})
    assert rollback.settled_patch(written, 1) is None
    assert json.loads((written.folder / "patch.json").read_text())["state"] == "failed"
    written.write("patch", {"state": "running", "unit": "u"})
    assert (rollback.settled_patch(written, 1) or {})["state"] == "running"
    assert "interrupted" in (written.read("patch") or {})["reason"]
