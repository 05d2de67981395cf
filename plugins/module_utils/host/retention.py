"""What is kept of earlier runs: every journal, but files only of the latest few, or a host fills up month by month."""

from __future__ import annotations

import shutil
from pathlib import Path

from .confirm import is_armed
from .errors import HostError
from .journal import Journal, run_folders
from .snapshot import drop
from .unit import as_it_is, began_nothing

KEPT_RUNS = 3
_BULKY = ("staged", "kept", "inbox", "settings", "aside")
_NOTES = ("host.pyz", "imagined-status", "reserve")


def is_settled(journal: Journal) -> bool:
    """Whether the run needs its files no more to bring this host into a known state."""
    patch, rollback = as_it_is(journal.read("patch")), as_it_is(journal.read("rollback"))
    if is_armed(journal):
        return False
    if rollback is not None:
        return rollback.get("state") == "done"
    return patch is None or patch.get("state") in ("intent", "done") or began_nothing(patch)


def prune(current: Journal) -> list[str]:
    """Remove the files of settled runs other than this one and the latest few; the names of the runs pruned."""
    others = [Journal(folder.name, current.root) for folder in _runs(current.root) if folder.name != current.run]
    with_files = [one for one in others if any((one.folder / name).exists() for name in _BULKY)]
    pruned = []
    for journal in with_files[KEPT_RUNS:]:
        if _is_known_to_be_settled(journal):
            _remove_files(journal.folder)
            drop(journal, replaced=True)
            pruned.append(journal.run)
    return pruned


def _is_known_to_be_settled(journal: Journal) -> bool:
    try:
        # What is paused is given back by a timer that runs the program in the folder.
        return is_settled(journal) and (journal.read("maintenance") or {}).get("state") != "entered"
    except HostError:
        return False


def _runs(root: Path) -> list[Path]:
    """The folders of runs, the latest first."""
    return sorted(run_folders(root), key=lambda path: path.stat().st_mtime, reverse=True)


def _remove_files(folder: Path) -> None:
    for name in _BULKY:
        shutil.rmtree(str(folder / name), ignore_errors=True)
    for name in _NOTES:
        if (folder / name).exists():
            (folder / name).unlink()
