"""The words of a run: steps, end states and outcomes. Their names are a contract with users."""

from enum import StrEnum


class Step(StrEnum):
    """One thing that is done to a host; also a playbook, a role, a scenario and a row of a report."""

    PROBE = "probe"
    STAGE = "stage"
    ENTER = "enter"
    PATCH = "patch"
    REBOOT = "reboot"
    VERIFY = "verify"
    LEAVE = "leave"
    ROLLBACK = "rollback"


class EndState(StrEnum):
    """How a host ends: exactly one of these, always with a reason."""

    PATCHED = "patched"
    ROLLED_BACK = "rolled_back"
    UNTOUCHED = "untouched"
    QUARANTINED = "quarantined"


class Outcome(StrEnum):
    """How a run ends; `exit_code` is what the command returns."""

    DONE = "done"
    PARTLY = "partly"
    UNREACHABLE = "unreachable"
    HALTED = "halted"
    ROLLED_BACK = "rolled_back"
    NEEDS_PERSON = "needs_person"

    @property
    def exit_code(self) -> int:
        """The process exit code that stands for this outcome (append-only contract)."""
        return _EXIT_CODES[self]


WAITING_EXIT_CODE = 6
PENDING_EXIT_CODE = 8
INTERRUPTED_EXIT_CODE = 130


def exit_code(outcome: Outcome | None) -> int:
    """Return the exit code of a run: that of its outcome, or the one for waiting until it has one."""
    return WAITING_EXIT_CODE if outcome is None else outcome.exit_code


_EXIT_CODES = {
    Outcome.DONE: 0,
    Outcome.PARTLY: 3,
    Outcome.UNREACHABLE: 4,
    Outcome.HALTED: 5,
    Outcome.ROLLED_BACK: 9,
    Outcome.NEEDS_PERSON: 10,
}
