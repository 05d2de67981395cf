"""The ladder of the way back: packages, then the snapshot where one was taken, then a person; each at most once."""

from __future__ import annotations

import time
from typing import IO

from . import host, snapshot
from .boot import fingerprint
from .errors import HostError
from .journal import Entry, Journal
from .names import intended
from .packagemanager import PackageManager
from .restoration import Course, compared, masks, restored
from .stale import renewed

REVERTING = "reverting"
"""The outcome of a rollback that waits for the boot with which the snapshot takes effect."""


def course(journal: Journal, entry: Entry) -> Course:
    """What the rollback in the entry has to go by; HostError when the journal does not hold it."""
    patch, record, stage = journal.read("patch"), journal.read("record"), journal.read("stage")
    if patch is None or record is None or stage is None:
        raise HostError("the journal has no record to go back to", "a person has to look", code="record")
    return Course(
        folder=journal.folder,
        keys=intended(patch).keys,
        record=record,
        kept=tuple(stage["kept"]),
        interrupted=patch.get("state") != "done",
        files_after=patch.get("files_after"),
        paused=tuple((journal.read("maintenance") or {}).get("stopped", [])),
        until=time.monotonic() + float(entry["deadline"]),
        renew=(lambda: renewed(patch.get("keep", []))) if patch.get("renew") else list,
        note=lambda method: _noted(journal, method),
    )


def put_back(journal: Journal, way: Course, manager: PackageManager, log: IO[bytes]) -> Entry:
    """The end of the way back by packages, or the beginning of the one by the snapshot."""
    try:
        end = restored(way, manager, log)
    except HostError as error:
        end = {"state": "failed", "outcome": "failed", "reason": error.sentence()}
    taken = snapshot.unused(journal)
    if end["outcome"] != "failed" or taken is None:
        return end
    useless = snapshot.of_this_host().unusable(taken)
    if useless:
        return {**end, "reason": f"{end['reason']}; {useless}"}
    snapshot.used(journal)
    way.note("snapshot")
    reboot = {"owed": True, "why": ["the snapshot from before the update takes effect with a boot"]}
    reason = f"the packages would not go back: {end['reason']}"
    return {"state": "done", "outcome": REVERTING, "reason": reason, "differences": [], "reboot": reboot}


def switched(journal: Journal) -> None:
    """Have the next boot start from the snapshot; where that fails, so has the rollback."""
    taken = (journal.read("snapshot") or {})["taken"]
    try:
        snapshot.of_this_host().revert(taken, journal.root)
    except HostError as error:
        entry = journal.read("rollback") or {}
        end = {"state": "failed", "outcome": "failed", "reboot": {"owed": False, "why": []}}
        journal.write("rollback", {**entry, **end, "reason": f"{entry['reason']}; {error.sentence()}"})


def looked_over(journal: Journal, entry: Entry) -> Entry:
    """The rollback's end once the host has booted from the snapshot: everything compared with the record."""
    if entry["boot"] == fingerprint():
        return entry
    way = course(journal, entry)
    end = compared(way, host.package_manager(), masks(way), [])
    reason = "; ".join(filter(None, [entry["reason"], "the snapshot was put in place", end["reason"]]))
    return journal.write("rollback", {**entry, **end, "reason": reason, "reboot": {"owed": False, "why": []}})


def _noted(journal: Journal, method: str) -> None:
    """Journal each method before it is used: none is used twice in one rollback."""
    entry = journal.read("rollback") or {}
    journal.write("rollback", {**entry, "methods": [*entry.get("methods", []), method]})
