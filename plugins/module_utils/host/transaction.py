"""What runs in the transaction's own process: the update or the way back, journaled from its begin to its end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, Any, Callable, Sequence

from . import host
from .boot import fingerprint, owed
from .changes import departures, detour, mark_changes
from .clock import utc_now
from .command import Finished, readable
from .errors import HostError, summed_up
from .files import verified
from .hold import TRANSACTION_LOCK, exclusive, lock_patience, waited
from .journal import Entry, Journal
from .kernel import kernels
from .ladder import REVERTING, course, put_back, switched
from .names import Package, intended
from .packagemanager import Installed, PackageManager
from .settings import changed_files
from .stale import boot_reasons, renewed, stale, told

_TAIL = 4000
_UNBEGUN = "unbegun"


def transact(run: str, step: str, root: Path | None = None) -> int:
    """Carry out the step's intent and journal its end; the exit code is 0 only for an end as intended."""
    journal = Journal(run, root)
    work: dict[str, Callable[[Journal, Entry, IO[bytes]], Entry]] = {"patch": _patched, "rollback": _rolled_back}
    with exclusive(TRANSACTION_LOCK, 3600):
        entry = journal.read(step) or {}
        if entry.get("state") != "intent":
            return 0
        entry = journal.write(step, {**entry, "state": "running", "started": utc_now(), "boot": fingerprint()})
        path = journal.folder / f"{step}.log"
        with open(str(path), "ab") as log:
            path.chmod(0o600)
            try:
                end = work[step](journal, entry, log)
            except HostError as error:
                end = {"state": "failed", "outcome": "failed", "reason": error.sentence()}
                end.update({"begun": False} if error.code == _UNBEGUN else {})
            except Exception as error:  # noqa: BLE001  the journal has to say how it ended, whatever it was
                end = {"state": "failed", "outcome": "failed", "reason": f"{type(error).__name__}: {error}"}
        journal.write(step, {**(journal.read(step) or entry), **end, "finished": utc_now(), "log_tail": log_tail(path)})
        if end.get("outcome") == REVERTING:
            switched(journal)  # the last thing of all: what is journaled from now on, the next boot does not know
    return 0 if end["state"] == "done" else 1


def log_tail(path: Path) -> str:
    """The last part of a transaction's log, fit to be printed."""
    try:
        text = path.read_bytes()[-2 * _TAIL :].decode(errors="replace")
    except OSError:
        return ""
    said = "\n".join(line for line in text.splitlines() if line and not line.startswith("+ "))
    return readable(said, 2 * _TAIL)[-_TAIL:]


def _patched(journal: Journal, entry: Entry, log: IO[bytes]) -> Entry:
    """The end of the update: exactly the listed packages changed, marks as before, or the reason why not."""
    manager = host.package_manager()
    record = journal.read("record")
    if record is None:
        raise HostError("there is no record of the state before", "apply again", code="record")
    change = intended(entry)
    todo = change.packages
    files = verified(journal.folder / "staged", entry["files"])
    astray = detour(manager, change, files) if change.removes else ""
    if astray:
        raise HostError(f"the update would not do what was staged: {astray}", "stage again", code="forward")
    left = entry["deadline"] - awaited(manager, lock_patience(entry["deadline"]))
    done = manager.install(files, change.leaves, log, left)
    after = manager.installed()
    marked = _marked(manager, record, after, todo)
    wrong = departures(record["packages"], after, change)
    wrong += renewed(entry["keep"]) if entry["renew"] and done.ok else []
    wrong = wrong if done.ok else [*_holders(manager), *wrong]
    reason = _reason(done, wrong, marked, entry["deadline"])
    found = stale()
    changed = [one.name for one in todo if _is_at(after, one)]
    return {
        "state": "failed" if reason else "done",
        "outcome": "failed" if reason else "applied",
        "reason": reason,
        "installed": [
            {"name": one.name, "arch": one.arch, "version": one.version, "sha256": one.sha256}
            for one in todo
            if _is_at(after, one)
        ],
        "files_after": changed_files(record["files"]),
        "reboot": owed([(entry["boot_before"], changed)], fingerprint(), boot_reasons(found) if entry["renew"] else []),
        "stale": told(found),
        "stale_until_boot": boot_reasons(found) if entry["renew"] else [],
        "kernel": kernels().as_dict(),
    }


def _marked(
    manager: PackageManager, record: dict[str, Any], after: dict[str, Installed], todo: Sequence[Package]
) -> Finished:
    new = [one.key for one in todo if one.previous is None]
    automatic, manual = mark_changes(record["automatic"], manager.automatic(after), after, new)
    return manager.mark(automatic, manual)


def _reason(done: Finished, wrong: list[str], marked: Finished, deadline: float) -> str:
    """Why the update failed, in one sentence; empty when it did not."""
    if done.timed_out:
        return f"the package manager did not end within {deadline:.0f} s and was stopped; {summed_up(wrong)}"
    if not done.ok:
        return summed_up([done.why(), *wrong])
    if wrong:
        return summed_up(wrong)
    return "" if marked.ok else f"the marks of automatic packages could not be restored: {marked.why()}"


def _holders(manager: PackageManager) -> list[str]:
    """Who holds a lock of the package manager now: what it may have waited for."""
    return [one.reason for one in manager.holders()]


def awaited(manager: PackageManager, patience: float) -> float:
    """The seconds until nobody held the package manager's lock; HostError when patience (seconds) ended before.

    It waits by itself, too, for who comes in between. But what it says when it gives up cannot be told for certain
    from what a package's script may say, and here it is certain that nothing was begun.
    """
    start = time.monotonic()
    held = waited(manager.holders, patience)
    if held:
        reason = f"{held[0].reason}, and was for {patience:.0f} s"
        raise HostError(reason, "nothing was begun; wait until it has ended", code=_UNBEGUN)
    return time.monotonic() - start


def _is_at(after: dict[str, Installed], wanted: Package) -> bool:
    now = after.get(wanted.key)
    return now is not None and now.version == wanted.version and now.present


def _rolled_back(journal: Journal, entry: Entry, log: IO[bytes]) -> Entry:
    """The end of the way back, as the ladder tells it."""
    way = course(journal, entry)
    end = put_back(journal, way, host.package_manager(), log)
    if end["outcome"] == REVERTING:
        return end
    boot_before = (journal.read("patch") or {})["boot_before"]
    changed = sorted({key.partition(":")[0] for key in way.keys})
    # What went and came back in one boot leaves nothing that a reboot would mend.
    owing = owed([(fingerprint(), changed)] if boot_before != fingerprint() else [], fingerprint())
    return {**end, "reboot": owing}
