"""inspect: what a run's journal says, and what is true of it now."""

from __future__ import annotations

from typing import Any

from . import host
from .answer import Answer, Call
from .boot import fingerprint, owed
from .journal import ROOT, Journal, run_folders
from .kernel import kernels
from .pairs import open_pairs
from .unit import as_it_is, began_nothing

BLANK: dict[str, Any] = {"journal": None, "reboot": {"owed": False, "why": []}, "kernel": {}}
_PRIVATE = ("packages", "removes", "files", "todo", "leaving", "files_after")


def inspect(run: str) -> Answer:
    """The run's journal, and whether a reboot is owed in this very boot; nothing is changed."""
    host.require_root()
    journal = Journal(run)
    view = journal_view(journal) if journal.exists() else None
    return Answer({"journal": view, "reboot": reboot_owed(), "kernel": kernels().as_dict()})


def journal_view(journal: Journal) -> dict[str, Any]:
    """The journal as the contract shows it: parts that say `running` without a process are shown as failed."""
    patch = as_it_is(journal.read("patch"))
    return {
        "run": journal.run,
        "attempt": int((journal.read("attempt") or {}).get("attempt", 0)),
        "stage": _shown(journal.read("stage")),
        "maintenance": _maintenance(journal.read("maintenance")),
        "patch": _shown(patch),
        "rollback": _shown(as_it_is(journal.read("rollback"))),
        "reboot": journal.read("reboot"),
        "confirm": journal.read("confirm"),
        "boot": fingerprint(),
        "boot_before": patch.get("boot_before") if patch else None,
    }


def _maintenance(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    """The part with the names of what is open: what was in a file before is nobody else's."""
    return None if entry is None else {**entry, "open": [pair["name"] for pair in open_pairs(entry)]}


def reboot_owed() -> dict[str, Any]:
    """Whether a reboot is owed now: what `boot.owed` finds, and what any run changed in this boot, or changed back."""
    changes, more = [], []
    for folder in sorted(run_folders(ROOT)):
        journal = Journal(folder.name)
        changes += run_changes(journal)
        more += _stale_until_boot(journal)
    return owed(changes, fingerprint(), more)


def _stale_until_boot(journal: Journal) -> list[str]:
    """What the run's update left running in this boot that only the next one renews."""
    patch, rollback = journal.read("patch") or {}, journal.read("rollback") or {}
    here = patch.get("boot_before") == fingerprint() and rollback.get("outcome") != "restored"
    return list(patch.get("stale_until_boot", [])) if here else []


def run_changes(journal: Journal) -> list[tuple[str, list[str]]]:
    """(boot, names) for each time that a run changed packages; what went and came back in one boot did not change."""
    patch, rollback = journal.read("patch"), journal.read("rollback") or {}
    if patch is None or began_nothing(patch):
        return []
    forth, back = patch.get("boot_before", ""), rollback.get("boot", "")
    names = [one["name"] for one in patch.get("todo", [])]
    if rollback.get("outcome") == "restored":
        return [] if back == forth else [(back, names)]
    return [(forth, names), *([(back, names)] if back else [])]


def _shown(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {key: value for key, value in entry.items() if key not in _PRIVATE}


CALL = Call(
    {"run": {"type": "str", "required": True}},
    lambda given, _: inspect(given["run"]),
    BLANK,
)
