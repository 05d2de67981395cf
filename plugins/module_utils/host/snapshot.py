"""A run's snapshot, taken right before its update: the way back where packages will not go back."""

from __future__ import annotations

from .btrfs import Btrfs
from .errors import HostError
from .journal import Entry, Journal
from .snapshots import Snapshots, Taken


def of_this_host() -> Snapshots:
    """The method for this host's root file system."""
    return Btrfs()


def unused(journal: Journal) -> Taken | None:
    """The run's snapshot where one was taken, and neither used nor dropped since."""
    entry = journal.read("snapshot") or {}
    return entry["taken"] if entry.get("state") == "taken" else None


def used(journal: Journal) -> None:
    """Journal that the snapshot is about to be used, which is done once."""
    journal.write("snapshot", {**(journal.read("snapshot") or {}), "state": "used"})


def take(journal: Journal) -> None:
    """Take the run's snapshot, journaled before and after."""
    journal.write("snapshot", {"state": "intent"})
    journal.write("snapshot", {"state": "taken", "taken": of_this_host().take(journal.run)})


def drop(journal: Journal, replaced: bool = False) -> None:
    """Delete the run's snapshot, if it has one; it goes on to be known where the file system will not delete it."""
    entry: Entry = journal.read("snapshot") or {}
    if "taken" not in entry or entry["state"] == "gone" or (entry["state"] == "dropped" and not replaced):
        return
    try:
        of_this_host().drop(entry["taken"], replaced)
    except HostError as error:
        journal.write("snapshot", {**entry, "kept": error.reason})
        return
    journal.write("snapshot", {**entry, "state": "gone" if replaced else "dropped"})
