"""rollback: start the way back in its own process, then judge the host's health again."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from . import host
from .answer import Answer, Call
from .checks import Check
from .checks import checks as named_checks
from .confirm import arm, settle
from .errors import HostError, summed_up
from .hold import CALL_LOCK, exclusive
from .journal import Entry, Journal
from .ladder import REVERTING, looked_over
from .measurements import measurements, regressions
from .options import CHECKS
from .services import services
from .unit import ENDED, alive, as_it_is, began_nothing, ended, interrupted, launched
from .verification import past_of

BLANK: dict[str, Any] = {
    "outcome": "failed",
    "reason": "",
    "differences": [],
    "measurements": [],
    "reboot": {"owed": False, "why": []},
}


def rollback(
    run: str, attempt: int, checks: list[Any], deadline: float, confirm: float = 0, check_mode: bool = False
) -> Answer:
    """The recorded state restored and compared, health judged; `nothing` where this run changed nothing here.

    `confirm`: in how many seconds the host has to be heard again before it does what is left by itself; 0: never.
    """
    host.require_root()
    wanted = named_checks(checks)
    journal = Journal(run)
    if not journal.exists():
        return _nothing()
    if check_mode:
        return _foreseen(journal)
    with exclusive(CALL_LOCK, 2 * deadline):
        journal.fence(attempt)
        patch = settled_patch(journal, deadline)
        if patch is None:
            settle(journal, "nothing")
            return _nothing()
        entry = journal.read("rollback")
        if entry is not None and _is_final(entry, attempt):
            return _answer(entry, changed=False)
        if entry is None or not _goes_on(entry):
            entry = _begun(journal, entry, attempt, deadline, confirm)
        entry = ended(journal, "rollback", deadline)
        if entry.get("outcome") == REVERTING:
            entry = looked_over(journal, entry)
        if entry.get("outcome") == REVERTING:
            return _answer(entry, changed=True)
        return _answer(_judged(journal, entry, wanted), changed=True)


def settled_patch(journal: Journal, deadline: float) -> Entry | None:
    """The update that is to be undone, once its process ended; None when it changed nothing."""
    patch = journal.read("patch")
    if patch is None or began_nothing(patch):
        return None
    if patch.get("state") not in ENDED and alive(patch):
        patch = ended(journal, "patch", float(patch.get("deadline", deadline)))  # its own: it is never cut short
    if patch.get("state") == "intent":
        reason = "it never began, and the run goes back"
        journal.write("patch", {**patch, "state": "failed", "outcome": "nothing", "reason": reason})
        return None
    if patch.get("state") == "running":
        journal.write("patch", {**patch, "state": "failed", "outcome": "failed", "reason": interrupted(patch)})
    return patch


def _is_final(entry: Entry, attempt: int) -> bool:
    """Whether the earlier rollback stands: it went well, or this is not a new attempt of a person or the controller."""
    if entry.get("state") not in ENDED or not entry.get("measured"):
        return False
    return entry.get("outcome") == "restored" or int(entry.get("attempt", 0)) >= attempt


def _goes_on(entry: Entry) -> bool:
    """Whether the transaction runs still, or ended with only health left to be judged."""
    if entry.get("state") in ENDED:
        return not entry.get("measured")
    return alive(entry)


def intended(journal: Journal, former: Entry | None, attempt: int, deadline: float) -> Entry:
    """The intent of a rollback, to be journaled before it begins."""
    launch = int((former or {}).get("launch", 0)) + 1
    return {
        **BLANK,
        "state": "intent",
        "outcome": "",
        "by": "controller",
        "attempt": attempt,
        "launch": launch,
        "unit": f"patchtide-{journal.run}-rollback-{launch}",
        "deadline": deadline,
        "methods": [],
        "measured": False,
    }


def _begun(journal: Journal, former: Entry | None, attempt: int, deadline: float, confirm: float) -> Entry:
    if confirm:
        arm(journal, confirm, deadline)  # should the host go dark while it goes back
    else:
        settle(journal, "taken over")
    entry = journal.write("rollback", intended(journal, former, attempt, deadline))
    launched(journal, "rollback", entry)
    return entry


def _judged(journal: Journal, entry: Entry, wanted: list[Check]) -> Entry:
    """The entry with health measured: what passed before the update and does not now leaves it unverified."""
    if entry.get("measured"):
        return entry
    record = journal.read("record") or {}
    paused = tuple((journal.read("maintenance") or {}).get("stopped", []))
    # What the bad update logged is not held against the host after its way back.
    past = replace(past_of(journal, record, paused), since=time.time(), restarts=_restarts())
    measured = measurements(wanted, past)
    end: Entry = {"measurements": measured, "measured": True}
    unhealthy = regressions(measured)
    if entry.get("outcome") == "restored" and unhealthy:
        end.update(outcome="unverified", reason=f"the state is restored, health is not: {summed_up(unhealthy)}")
    return journal.write("rollback", {**entry, **end})


def _restarts() -> dict[str, int]:
    """How often each service was restarted by its init so far; none where nobody can tell."""
    try:
        return {name: service.restarts for name, service in services().items()}
    except HostError:
        return {}


def _foreseen(journal: Journal) -> Answer:
    """The answer of check mode."""
    patch = as_it_is(journal.read("patch"))
    if patch is None or patch.get("state") == "intent" or began_nothing(patch):
        return _nothing()
    entry = as_it_is(journal.read("rollback"))
    if entry is not None and entry.get("state") in ENDED and entry.get("measured"):
        return _answer(entry, changed=False)
    report = {**BLANK, "outcome": "restored", "reason": "check mode: the state before this run would be restored"}
    return Answer(report, changed=True)


def _nothing() -> Answer:
    return Answer({**BLANK, "outcome": "nothing", "reason": "this run changed nothing on this host"})


def _answer(entry: Entry, changed: bool) -> Answer:
    report = {key: entry.get(key, default) for key, default in BLANK.items()}
    failed = report["outcome"] not in ("restored", REVERTING, "unverified", "nothing")
    return Answer(report, changed=changed, failure=f"the rollback failed: {report['reason']}" if failed else "")


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "attempt": {"type": "int", "default": 1},
        "checks": CHECKS,
        "deadline": {"type": "float", "default": 1800},
        "confirm": {"type": "float", "default": 0},
    },
    lambda given, check_mode: rollback(**given, check_mode=check_mode),
    BLANK,
)
