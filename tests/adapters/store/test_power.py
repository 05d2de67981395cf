"""Whatever the log has acknowledged is there when its writer is killed, at whichever moment that is."""

import random
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.care import LogKeeper

WRITE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from patchtide.adapters.store import SqliteStore
from patchtide.core.events import Aborted
store = SqliteStore(Path(sys.argv[1]))
while True:
    seq = store.append("run-1", Aborted(datetime.now(UTC), "ada", "x" * 300))
    print(seq, flush=True)
"""


def killed_writer(path: Path, events: int) -> int:
    """The number that a writer acknowledged last before it was killed, some events later than `events`."""
    with subprocess.Popen([sys.executable, "-c", WRITE, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(events):
            process.stdout.readline()
        process.kill()
        rest = process.stdout.read().split()
    assert process.returncode == -9
    return int(rest[-1]) if rest else events


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.fault(2, how="SIGKILL of a process that appends, after any number of events")
def test_nothing_acknowledged_is_lost(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "log.db"
    acknowledged = killed_writer(path, random.Random(seed).randint(1, 120))
    store = SqliteStore(path)
    kept = [seq for seq, _ in store.events("run-1")]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= acknowledged
    assert store.append("run-1", next(iter(store.events("run-1")))[1]) == len(kept) + 1
    assert LogKeeper(path).audit().altered == ()
    store.close()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.fault(6, how="the write-ahead log cut off or with a flipped byte, after a SIGKILL")
def test_a_torn_journal_opens_as_a_beginning_of_the_history(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "log.db"
    killed_writer(path, 30)
    wal = path.with_name("log.db-wal")
    path.with_name("log.db-shm").unlink()
    data = bytearray(wal.read_bytes())
    chance = random.Random(seed)
    place = chance.randrange(len(data))
    if seed % 2:
        data[place] ^= 0xFF
    else:
        del data[place:]
    wal.write_bytes(data)
    store = SqliteStore(path)
    try:
        events = tuple(store.events("run-1"))
        assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
        assert LogKeeper(path).audit().altered == ()
    finally:
        store.close()


def test_a_writer_holds_no_descriptor_that_children_inherit(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "log.db")
    killed_writer(tmp_path / "log.db", 1)
    store.runs()
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        links = []
        for link in Path(f"/proc/{child.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # one that the child closes while it becomes `sleep`
                links.append(str(link.readlink()))
        assert links
        assert not [link for link in links if "log.db" in link]
    finally:
        child.kill()
        child.wait()
        store.close()
