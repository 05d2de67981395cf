"""What happened, in the order in which it happened: the truth of a run. Every instant is UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from patchtide.core.health import Measurement
from patchtide.core.packages import Package
from patchtide.core.plan import Plan
from patchtide.core.said import Word
from patchtide.core.steps import EndState, Outcome, Step


class Status(StrEnum):
    """How a step ended on a host: `unknown` and `unreachable` say nothing about what was done there."""

    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Installed:
    """A package file that a host really installed."""

    name: str
    arch: str
    version: str
    sha256: str


def exactly(file: Package | Installed) -> tuple[str, ...]:
    """Return what makes two files the same one, whoever names them: the plan, or the host that installed it."""
    return file.name, file.arch, file.version, file.sha256


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found out on a host, as far as a decision may need it.

    `restored` is the rollback's outcome: restored, unverified, failed or nothing; `begun` answers a look at a host in
    doubt: which steps its own journal knows of. `stale`: services that still run replaced files. `confirmed`: the
    host stays as it is from now on; `reverted`: nobody confirmed it in time, and it restored itself.
    `backed_up`: a backup was made just now, and found good. `left`: the host, being well, has left maintenance mode.
    """

    installed: tuple[Installed, ...] = ()
    reboot_owed: bool = False
    reboot_why: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    restored: str = ""
    differences: tuple[str, ...] = ()
    begun: tuple[Step, ...] = ()
    stale: tuple[str, ...] = ()
    confirmed: bool = False
    reverted: bool = False
    backed_up: bool = False
    left: bool = False


@dataclass(frozen=True, slots=True)
class RunOpened:
    """A plan starts being carried out; the plan travels in the log, so nothing else has to be kept."""

    at: datetime
    plan: Plan
    by: str
    kind: Literal["run_opened"] = "run_opened"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The intent, committed before anything is touched; `attempt` rises with each and fences earlier ones."""

    at: datetime
    step: Step
    hosts: tuple[str, ...]
    attempt: int
    why: str = ""
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class BaselineTaken:
    """What the controller's own checks measured of a host just before its update; the host keeps its own."""

    at: datetime
    host: str
    measurements: tuple[Mapping[str, object], ...]
    kind: Literal["baseline_taken"] = "baseline_taken"


@dataclass(frozen=True, slots=True)
class HostFinished:
    """A host's answer to a step that was started; `took`: seconds of work on that host (0: unknown)."""

    at: datetime
    step: Step
    host: str
    attempt: int
    status: Status
    reason: str = ""
    finding: Finding = Finding()
    took: float = 0.0
    kind: Literal["host_finished"] = "host_finished"


@dataclass(frozen=True, slots=True)
class MaintenanceBegun:
    """The intent to do something around hosts from the controller, and per host what has to come back afterwards."""

    at: datetime
    action: str
    before: Mapping[str, str]
    kind: Literal["maintenance_begun"] = "maintenance_begun"


@dataclass(frozen=True, slots=True)
class MaintenanceLeft:
    """An action was undone for `hosts`; `failed` has those for which it was not, and why."""

    at: datetime
    action: str
    hosts: tuple[str, ...]
    failed: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["maintenance_left"] = "maintenance_left"


@dataclass(frozen=True, slots=True)
class HostsSettled:
    """Hosts end without a step: they were refused, stopped, given up on, or had nothing to do."""

    at: datetime
    hosts: tuple[str, ...]
    end: EndState
    reason: str
    failed: bool = False
    kind: Literal["hosts_settled"] = "hosts_settled"


@dataclass(frozen=True, slots=True)
class Held:
    """The run waits, and why; written when the reason changes."""

    at: datetime
    code: str
    reason: str
    until: datetime | None = None
    tier: str = ""
    kind: Literal["held"] = "held"


@dataclass(frozen=True, slots=True)
class Aborted:
    """A person stops the run: nothing new begins, what began is brought to a safe end."""

    at: datetime
    by: str
    reason: str
    kind: Literal["aborted"] = "aborted"


@dataclass(frozen=True, slots=True)
class Paused:
    """A person holds the run: nothing new begins until somebody resumes it, what began is brought to its end."""

    at: datetime
    by: str
    reason: str
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Continued:
    """A person lets a paused run go on."""

    at: datetime
    by: str
    kind: Literal["continued"] = "continued"


@dataclass(frozen=True, slots=True)
class Extended:
    """A person keeps a tier's `window` open, this once, from `since`, when it would have closed, `until` later."""

    at: datetime
    by: str
    reason: str
    tier: str
    window: str
    since: datetime
    until: datetime
    kind: Literal["extended"] = "extended"


@dataclass(frozen=True, slots=True)
class RollbackAsked:
    """A person wants these hosts put back."""

    at: datetime
    by: str
    reason: str
    hosts: tuple[str, ...]
    kind: Literal["rollback_asked"] = "rollback_asked"


@dataclass(frozen=True, slots=True)
class VersionsQuarantined:
    """These `package=version` stay out from now on: `hosts` were put back from them, or a person says so (none)."""

    at: datetime
    by: str
    versions: tuple[str, ...]
    reason: str
    hosts: tuple[str, ...] = ()
    kind: Literal["versions_quarantined"] = "versions_quarantined"


@dataclass(frozen=True, slots=True)
class VersionsReleased:
    """A named person lets these `package=version` in again."""

    at: datetime
    by: str
    versions: tuple[str, ...]
    reason: str
    kind: Literal["versions_released"] = "versions_released"


@dataclass(frozen=True, slots=True)
class NoticeBegun:
    """The intent to tell a channel something, committed before it is told; `subject` is what."""

    at: datetime
    notice: str
    channel: str
    subject: str
    kind: Literal["notice_begun"] = "notice_begun"


@dataclass(frozen=True, slots=True)
class NoticeSent:
    """A channel has taken a notice."""

    at: datetime
    notice: str
    channel: str
    kind: Literal["notice_sent"] = "notice_sent"


@dataclass(frozen=True, slots=True)
class NoticeFailed:
    """A channel has not taken a notice, and why; `unsure`: it may have all the same, so it is not told again."""

    at: datetime
    notice: str
    channel: str
    reason: str
    unsure: bool = False
    kind: Literal["notice_failed"] = "notice_failed"


@dataclass(frozen=True, slots=True)
class RunTaken:
    """A controller takes the run up (again), after fencing `orphans` processes of an earlier one."""

    at: datetime
    by: str
    orphans: int = 0
    kind: Literal["run_taken"] = "run_taken"


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over, with its outcome and the sentence why."""

    at: datetime
    outcome: Outcome
    reason: str
    kind: Literal["run_ended"] = "run_ended"


Event: TypeAlias = (
    RunOpened
    | StepStarted
    | BaselineTaken
    | HostFinished
    | MaintenanceBegun
    | MaintenanceLeft
    | HostsSettled
    | Held
    | Word
    | Aborted
    | Paused
    | Continued
    | Extended
    | RollbackAsked
    | VersionsQuarantined
    | VersionsReleased
    | NoticeBegun
    | NoticeSent
    | NoticeFailed
    | RunTaken
    | RunEnded
)
