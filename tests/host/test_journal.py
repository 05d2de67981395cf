"""The journal survives what may happen between two writes, and tells an orphan from the controller that counts."""

import errno
import fcntl
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from plugins.module_utils.host import hold, journal
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal


@pytest.fixture
def written(tmp_path: Path) -> Journal:
    made = Journal("r-1", tmp_path / "patchtide")
    made.create()
    return made


def test_the_journal_is_for_its_owner_alone(written: Journal) -> None:
    written.write("patch", {"state": "intent"})
    assert stat.S_IMODE(written.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((written.folder / "patch.json").stat().st_mode) == 0o600


def test_what_was_written_is_read_and_what_was_not_is_none(written: Journal) -> None:
    assert written.read("patch") is None
    written.write("patch", {"state": "running"})
    assert written.read("patch") == {"state": "running"}
    assert [path.name for path in written.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", '{"state": "do'])
def test_a_torn_journal_is_refused_and_never_taken_for_none(written: Journal, text: str) -> None:
    (written.folder / "patch.json").write_text(text)
    with pytest.raises(HostError, match=r"patch\.json"):
        written.read("patch")


def test_a_crash_while_writing_leaves_the_former_entry(written: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    written.write("patch", {"state": "intent"})

    def power_loss(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", power_loss)
    with pytest.raises(KeyboardInterrupt):
        written.write("patch", {"state": "running"})
    monkeypatch.undo()
    assert written.read("patch") == {"state": "intent"}
    assert written.write("patch", {"state": "done"}) == written.read("patch")


@pytest.mark.fault(28, how="no room left in the middle")
def test_a_full_disk_does_not_keep_the_journal_from_saying_how_it_ended(
    written: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = written.folder / "reserve"
    assert reserve.stat().st_size >= 1_000_000
    real = journal.replace_durably

    def full_until_the_reserve_is_gone(path: Path, data: bytes) -> None:
        if reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(journal, "replace_durably", full_until_the_reserve_is_gone)
    written.write("patch", {"state": "failed"})
    assert written.read("patch") == {"state": "failed"}


def test_a_lower_attempt_is_an_orphan_and_is_refused(written: Journal) -> None:
    written.fence(1)
    written.fence(3)
    written.fence(3)
    with pytest.raises(HostError, match="attempt 2 of run r-1 is too late: attempt 3"):
        written.fence(2)
    assert written.read("attempt") == {"attempt": 3}


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "patchtide").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostError):
        Journal("r-1", tmp_path / "patchtide").create()
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_second_call_waits_and_says_who_it_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with hold.exclusive(path, 0):
        assert not hold.is_free(path)
        with pytest.raises(HostError, match="another Patchtide call"), hold.exclusive(path, 0):
            pytest.fail("two calls at once")
    assert hold.is_free(path)
    assert hold.is_free(str(tmp_path / "never made"))


@pytest.mark.fault(25, how="a lock held by another process")
def test_the_holder_of_a_package_managers_lock_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lock-frontend"
    path.touch()
    assert hold.holder(str(path)) is None
    program = (
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        other.stdout.readline()
        who = hold.holder(str(path)) or ""
        other.communicate()
    assert f"(pid {other.pid})" in who
    assert "python" in who
    assert hold.holder(str(path)) is None


def test_a_lock_is_freed_by_the_death_of_its_holder(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    child = os.fork()
    if child == 0:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os._exit(0)
    os.waitpid(child, 0)
    with hold.exclusive(path, 0):
        assert json.dumps(hold.is_free(path)) == "false"
