import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from patchtide.adapters.lock import FileLock
from patchtide.core.errors import LockedError, PatchtideError

HOLD = """
import sys
from pathlib import Path
from patchtide.adapters.lock import FileLock
with FileLock(Path(sys.argv[1])).hold("another run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "lock"


def other_holder(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_it_keeps_other_processes_out_and_dies_with_them(path: Path) -> None:
    lock = FileLock(path)
    with other_holder(path) as other:
        told = f"another run: pid {other.pid} on {socket.gethostname()} since"
        with pytest.raises(LockedError, match=told), lock.hold("us"):
            pytest.fail("two hold it")
        assert "another run" in str(lock.holder())
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
        assert lock.holder() is None
        with lock.hold("us"):
            assert "us" in str(lock.holder())


def test_a_program_started_meanwhile_does_not_keep_it(path: Path) -> None:
    lock = FileLock(path)
    with lock.hold("us"):
        child = subprocess.Popen(["cat"], close_fds=False, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        print("there", file=child.stdin, flush=True)
        assert child.stdout.readline() == "there\n"  # from here on it opens nothing more, and waits for the next line
        with lock.hold("us again"):
            pass
        held = [str(link.readlink()) for link in Path(f"/proc/{child.pid}/fd").iterdir()]
        assert str(path) not in held


def test_a_file_that_was_deleted_meanwhile_is_no_lock(path: Path) -> None:
    with FileLock(path).hold("us"):
        path.unlink()
    with FileLock(path).hold("them"):
        assert path.exists()
        assert "them" in str(FileLock(path).holder())


def test_only_its_owner_can_read_it(path: Path) -> None:
    old = os.umask(0)
    try:
        with FileLock(path).hold("us"):
            assert path.stat().st_mode & 0o777 == 0o600
            assert path.parent.stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)


def test_a_name_that_would_move_the_cursor_is_shown_harmless(path: Path) -> None:
    with FileLock(path).hold("us\x1b[2J\r"):
        assert "\x1b" not in str(FileLock(path).holder())


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PatchtideError, match="cannot be used"), FileLock(path).hold("us"):
        pytest.fail("held")
    assert not (tmp_path / "elsewhere").exists()
