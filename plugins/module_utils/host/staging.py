"""stage: fetch exactly the locked files, keep the old ones, and prove both directions before anything is touched."""

from __future__ import annotations

import time
from typing import Any, List, Mapping, Sequence

from . import backup, host
from .answer import Answer, Call
from .changes import current, detour, remaining, unexpected
from .errors import HostError, summed_up
from .files import collected, described, intact, room_missing
from .hold import CALL_LOCK, exclusive
from .journal import Entry, Journal
from .names import Change, change
from .packagemanager import Installed, PackageFile, PackageManager, Return, Trouble, Wanted
from .retention import is_settled, prune
from .snapshot import of_this_host
from .snapshots import NONE, PACKAGES, SNAPSHOT
from .supply import MissingError, brought, close_inbox, open_inbox
from .unit import as_it_is
from .whole import keep

BLANK = {
    "ready": False,
    "reason": "",
    "staged": [],
    "kept": [],
    "reverse": {"proven": False, "reason": ""},
    "trouble": [],
    "bytes": 0,
    "missing": [],
    "brought": [],
    "backed_up": False,
}
Files = List[PackageFile]

_LOCK_PATIENCE = 90
_CALL_PATIENCE = 3600


def stage(
    run: str,
    attempt: int,
    packages: list[Any],
    removes: list[Any],
    promised: Sequence[str] = (),
    returns: str = PACKAGES,
    machine_id: str = "",
    check_mode: bool = False,
) -> Answer:
    """Everything that apply and rollback will need, on this host and proven; not ready is a failure with its reason.

    It is none where all that is missing are files that the controller promised (by sha256) to bring to the inbox.
    """
    host.require_root()
    host.require_machine(machine_id)
    wanted = change(packages, removes)
    journal = Journal(run)
    if check_mode:
        return _foreseen(journal, wanted, returns)
    return _ready_or_why_not(journal, attempt, wanted, promised, returns)


def _ready_or_why_not(journal: Journal, attempt: int, wanted: Change, promised: Sequence[str], returns: str) -> Answer:
    with exclusive(CALL_LOCK, _CALL_PATIENCE):
        journal.create()
        journal.fence(attempt)
        already = _already(journal, wanted, returns)
        if already is not None:
            return already
        begin_afresh(journal)
        entry = _staged_or_why_not(journal, wanted, returns)
        journal.write("stage", {**entry, "attempt": attempt, **wanted.as_dict(), "returns": returns})
        if entry["state"] == "done":
            keep()
        prune(journal)
        report = _report(entry)
        awaited = bool(report["missing"]) and set(report["missing"]) <= set(promised)
        failure = "" if awaited else _failure(report)
        return Answer(report, changed=bool(report["staged"] or report["kept"]), failure=failure)


def secured(answer: Answer, asked: Mapping[str, Any] | None) -> Answer:
    """The answer of a host that is ready, once it is backed up, too; a backup is made anew whenever it is asked for."""
    if not asked or not answer.report["ready"]:
        return answer
    why = backup.trouble(asked)
    report = {**answer.report, "ready": not why, "reason": why, "backed_up": not why}
    return Answer(report, changed=True, failure=why)


def _already(journal: Journal, wanted: Change, returns: str) -> Answer | None:
    """The answer where nothing is to be done: no packages, or these were staged by an earlier call and are intact."""
    if not wanted:
        return Answer({**BLANK, "ready": True, "reverse": {"proven": True, "reason": "nothing to do"}})
    patch = as_it_is(journal.read("patch"))
    entry = journal.read("stage")
    same = entry is not None and wanted.is_in(entry) and entry.get("returns", PACKAGES) == returns
    if entry is not None and same and entry.get("state") == "done":
        started = patch is not None and patch.get("state") in ("running", "done", "failed")
        if started or intact(journal.folder, entry):
            return Answer(_report(entry))
    if not is_settled(journal):
        reason = f"run {journal.run} has a transaction on this host that neither ended well nor was rolled back"
        raise HostError(reason, "roll it back first", code="unfinished")
    return None


def begin_afresh(journal: Journal) -> None:
    """Put the finished transaction of an earlier use of this run id aside."""
    if journal.read("patch") is None:
        return
    aside = journal.folder / "past" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in ("stage", "record", "patch", "confirm", "reboot", "snapshot", "rollback"):
        path = journal.folder / f"{part}.json"
        if path.exists():
            path.rename(aside / path.name)


def _staged_or_why_not(journal: Journal, wanted: Change, returns: str) -> Entry:
    try:
        return _staged(journal, wanted, host.package_manager(), returns)
    except MissingError as error:
        open_inbox(journal.folder)
        trouble = Trouble(error.code, error.reason, error.hint)
        return _entry(trouble=[trouble], missing=sorted(one.sha256 for one in error.files))
    except HostError as error:
        return _entry(trouble=[Trouble(error.code, error.reason, error.hint)])


def _staged(journal: Journal, wanted: Change, manager: PackageManager, returns: str) -> Entry:
    trouble = _waited_troubles(manager)
    installed = manager.installed()
    todo = remaining(installed, wanted)
    trouble += held_back(installed, todo)
    if trouble:
        return _entry(trouble=trouble)
    if not todo:
        return _entry(reverse={"proven": True, "reason": "nothing to do"})
    lacking = room_missing(todo.packages)
    if lacking:
        return _entry(trouble=[lacking])
    came = brought(journal.folder)
    staged, kept = collected(journal.folder, todo.packages, [] if returns == NONE else _old(installed, todo), manager)
    close_inbox(journal.folder)
    entry = _entry(staged=described(staged, todo.packages), kept=kept_described(kept), brought=came)
    lacking = room_missing([], staged, [file for file, _ in kept])
    if lacking:
        return _unproven(entry, lacking)
    lacking = _no_snapshot(staged) if returns == SNAPSHOT else None
    if lacking:
        return _unproven(entry, lacking)
    return _proven(entry, manager, todo, staged, None if returns == NONE else [file for file, _ in kept], journal)


def _no_snapshot(staged: Files) -> Trouble | None:
    """A trouble when this host cannot be put back by a snapshot."""
    why = of_this_host().impossible(sum(file.installed_bytes for file in staged))
    hint = "plan with `return: packages`, or `none`"
    return Trouble("snapshot", f"no snapshot can be the way back: {why}", hint) if why else None


def _proven(
    entry: Entry,
    manager: PackageManager,
    todo: Change,
    staged: Files,
    kept: Files | None,
    journal: Journal,
) -> Entry:
    """The entry with the forward transaction simulated and, unless no way back is wanted, the reverse one proven."""
    wrong = detour(manager, todo, [file.path for file in staged])
    if wrong:
        return _unproven(
            entry, Trouble("forward", f"the update would not do what the plan says: {wrong}", "plan again")
        )
    entry = {**entry, "state": "done", "bytes": sum(file.path.stat().st_size for file in [*staged, *(kept or [])])}
    if kept is None:
        return {**entry, "reverse": {"proven": False, "reason": "the plan wants no way back (return: none)"}}
    new = [package.key for package in todo.packages if package.previous is None]
    course = Return(old=tuple(file.path for file in kept), purge=tuple(new))
    back = manager.reverse(staged, todo.leaves, course, journal.folder)
    wrong = unexpected(back, {file.key: file.version for file in kept}, new) if back.solved else back.reason
    if wrong:
        entry = {**entry, "reverse": {"proven": False, "reason": wrong}}
        return _unproven(entry, Trouble("reverse", f"there is no way back: {wrong}", "leave these packages out"))
    proof = "solved on this host with the new versions taken as installed"
    return {**entry, "reverse": {"proven": True, "reason": proof}}


def _unproven(entry: Entry, trouble: Trouble) -> Entry:
    return {**entry, "state": "failed", "trouble": [trouble.as_dict()]}


def _waited_troubles(manager: PackageManager) -> list[Trouble]:
    """What stands in the way, after a while of patience with whoever holds the package manager's lock."""
    until = time.monotonic() + _LOCK_PATIENCE
    while True:
        trouble = manager.troubles() + host.read_only()
        if time.monotonic() > until or not any(one.code == "locked" for one in trouble):
            return trouble
        time.sleep(1)


def held_back(installed: dict[str, Installed], todo: Change) -> list[Trouble]:
    """A trouble for each package whose admin holds it."""
    touched = [*(current(installed, package) for package in todo.packages), *(installed[key] for key in todo.leaves)]
    held = [one.key for one in touched if one and one.wanted == "hold"]
    return [Trouble("held", f"{key} is on hold on this host", "exclude it, or lift the hold there") for key in held]


def _old(installed: dict[str, Installed], todo: Change) -> list[Wanted]:
    """What is replaced or leaves: the way back needs a file of each."""
    replaced = (current(installed, package) for package in todo.packages)
    return [Wanted(one.name, one.arch, one.version) for one in (*replaced, *todo.removes) if one is not None]


def _foreseen(journal: Journal, wanted: Change, returns: str) -> Answer:
    """The answer of check mode: everything that can be judged without a download."""
    already = _already(journal, wanted, returns) if journal.exists() or not wanted else None
    if already is not None:
        return already
    manager = host.package_manager()
    installed = manager.installed()
    todo = remaining(installed, wanted)
    trouble = manager.troubles() + host.read_only() + held_back(installed, todo)
    lacking = room_missing(todo.packages)
    trouble += [lacking] if lacking else []
    if todo and not trouble:
        plan = manager.named([Wanted(one.name, one.arch, one.version) for one in todo.packages], todo.leaves)
        installs = {one.key: one.version for one in todo.packages}
        wrong = unexpected(plan, installs, todo.leaves) if plan.solved else plan.reason
        trouble += [Trouble("forward", f"the update would not do what the plan says: {wrong}")] if wrong else []
    entry = _entry(
        trouble=trouble, reverse={"proven": False, "reason": "check mode: nothing was fetched to prove it with"}
    )
    report = _report(entry)
    return Answer(report, changed=bool(todo) and not trouble, failure=_failure(report))


def kept_described(kept: Any) -> list[dict[str, Any]]:
    """The kept old files as the journal lists them; `source` says where each came from."""
    return [
        {
            "name": f.name,
            "arch": f.arch,
            "version": f.version,
            "filename": f.path.name,
            "sha256": digest,
            "source": source,
        }
        for f, (digest, source) in kept
    ]


def _entry(**values: Any) -> Entry:
    trouble = [one.as_dict() for one in values.pop("trouble", [])]
    return {**BLANK, **values, "trouble": trouble, "state": "failed" if trouble else "done"}


def _report(entry: Entry) -> dict[str, Any]:
    ready = entry.get("state") == "done"
    reason = "" if ready else _reason(entry.get("trouble", []))
    return {**{key: entry.get(key, default) for key, default in BLANK.items()}, "ready": ready, "reason": reason}


def _reason(trouble: list[dict[str, str]]) -> str:
    sentences = [f"{one['reason']} ({one['hint']})" if one["hint"] else one["reason"] for one in trouble]
    return summed_up(sentences) or "not ready"


def _failure(report: dict[str, Any]) -> str:
    return "" if report["ready"] else f"not ready: {report['reason']}"


def _called(given: Mapping[str, Any], check_mode: bool) -> Answer:
    asked = {name: value for name, value in given.items() if name != "backup"}
    return secured(stage(**asked, check_mode=check_mode), None if check_mode else given["backup"])


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "attempt": {"type": "int", "default": 1},
        "packages": {"type": "list", "elements": "dict", "required": True},
        "removes": {"type": "list", "elements": "dict", "default": []},
        "promised": {"type": "list", "elements": "str", "default": []},
        "returns": {"type": "str", "choices": ["packages", "snapshot", "none"], "default": "packages"},
        "machine_id": {"type": "str", "default": ""},
        "backup": {"type": "dict"},
    },
    _called,
    BLANK,
)
