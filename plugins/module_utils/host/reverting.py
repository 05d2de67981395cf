"""revert: what the confirm timer starts. The host goes back by itself, and reboots once where that is not enough."""

from __future__ import annotations

import time
from pathlib import Path

from .boot import fingerprint
from .command import finished
from .confirm import disarm, is_armed, loops, unit_name, unit_names
from .hold import CALL_LOCK, exclusive
from .journal import Entry, Journal
from .ladder import REVERTING
from .network import settled_differences
from .rollback import intended, settled_patch
from .timers import forgotten
from .transaction import transact
from .unit import ENDED, alive, ended

_PATIENCE = 86_400
_SETTLES = 30
_SHUTDOWN = 300


def revert(run: str, root: Path | None = None) -> int:
    """Restore the state before an update that nobody confirmed; 0 once that is journaled, however it ended."""
    journal = Journal(run, root)
    with exclusive(CALL_LOCK, _PATIENCE):
        if not is_armed(journal):
            return 0  # it was confirmed, or somebody took over, while this waited
        deadline = float((journal.read("confirm") or {})["deadline"])
        if settled_patch(journal, deadline) is None:
            disarm(journal, "nothing")
            return 0
        _restored(journal, deadline)
        wrong = settled_differences((journal.read("record") or {}).get("network"), _SETTLES)
        entry = journal.read("confirm") or {}
        journal.write("confirm", {**entry, "network": wrong, "rebooted": fingerprint() if wrong else ""})
        disarm(journal, "fired")  # before the reboot: it is done once
        forgotten(unit_names(journal))
        if wrong or (journal.read("rollback") or {}).get("outcome") == REVERTING:
            _rebooted()
    return 0


def booted(run: str, root: Path | None = None) -> int:
    """Count a boot of a host that is not confirmed; one that reboots by itself again and again goes back at once."""
    journal = Journal(run, root)
    with exclusive(CALL_LOCK, _PATIENCE):
        entry = journal.read("confirm") or {}
        if entry.get("state") != "armed":
            return 0
        journal.write("confirm", {**entry, "boots": int(entry.get("boots", 0)) + 1})
    if loops(journal):
        finished(["systemctl", "start", "--no-block", f"{unit_name(journal)}.service"], 60)
    return 0


def _restored(journal: Journal, deadline: float) -> None:
    entry = journal.read("rollback")
    if entry is not None and entry.get("state") not in ENDED and entry.get("by") != "timer" and alive(entry):
        entry = ended(journal, "rollback", deadline)
    if entry is None or entry.get("state") not in ENDED:
        journal.write("rollback", _own(journal, entry, deadline))
        transact(journal.run, "rollback", journal.root)


def _own(journal: Journal, former: Entry | None, deadline: float) -> Entry:
    """The intent of a rollback that this very process carries out."""
    attempt = int((journal.read("attempt") or {}).get("attempt", 0))
    return {**intended(journal, former, attempt, deadline), "by": "timer", "unit": unit_name(journal)}


def _rebooted() -> None:
    finished(["systemctl", "reboot"], 60)
    time.sleep(_SHUTDOWN)  # nobody may take the lock in between and begin something on a host that goes down
