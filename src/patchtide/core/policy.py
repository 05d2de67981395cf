"""The promises a tier asks for: budgets, approvals, what to do when it goes wrong, how long things may take."""

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction


class OnFailure(StrEnum):
    """What happens to a host whose update did harm, and beyond the budget to hosts that are patched already.

    `rollback` puts back the rest of its wave too, `rollback_tier` all of its tier; the others leave such hosts alone.
    """

    ROLLBACK = "rollback"
    ROLLBACK_TIER = "rollback_tier"
    ASK = "ask"
    STOP = "stop"


class RebootPolicy(StrEnum):
    """Whether a reboot that an update made necessary is done in the same window."""

    WHEN_OWED = "when_owed"
    NEVER = "never"


class RestartPolicy(StrEnum):
    """Whether services that still run files which an update replaced are restarted with it."""

    WHEN_STALE = "when_stale"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Restarts:
    """Which services an update restarts: none, or the stale ones but for the units in `keep`."""

    policy: RestartPolicy = RestartPolicy.NEVER
    keep: tuple[str, ...] = ()


class ReturnBy(StrEnum):
    """The way back that has to be proven on a host before its update begins."""

    PACKAGES = "packages"
    SNAPSHOT = "snapshot"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of hosts, as a count or as a percentage of a tier (one of them is set)."""

    count: int | None = None
    percent: float | None = None

    @property
    def makes_sense(self) -> bool:
        """Whether it is a count, or a percentage of all and no more."""
        if self.count is not None:
            return self.percent is None and self.count >= 0
        return self.percent is not None and 0 <= self.percent <= 100  # noqa: PLR2004 - that is what a percentage is

    def of(self, total: int) -> int:
        """Return how many of `total` hosts this is, rounded down."""
        if self.count is not None:
            return self.count
        return math.floor(total * Fraction(str(self.percent or 0)) / 100)  # as it is written: 1.38 % of 5000 is 69

    def __str__(self) -> str:
        """Return the amount as it is written in a configuration."""
        return str(self.count) if self.count is not None else f"{self.percent:g}%"


NONE = Amount(count=0)


class ValidFor(StrEnum):
    """What an approval is good for: the opening that comes next, or the run for as long as it lasts."""

    OPENING = "opening"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Order:
    """Which hosts go before which: by the value that they have of a host variable, the first value first."""

    variable: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Canary:
    """The hosts of a tier that go first and soak before all others: named ones, or so many."""

    hosts: tuple[str, ...] = ()
    count: Amount = NONE
    soak: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many of which people have to agree, for how long that holds, and how long after the request things begin."""

    count: int
    people: tuple[str, ...]
    notice: timedelta = timedelta(0)
    valid_for: ValidFor = ValidFor.OPENING


@dataclass(frozen=True, slots=True)
class Asked:
    """What people are asked for before anything begins: their agreement, and a change request; `why` says by what."""

    approvals: Approvals | None
    request: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing that has to be done before a tier's opening, and how long before; `auto`: it is found out by itself."""

    name: str
    before: timedelta
    text: str = ""
    auto: str = ""


@dataclass(frozen=True, slots=True)
class EmergencyPolicy:
    """How long an emergency may last, and whether a second person has to agree first, or reviews it afterwards."""

    limit: timedelta = timedelta(hours=4)
    second_person: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take on a host: the wall of a window is kept with these."""

    patch: timedelta = timedelta(minutes=10)
    reboot: timedelta = timedelta(minutes=5)
    rollback: timedelta = timedelta(minutes=10)
    lost: timedelta = timedelta(minutes=10)
    """For how long an unreachable host that was being worked on is looked for."""
    confirm: timedelta = timedelta(minutes=5)
    """How much later than everything should be done a host that nobody confirmed restores itself; 0: never."""


ENTER_MARGIN = timedelta(minutes=1)
"""What entering maintenance mode may cost of a window, so that the update itself still finds its room."""

UPDATE, REBOOT, CHECKS, CONFIRMATION, WAY_BACK = "update", "reboot", "checks", "confirmation", "the way back"
"""The parts of the time that a wave needs."""


def room(
    limits: Limits, reboot: RebootPolicy, verify: timedelta, returns: ReturnBy, rounds: int = 1
) -> dict[str, timedelta]:
    """Return what a wave needs of its window, part by part; `verify` is how long the slowest check may take.

    A wave of more hosts than are worked on at once does each step in so many `rounds`.

    The way back is reserved in full: putting the host back may owe a reboot of its own, and health is judged again; a
    snapshot takes effect with a boot of its own.
    """
    owed = limits.reboot if reboot is RebootPolicy.WHEN_OWED else timedelta(0)
    switched = limits.reboot if returns is ReturnBy.SNAPSHOT else timedelta(0)
    back = limits.rollback + switched + owed + verify
    return {
        UPDATE: limits.patch * rounds,
        REBOOT: owed * rounds,
        CHECKS: verify * rounds,
        CONFIRMATION: limits.confirm,
        WAY_BACK: timedelta(0) if returns is ReturnBy.NONE else back * rounds,
    }
