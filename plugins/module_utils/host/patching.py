"""apply: record the state, then hand the staged files to a transaction that outlives this call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import host
from .answer import Answer, Call
from .boot import fingerprint
from .changes import remaining
from .checks import Check
from .checks import checks as named_checks
from .clock import utc_now
from .confirm import arm, refuse_beside_others, reverted
from .errors import HostError
from .files import verified
from .hold import CALL_LOCK, exclusive
from .journal import Entry, Journal
from .measurements import measurements
from .names import Change, change
from .options import CHECKS
from .packagemanager import PackageManager
from .recovery import recorded
from .seen import Past
from .snapshot import take
from .snapshots import SNAPSHOT
from .unit import ENDED, alive, as_it_is, ended, launched
from .upkeep import maintenance

BLANK: dict[str, Any] = {
    "outcome": "failed",
    "reason": "",
    "installed": [],
    "reboot": {"owed": False, "why": []},
    "kernel": {},
    "stale": [],
    "unit": "",
    "started": "",
    "finished": "",
    "log_tail": "",
    "reverted": False,
}


@dataclass(frozen=True)
class Terms:
    """How an update is done: what it may take (seconds) and when it has to be confirmed (0: it need not be).

    `way_back`: how many seconds the host may take to restore itself when nobody confirms it.
    `renew`: whether services that still run replaced files are restarted, but for the units in `keep`.
    """

    deadline: float
    confirm: float = 0
    way_back: float = 1800
    renew: bool = False
    keep: tuple[str, ...] = ()


def apply(
    run: str,
    attempt: int,
    packages: list[Any],
    removes: list[Any],
    checks: list[Any],
    terms: Terms,
    check_mode: bool = False,
    entering: list[Any] | None = None,
) -> Answer:
    """The staged packages installed, exactly those; a second call finds out what the first did.

    With `entering` maintenance mode is entered first, and these actions are done, unless the update has begun.
    """
    host.require_root()
    wanted = change(packages, removes)
    baseline = named_checks(checks)
    journal = Journal(run)
    if not wanted:
        return Answer({**BLANK, "outcome": "nothing", "reason": "no packages were asked for"})
    if check_mode:
        return _foreseen(journal, wanted)
    if entering is not None and journal.read("patch") is None:
        maintenance(run, attempt, "entered", entering)
    with exclusive(CALL_LOCK, terms.deadline):
        if not journal.exists():
            raise HostError(f"run {run} staged nothing on this host", "stage first", code="unstaged")
        journal.fence(attempt)
        entry = journal.read("patch")
        if entry is not None and not wanted.is_in(entry):
            raise HostError(f"run {run} patched other packages on this host", "use another run id", code="packages")
        if reverted(journal):
            return Answer({**BLANK, "reverted": True, "reason": reverted(journal)}, failure=reverted(journal))
        if journal.read("rollback") is not None:
            raise HostError(f"run {run} was rolled back on this host", "use another run id", code="rolled-back")
        return _gone_on(journal, entry, wanted, baseline, attempt, terms)


def _gone_on(
    journal: Journal, entry: Entry | None, wanted: Change, baseline: list[Check], attempt: int, terms: Terms
) -> Answer:
    if entry is not None and entry.get("state") in ENDED:
        return _answer(entry, changed=False)
    if entry is None or (entry.get("state") == "intent" and not alive(entry)):
        entry = _begun(journal, entry, wanted, baseline, attempt, terms)
    if entry.get("state") in ENDED:
        return _answer(entry, changed=False)
    return _answer(ended(journal, "patch", terms.deadline), changed=True)


def _begun(
    journal: Journal, former: Entry | None, wanted: Change, baseline: list[Check], attempt: int, terms: Terms
) -> Entry:
    """The entry after the state was recorded and the transaction started, or `nothing` where all is installed."""
    stage = journal.read("stage") or {}
    if stage.get("state") != "done" or not wanted.is_in(stage):
        raise HostError(f"run {journal.run} did not stage these packages on this host", "stage first", code="unstaged")
    manager = host.package_manager()
    todo = remaining(manager.installed(), wanted)
    listed = [one for one in stage["staged"] if one["name"] in {package.name for package in todo.packages}]
    if len(listed) != len(todo.packages):
        raise HostError(
            f"run {journal.run} staged no file for a package that is not installed yet", "stage again", "unstaged"
        )
    files = verified(journal.folder / "staged", listed)
    verified(journal.folder / "kept", stage["kept"])
    _record(journal, manager, todo, files, baseline)
    launch = int((former or {}).get("launch", 0)) + 1
    entry = {
        **BLANK,
        "state": "intent",
        "outcome": "",
        "attempt": attempt,
        "launch": launch,
        "unit": f"patchtide-{journal.run}-patch-{launch}",
        **wanted.as_dict(),
        "todo": [one.as_dict() for one in todo.packages],
        "leaving": [one.as_dict() for one in todo.removes],
        "files": listed,
        "deadline": terms.deadline,
        "renew": terms.renew,
        "keep": list(terms.keep),
        "boot_before": fingerprint(),
    }
    if not todo:
        now = utc_now()
        nothing = {"state": "done", "outcome": "nothing", "reason": "everything is installed already", "unit": ""}
        return journal.write("patch", {**entry, **nothing, "started": now, "finished": now})
    refuse_beside_others(journal)
    if stage.get("returns") == SNAPSHOT:
        take(journal)  # before the confirm timer is set: what comes back must not hold it
    if terms.confirm:
        arm(journal, terms.confirm, terms.way_back)
    journal.write("patch", entry)
    launched(journal, "patch", entry)
    return entry


def _record(journal: Journal, manager: PackageManager, todo: Change, files: Any, baseline: list[Check]) -> None:
    keys = [*(package.key for package in todo.packages if package.previous is not None), *todo.leaves]
    record = recorded(manager, keys, files, journal.folder / "settings")
    measured = measurements(baseline, Past(record["services"]))
    journal.write("record", {**record, "baseline_measurements": measured})


def _foreseen(journal: Journal, wanted: Change) -> Answer:
    """The answer of check mode."""
    entry = as_it_is(journal.read("patch")) if journal.exists() else None
    if entry is not None and entry.get("state") in ENDED:
        return _answer(entry, changed=False)
    todo = remaining(host.package_manager().installed(), wanted)
    if not todo:
        return Answer({**BLANK, "outcome": "nothing", "reason": "everything is installed already"})
    listed = [
        {"name": one.name, "arch": one.arch, "version": one.version, "sha256": one.sha256} for one in todo.packages
    ]
    reason = f"check mode: {len(listed)} packages would be installed, {len(todo.removes)} removed"
    return Answer({**BLANK, "outcome": "applied", "reason": reason, "installed": listed}, changed=True)


def _answer(entry: Entry, changed: bool) -> Answer:
    report = {key: entry.get(key, default) for key, default in BLANK.items()}
    failed = entry.get("state") == "failed" or report["outcome"] not in ("applied", "nothing")
    return Answer(report, changed=changed, failure=f"the update failed: {report['reason']}" if failed else "")


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "attempt": {"type": "int", "default": 1},
        "packages": {"type": "list", "elements": "dict", "required": True},
        "removes": {"type": "list", "elements": "dict", "default": []},
        "checks": CHECKS,
        "deadline": {"type": "float", "default": 1800},
        "confirm": {"type": "float", "default": 0},
        "way_back": {"type": "float", "default": 1800},
        "renew": {"type": "bool", "default": False},
        "keep": {"type": "list", "elements": "str", "default": []},
        "enter": {"type": "bool", "default": False},
        "actions": {"type": "list", "elements": "dict", "default": []},
    },
    lambda given, check_mode: apply(
        given["run"],
        given["attempt"],
        given["packages"],
        given["removes"],
        given["checks"],
        Terms(given["deadline"], given["confirm"], given["way_back"], given["renew"], tuple(given["keep"])),
        check_mode,
        given["actions"] if given["enter"] else None,
    ),
    BLANK,
)
