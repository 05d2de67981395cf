"""inspect: what a run's journal says, and what is true of it now."""

from __future__ import annotations

from typing import Any

from . import host
from .answer import Answer
from .boot import fingerprint, owed
from .journal import ROOT, Journal
from .unit import as_it_is

BLANK: dict[str, Any] = {"journal": None, "reboot": {"owed": False, "why": []}}
_PRIVATE = ("packages", "files", "todo", "files_after")


def inspect(run: str) -> Answer:
    """The run's journal, and whether a reboot is owed in this very boot; nothing is changed."""
    host.require_root()
    journal = Journal(run)
    return Answer({"journal": journal_view(journal) if journal.exists() else None, "reboot": reboot_owed()})


def journal_view(journal: Journal) -> dict[str, Any]:
    """The journal as the contract shows it: parts that say `running` without a process are shown as failed."""
    patch = as_it_is(journal.read("patch"))
    return {
        "run": journal.run,
        "attempt": int((journal.read("attempt") or {}).get("attempt", 0)),
        "stage": _shown(journal.read("stage")),
        "maintenance": journal.read("maintenance"),
        "patch": _shown(patch),
        "rollback": _shown(as_it_is(journal.read("rollback"))),
        "boot": fingerprint(),
        "boot_before": patch.get("boot_before") if patch else None,
    }


def reboot_owed() -> dict[str, Any]:
    """Whether a reboot is owed now, by the distribution's flag or by what any run changed in this boot."""
    changes = []
    for folder in sorted(ROOT.iterdir()) if ROOT.is_dir() else []:
        journal = Journal(folder.name)
        patch, rollback = journal.read("patch"), journal.read("rollback")
        if patch is not None and (rollback or {}).get("outcome") != "restored":
            changes.append((patch.get("boot_before", ""), [one["name"] for one in patch.get("todo", [])]))
    return owed(changes, fingerprint())


def _shown(entry: dict[str, Any] | None) -> dict[str, Any] | None:
    if entry is None:
        return None
    return {key: value for key, value in entry.items() if key not in _PRIVATE}
