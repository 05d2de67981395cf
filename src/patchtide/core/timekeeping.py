"""Whether the controller's own clock may be believed: a window is only as good as the clock that is asked."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeGuard

from patchtide.core.actions import Action, Do, Wait
from patchtide.core.steps import Step
from patchtide.core.verdict import Verdict, no, yes

_LOOK_AGAIN = timedelta(minutes=1)
_UNSYNCED = "the clock of this machine is not synchronised, so nobody can tell whether a window is open"
_UNKNOWN = "this machine does not say whether its clock is synchronised, and `clock: require_sync` wants to know"


class ClockPolicy(StrEnum):
    """What is asked of the clock of the machine that carries out a run."""

    REQUIRE_SYNC = "require_sync"
    AVOID_UNSYNCED = "avoid_unsynced"
    TRUST = "trust"


def clock_gate(policy: ClockPolicy, synchronised: bool | None) -> Verdict:  # noqa: FBT001  # yes, no, or nobody knows
    """Say whether the clock of this machine may be gone by; `synchronised` is None where nobody can say."""
    if policy is not ClockPolicy.TRUST and synchronised is False:
        return no("clock", _UNSYNCED)
    if policy is ClockPolicy.REQUIRE_SYNC and synchronised is None:
        return no("clock", _UNKNOWN)
    return yes("clock", "the clock of this machine may be gone by")


def begins(action: Action) -> TypeGuard[Do]:
    """Tell whether an action lets hosts in that were outside: only that depends on what time it is."""
    return isinstance(action, Do) and action.step is Step.ENTER


def held_by(gate: Verdict, tier: str, now: datetime) -> Wait:
    """Return the wait for what no plan knows; where nobody can say until when, it is looked at again in a minute."""
    return Wait(gate.until or now + _LOOK_AGAIN, gate.code, gate.reason, tier)
