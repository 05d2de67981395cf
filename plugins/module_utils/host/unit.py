"""The transaction's own process: a transient systemd unit (a session of its own elsewhere) that outlives its caller."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from .command import environment, finished
from .errors import HostError
from .hold import TRANSACTION_LOCK, is_free
from .journal import Entry, Journal, replace_durably
from .services import has_systemd
from .whole import packed

ENDED = ("done", "failed")
_POLL = 0.1
_GRACE = 300


def launched(journal: Journal, step: str, entry: Entry) -> None:
    """Start the transaction whose intent is in the journal already; HostError when it cannot be started."""
    argv = [*program_argv(journal), "transact", step, journal.run]
    if has_systemd():
        unit = ["systemd-run", "--quiet", "--collect", f"--unit={entry['unit']}", "--description=Patchtide transaction"]
        started = finished([*unit, "--setenv=HOME=/root", "--", *argv], 60)
        if not started.ok:
            raise HostError(f"systemd-run could not start {entry['unit']}: {started.why()}", "is systemd well?", "unit")
    else:
        _detach(argv)


def program_argv(journal: Journal) -> list[str]:
    """The words that start this program from the run's own folder, where it is put whole for units to run."""
    program, data = journal.folder / "host.pyz", packed()
    if not program.exists() or program.read_bytes() != data:
        replace_durably(program, data)  # never in place: a unit may be running it
    return [_interpreter(), str(program)]


def ended(journal: Journal, step: str, deadline: float) -> Entry:
    """The step's entry once its transaction ended or died; HostError when it goes on beyond the deadline (seconds)."""
    until = time.monotonic() + deadline + _GRACE
    looks = 0
    while True:
        entry = journal.read(step) or {}
        if entry.get("state") in ENDED:
            return entry
        looks += 1
        if looks % 20 == 0 and not alive(entry):
            return _settled(journal, step)
        if time.monotonic() > until:
            raise HostError(
                f"the transaction {entry.get('unit')} still runs {deadline + _GRACE:.0f} s after its start",
                f"look with `journalctl -u {entry.get('unit')}`, then call again",
                code="running",
            )
        time.sleep(_POLL)


def alive(entry: Entry) -> bool:
    """Whether the entry's transaction still runs."""
    if not is_free(TRANSACTION_LOCK):
        return True
    if not has_systemd() or not entry.get("unit"):
        return False
    asked = finished(["systemctl", "show", "--property=ActiveState", "--value", "--", f"{entry['unit']}.service"], 30)
    return asked.out.strip() in ("active", "activating", "deactivating", "reloading")


def as_it_is(entry: Entry | None) -> Entry | None:
    """The entry as an observer should see it: one that says `running` without a process was interrupted."""
    if entry is None or entry.get("state") != "running" or alive(entry):
        return entry
    return {**entry, "state": "failed", "outcome": "failed", "reason": interrupted(entry)}


def began_nothing(patch: Entry) -> bool:
    """Whether an update ended before it began: there was nothing to do, it never started, or it waited in vain."""
    return patch.get("outcome") == "nothing" or patch.get("begun") is False


def interrupted(entry: Entry) -> str:
    """The sentence for a transaction that ended without saying so."""
    return (
        f"the transaction {entry.get('unit')} was interrupted (killed, power loss or reboot) before it recorded its end"
    )


def _settled(journal: Journal, step: str) -> Entry:
    """The entry of a transaction whose process is gone: its end if it wrote one, else that it was interrupted."""
    entry = journal.read(step) or {}
    if entry.get("state") in ENDED:
        return entry
    reason = interrupted(entry)
    if entry.get("state") == "intent":
        reason = f"the transaction {entry.get('unit')} never began"
    return journal.write(step, {**entry, "state": "failed", "outcome": "failed", "reason": reason})


def _interpreter() -> str:
    """The Python that runs this, by the path under which a unit finds it too."""
    return sys.executable if sys.executable and os.path.isabs(sys.executable) else "/usr/bin/python3"


def _detach(argv: list[str]) -> None:
    """Run the command in a session of its own whose parent is init."""
    inner = "import os,sys\nif os.fork(): os._exit(0)\nos.setsid()\nos.execv(sys.argv[1], sys.argv[1:])"
    subprocess.run(
        [argv[0], "-c", inner, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=True,
        env=environment(),
        cwd="/",
    )
