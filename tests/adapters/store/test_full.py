"""A disk that is really full: a file system in memory of some kilobytes, in a mount namespace of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

# Root may mount; others may in a user namespace of their own.
ALONE = ["unshare", "--map-root-user", "--user", "--mount", "--"]
FILL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from patchtide.adapters.store import SqliteStore, StoreError
from patchtide.adapters.store.care import LogKeeper
from patchtide.core.events import Aborted
folder = Path(sys.argv[1])
store = SqliteStore(folder / "state" / "log.db")
event = Aborted(datetime.now(UTC), "ada", "x" * 2000)
try:
    while True:
        written = store.append("run-1", event)
except StoreError as error:
    print(error.message, "|", error.hint)
try:
    LogKeeper(folder / "state" / "log.db").backup()
except StoreError as error:
    print(error.message)
print("left", sorted(path.name for path in (folder / "state" / "backups").glob("*")))
(folder / "ballast").unlink()
print(written, len(tuple(store.events("run-1"))), store.append("run-1", event))
store.close()
print(LogKeeper(folder / "state" / "log.db").audit().altered)
"""


def mounted(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a namespace where the folder is a file system of half a megabyte, a part of it taken."""
    script = 'mount -t tmpfs -o size=512k none "$1" && head -c 128k /dev/zero >"$1/ballast" && exec "$2" -c "$3" "$1"'
    command = [*ALONE, "sh", "-c", script, "sh", str(folder), sys.executable, program]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.fault(7, how="a tmpfs of half a megabyte is filled by the log itself, then freed")
def test_a_full_disk_is_a_sentence_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    done = mounted(tmp_path, FILL)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"no namespaces to be had: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, "")
    full, backup, left, after, altered = done.stdout.splitlines()
    assert "disk is full" in full
    assert "make room, then try again" in full
    assert "the backup cannot be written" in backup
    assert left == "left []"
    written, kept, last = after.split()
    assert (written, int(last)) == (kept, int(kept) + 1)
    assert altered == "()"
