"""Maintenance mode: what is done around a host's update, each part a pair of entering and leaving."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from patchtide.core.policy import ENTER_MARGIN

TASKS = "enter and leave"
"""What the pair of task files is called that has no name of its own."""

HOST, SHORT = "{host}", "{short}"


def named(text: str, host: str, quoted: Callable[[str], str] = str) -> str:
    """Return a text with a host's inventory name for `{host}`, and that up to its first dot for `{short}`."""
    return text.replace(HOST, quoted(host)).replace(SHORT, quoted(host.partition(".")[0]))


class DrainTo(StrEnum):
    """The state in which a load balancer's server is worked on: known sessions may go on, or nothing comes at all."""

    DRAIN = "drain"
    MAINT = "maint"


class WhenLate(StrEnum):
    """What becomes of a host whose sessions have not ended in time."""

    REFUSE = "refuse"
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Drain:
    """A server of an HAProxy backend is taken out of service through the runtime API at `socket`.

    `socket` is a path, or `host:port`; `on` is the inventory host that reaches it, the controller when None. `servers`
    has the hosts whose server is not called as `server` says.
    """

    name: str
    socket: str
    backend: str
    server: str = HOST
    servers: Mapping[str, str] | None = None
    on: str | None = None
    state: DrainTo = DrainTo.DRAIN
    deadline: timedelta = timedelta(minutes=1)
    when_late: WhenLate = WhenLate.REFUSE
    tiers: tuple[str, ...] = ()
    kind: Literal["haproxy"] = "haproxy"

    def server_of(self, host: str) -> str:
        """Return what a host is called in the backend."""
        return (self.servers or {}).get(host) or named(self.server, host)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on the labels of an alert."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret is read when it is needed, and never before: an environment variable, or a file."""

    env: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """A host's alerts are silenced in Alertmanager, for `lease` at a time: a controller that died renews nothing."""

    name: str
    url: str
    matchers: tuple[Matcher, ...]
    lease: timedelta = timedelta(minutes=5)
    authorization: Secret | None = None
    tiers: tuple[str, ...] = ()
    kind: Literal["alertmanager"] = "alertmanager"


@dataclass(frozen=True, slots=True)
class Order:
    """Commands on the controller, one to enter and one to leave; both may be called again."""

    name: str
    enter: tuple[str, ...]
    leave: tuple[str, ...]
    timeout: timedelta = timedelta(minutes=1)
    tiers: tuple[str, ...] = ()
    kind: Literal["command"] = "command"


Action: TypeAlias = Drain | Silence | Order
"""What is done around a host, from the controller."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A file that is on the host while it is worked on; what was there before comes back."""

    path: str
    content: str = ""
    mode: str = "0644"
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hook:
    """Somebody's own pair on the host: each a command (its words), or the path of a file of Ansible tasks."""

    name: str
    enter: tuple[str, ...] | str
    leave: tuple[str, ...] | str
    timeout: timedelta = timedelta(minutes=1)
    tiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Maintenance:
    """All that is done besides pausing competing updaters.

    Entered in this order: `actions` from the controller, then on the host `flags` and `hooks`; left in reverse.
    """

    actions: tuple[Action, ...] = ()
    flags: tuple[Flag, ...] = ()
    hooks: tuple[Hook, ...] = ()

    def of(self, tier: str) -> "Maintenance":
        """Return what concerns the hosts of a tier."""
        return Maintenance(
            tuple(one for one in self.actions if _concerns(one, tier)),
            tuple(one for one in self.flags if _concerns(one, tier)),
            tuple(one for one in self.hooks if _concerns(one, tier)),
        )

    @property
    def has_tasks(self) -> bool:
        """Whether any hook is a file of Ansible tasks, which the host program cannot call."""
        return any(isinstance(one.enter, str) for one in self.hooks)

    def action(self, name: str) -> Action | None:
        """Return the action of a name; None: the plan has none, which no event of its run says."""
        return next((one for one in self.actions if one.name == name), None)


def _concerns(one: Action | Flag | Hook, tier: str) -> bool:
    return not one.tiers or tier in one.tiers


def entering_room(maintenance: Maintenance, tier: str) -> timedelta:
    """Return what entering maintenance mode may cost the hosts of a tier of their window."""
    mine = maintenance.of(tier)
    sessions = (one.deadline for one in mine.actions if isinstance(one, Drain))
    commands = (one.timeout for one in (*mine.actions, *mine.hooks) if isinstance(one, Order | Hook))
    return sum((*sessions, *commands), ENTER_MARGIN)
