"""What can come next in a run: the answers that `decide` gives and the loop carries out."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from patchtide.core.steps import EndState, Outcome, Step


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out a step on hosts, all at once."""

    step: Step
    hosts: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Settle:
    """Write down that hosts end here, untouched by any further step; `failed` counts against the budget."""

    hosts: tuple[str, ...]
    end: EndState
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass until an instant (UTC), and why."""

    until: datetime
    code: str
    reason: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Go on once a person has answered."""

    code: str
    reason: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Write down that these `package=version`, from which hosts were put back, stay out from now on."""

    versions: tuple[str, ...]
    hosts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Leave an action that was entered around hosts; nobody works on them any more."""

    action: str
    hosts: tuple[str, ...]


Action: TypeAlias = Do | Settle | Wait | Ask | End | Quarantine | Undo
