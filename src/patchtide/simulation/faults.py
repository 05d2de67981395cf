"""What may go wrong in a simulated run: by name for those who ask for it, host by host where it happens."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from patchtide.core.errors import UsageError
from patchtide.core.meant import meant
from patchtide.core.steps import Step


class Fault(StrEnum):
    """A kind of fault."""

    CRASH = "crash"
    LOST = "lost"
    DOUBLED = "doubled"
    UNREACHABLE = "unreachable"
    SLOW = "slow"
    CLOCK = "clock"
    WINDOWS = "windows"
    APPROVALS = "approvals"
    ROLLBACK = "rollback"
    HARM = "harm"
    PEOPLE = "people"
    CONTROLLERS = "controllers"


MEANING = {
    Fault.CRASH: "the controller is killed before and after commits, and in the middle of deeds",
    Fault.LOST: "answers of hosts are lost or cannot be read, whether or not the step was done",
    Fault.DOUBLED: "answers come twice, contradict each other, or come from strangers",
    Fault.UNREACHABLE: "hosts cannot be reached for minutes, hours, or for good",
    Fault.SLOW: "hosts take many times as long",
    Fault.CLOCK: "the controller's clock is set back and forth",
    Fault.WINDOWS: "the controller wakes up late, also after a window has closed",
    Fault.APPROVALS: "people take days to agree, or say no",
    Fault.ROLLBACK: "rollbacks fail, or cannot be verified",
    Fault.HARM: "steps fail, updates make hosts unhealthy at once or later, or leave them half changed",
    Fault.PEOPLE: "people abort runs and ask for rollbacks while they are carried out",
    Fault.CONTROLLERS: "a second controller takes up the run while the first is at it",
}
"""What each kind of fault does, for help and documentation."""

ALL = frozenset(Fault)
NONE: frozenset[Fault] = frozenset()


def faults_named(text: str) -> frozenset[Fault]:
    """Return the faults that a word on the command line names: all, none, or a list; raises UsageError."""
    if text in {"all", "none"}:
        return ALL if text == "all" else NONE
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names or [text]:
        if name not in set(Fault):
            known = ", ".join(["all", "none", *Fault])
            raise UsageError(f"there is no fault {name!r}", hint=meant(name, Fault) or f"Known: {known}.")
    return frozenset(map(Fault, names))


@dataclass(slots=True)
class HostFaults:
    """What will go wrong on one host; everything is fine by default.

    `fails`, `mute` and `odd` say how often a step fails, goes unanswered or is answered with rubbish before it works;
    `dark`: when the host cannot be reached; `half`: a failing update leaves it half changed; `sick_from`: how long
    after its update it turns unhealthy; `slow`: how many times as long everything takes.
    """

    fails: dict[Step, int] = field(default_factory=dict)
    mute: dict[Step, int] = field(default_factory=dict)
    odd: dict[Step, int] = field(default_factory=dict)
    dark: tuple[tuple[datetime, datetime], ...] = ()
    half: bool = False
    sick_from: timedelta | None = None
    sick_always: bool = False
    reboot_owed: bool = False
    rollback: str = "restored"
    slow: float = 1.0


SOUND = HostFaults()
"""Shared by all hosts on which nothing goes wrong; nothing in it ever changes."""
OWING = HostFaults(reboot_owed=True)
"""The same for hosts that owe a reboot after their update."""


def used_up(counts: dict[Step, int], step: Step) -> bool:
    """Return whether a fault strikes that is to happen so many times, and count it."""
    if counts.get(step, 0) < 1:
        return False
    counts[step] -= 1
    return True


def sound(random: Random) -> HostFaults:
    """Return a host on which nothing goes wrong, which may owe a reboot."""
    return OWING if random.random() < 0.3 else SOUND  # noqa: PLR2004 - as likely as a kernel in a patch set


def harmed(random: Random) -> HostFaults:
    """Return a host that the update makes unhealthy at once."""
    return HostFaults(reboot_owed=sound(random).reboot_owed, sick_from=timedelta(0))


def troubled(random: Random, start: datetime, faults: Collection[Fault]) -> HostFaults:
    """Return a host with one or two of these kinds of trouble."""
    mine = HostFaults(reboot_owed=sound(random).reboot_owed)
    kinds = [strike for fault, strike in _STRIKES if fault in faults]
    for _ in range(random.choice([1, 1, 2]) if kinds else 0):
        random.choice(kinds)(mine, random, start)
    return mine


def _fails(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.fails[_step(random)] = _often(random)


def _mute(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.mute[_step(random)] = _often(random)


def _odd(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.odd[_step(random)] = _often(random)


def _dark(mine: HostFaults, random: Random, start: datetime) -> None:
    begins = start + timedelta(minutes=random.choice([0, 5, 10, 20, 60, 600, 3000]) * random.random())
    lasts = timedelta(minutes=random.choice([1, 5, 9, 15, 40, 60, 300, 1_000_000]))
    mine.dark = (*mine.dark, (begins, begins + lasts))


def _sick(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.sick_from = timedelta(minutes=random.choice([0, 0, 5, 25, 90]))
    mine.sick_always = random.random() < 0.1  # noqa: PLR2004 - rare: it was unhealthy before the update, too


def _half(mine: HostFaults, _random: Random, _start: datetime) -> None:
    mine.half = True
    mine.fails[Step.PATCH] = 1


def _rollback(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.rollback = random.choice(["failed", "unverified"])
    mine.sick_from = timedelta(0)


def _slow(mine: HostFaults, random: Random, _start: datetime) -> None:
    mine.slow = random.choice([2.0, 5.0, 20.0])


def _step(random: Random) -> Step:
    return random.choice(list(Step))


def _often(random: Random) -> int:
    return random.choice([1, 1, 2, 3, 1000])


_STRIKES: tuple[tuple[Fault, Callable[[HostFaults, Random, datetime], None]], ...] = (
    (Fault.HARM, _fails),
    (Fault.HARM, _sick),
    (Fault.HARM, _sick),
    (Fault.HARM, _half),
    (Fault.LOST, _mute),
    (Fault.LOST, _odd),
    (Fault.UNREACHABLE, _dark),
    (Fault.ROLLBACK, _rollback),
    (Fault.SLOW, _slow),
)
