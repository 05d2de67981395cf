"""reboot: the intent written down before a host reboots, and afterwards the proof that it did, once."""

from __future__ import annotations

from typing import Any

from . import host
from .answer import Answer, Call
from .boot import fingerprint
from .confirm import ordered_reboot, reverted
from .hold import CALL_LOCK, exclusive
from .inspection import journal_view, reboot_owed
from .journal import Entry, Journal
from .kernel import Kernels, kernels

BLANK: dict[str, Any] = {
    "wanted": False,
    "reason": "",
    "reboot": {"owed": False, "why": []},
    "kernel": {"running": "", "expected": None, "note": "", "own": False},
    "journal": None,
    "reverted": False,
}
_PATIENCE = 600


def reboot(
    run: str, attempt: int, state: str, when: str = "owed", confirm: float = 0, check_mode: bool = False
) -> Answer:
    """Whether the host is to reboot now (`intended`), or whether it did as it should (`proven`).

    `confirm`: in how many seconds after the reboot the host has to be confirmed, where that is awaited.
    """
    host.require_root()
    journal = Journal(run)
    if check_mode:
        return Answer(_report(journal, wanted=_is_wanted(journal, reboot_owed(), when)))
    with exclusive(CALL_LOCK, _PATIENCE):
        journal.create()
        journal.fence(attempt)
        gone = reverted(journal)
        if gone:
            return Answer({**_report(journal, reason=gone), "reverted": True}, failure=gone)
        return _intended(journal, when, confirm) if state == "intended" else _proven(journal)


def _intended(journal: Journal, when: str, confirm: float) -> Answer:
    """The intent journaled, unless nothing is owed; never again after a reboot that did not do what it was for."""
    debt = reboot_owed()
    phase = _phase(journal)
    former = journal.read("reboot") or {}
    wanted = _is_wanted(journal, debt, when)
    unanswered = former.get("phase") == phase and former.get("state") != "done"
    if wanted and unanswered and former["boot"] != fingerprint():
        failure = f"the host rebooted and owes the reboot again, so it is not done again: {'; '.join(debt['why'])}"
        return Answer(_report(journal, reason=failure), failure=failure)
    if wanted:
        expected = _expected(journal, phase)
        entry = {"state": "intent", "phase": phase, "boot": fingerprint(), "why": debt["why"], "kernel": expected}
        journal.write("reboot", entry)
        if former.get("boot") != entry["boot"]:  # else it is the same one, taken up again
            ordered_reboot(journal, confirm)
    return Answer(_report(journal, wanted=wanted))


def _expected(journal: Journal, phase: str) -> dict[str, Any]:
    """The kernels, with the one that the next boot is to start; after a way back it is the one from before."""
    now = kernels().as_dict()
    before = (journal.read("record") or {}).get("kernel", {}).get("expected") if phase == "rollback" else None
    return {**now, "expected": now["expected"] or before}


def _is_wanted(journal: Journal, debt: dict[str, Any], when: str) -> bool:
    if when != "always":
        return when == "owed" and bool(debt["owed"])
    since = (journal.read("patch") or {}).get("boot_before") or (journal.read("reboot") or {}).get("boot")
    return since in (None, fingerprint())


def _phase(journal: Journal) -> str:
    """What the reboot follows: each of these may reboot the host once."""
    return "rollback" if journal.read("rollback") is not None else "patch"


def _proven(journal: Journal) -> Answer:
    entry = journal.read("reboot")
    if entry is None or entry.get("state") == "done":
        return Answer(_report(journal, reason=(entry or {}).get("reason", "")))
    now = kernels()
    failure = unproven(entry, fingerprint(), now, reboot_owed()["why"])
    reason = failure or proof(now)
    journal.write("reboot", {**entry, "state": "failed" if failure else "done", "reason": reason})
    return Answer(_report(journal, reason=reason), changed=not failure, failure=failure)


def proof(now: Kernels) -> str:
    """What proves the reboot, in words."""
    kernel = f"kernel {now.running}, as expected" if now.expected is not None else f"kernel {now.running}; {now.note}"
    return f"the host is another boot, with {kernel}"


def unproven(intent: Entry, boot_now: str, now: Kernels, why: list[str]) -> str:
    """Why the reboot is not the one that was meant: the sentence, or nothing. `why` are the reasons owed now."""
    if boot_now == intent["boot"]:
        return "the host did not reboot: it is the same boot as before"
    expected = intent["kernel"]["expected"]
    if expected is not None and (now.difference() or expected.split()[0] != now.running.release):
        return f"the host came back on kernel {now.running}, {expected} was expected"
    again = [reason for reason in why if reason in intent["why"]]
    return f"the host rebooted and still owes the same reboot: {'; '.join(again)}" if again else ""


def _report(journal: Journal, wanted: bool = False, reason: str = "") -> dict[str, Any]:
    return {
        **BLANK,
        "wanted": wanted,
        "reason": reason,
        "reboot": reboot_owed(),
        "kernel": kernels().as_dict(),
        "journal": journal_view(journal) if journal.exists() else None,
    }


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "attempt": {"type": "int", "default": 1},
        "state": {"type": "str", "choices": ["intended", "proven"], "required": True},
        "when": {"type": "str", "choices": ["owed", "always", "never"], "default": "owed"},
        "confirm": {"type": "float", "default": 0},
    },
    lambda given, check_mode: reboot(**given, check_mode=check_mode),
    BLANK,
)
