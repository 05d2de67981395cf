"""What was entered around a host from the controller, and has to be left: an undo journal made of events.

Written down before each action; undone in reverse once the host is left alone, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from patchtide.core.events import MaintenanceBegun, MaintenanceLeft
from patchtide.core.steps import EndState

if TYPE_CHECKING:
    from patchtide.core.hoststate import HostState

UNDO_TRIES = 6
"""How often leaving is tried before a person is told: over about a minute, as a restart of a load balancer takes."""


@dataclass(frozen=True, slots=True)
class Open:
    """An action that was entered, or may have been: `before` is what has to come back.

    `tries` is how often leaving failed, the last time at `tried`.
    """

    action: str
    before: str = ""
    tries: int = 0
    tried: datetime | None = None

    def due(self) -> datetime | None:
        """Return when leaving is to be tried next; None: at once."""
        return None if self.tried is None else self.tried + timedelta(seconds=2**self.tries)

    def is_due(self, now: datetime) -> bool:
        """Return whether leaving is to be tried now; a clock may have been set back meanwhile."""
        due = self.due()
        return due is None or now >= due or (self.tried is not None and now < self.tried)


Opened = tuple[Open, ...]


def with_begun(opened: Opened, action: str, before: str) -> Opened:
    """Return what is open once an action was begun; what was there before it is noted only once."""
    known = any(one.action == action for one in opened)
    return opened if known else (*opened, Open(action, before))


def with_left(opened: Opened, action: str) -> Opened:
    """Return what is open once an action was left."""
    return tuple(one for one in opened if one.action != action)


def with_failure(opened: Opened, action: str, at: datetime) -> Opened:
    """Return what is open once leaving an action has failed; what was tried often enough is not tried again."""
    tried = (Open(one.action, one.before, one.tries + 1, at) if one.action == action else one for one in opened)
    return tuple(one for one in tried if one.tries < UNDO_TRIES)


def is_given_up(opened: Opened, action: str) -> bool:
    """Return whether one more failure to leave an action is the last."""
    return any(one.action == action and one.tries >= UNDO_TRIES - 1 for one in opened)


def left_as(opened: Mapping[str, Opened], now: datetime) -> tuple[str, tuple[str, ...]] | None:
    """Return the action that is to be left now, the last of a host's, and the hosts of which that is true."""
    last = {host: entries[-1] for host, entries in opened.items() if entries and entries[-1].is_due(now)}
    first = next(iter(last.values()), None)
    if first is None:
        return None
    return first.action, tuple(host for host, one in last.items() if one.action == first.action)


def around(hosts: Mapping[str, HostState], event: MaintenanceBegun | MaintenanceLeft) -> dict[str, HostState]:
    """Return the hosts that an event is about as they are after it."""
    if isinstance(event, MaintenanceLeft):
        return {name: _undone(hosts[name], event) for name in (*event.hosts, *event.failed)}
    begun = ((hosts[name], before) for name, before in event.before.items())
    return {host.name: replace(host, open=with_begun(host.open, event.action, before)) for host, before in begun}


def _undone(host: HostState, event: MaintenanceLeft) -> HostState:
    """Return a host around which an action was left, or not; what can never be left is a person's matter."""
    why = event.failed.get(host.name)
    if why is None:
        return replace(host, open=with_left(host.open, event.action))
    failed = replace(host, open=with_failure(host.open, event.action, event.at))
    return not_left(failed, f"{event.action}: {why}") if is_given_up(host.open, event.action) else failed


def not_left(host: HostState, why: str) -> HostState:
    """Return a host for which maintenance mode stays on, whatever else became of it: a person has to look."""
    reason = also(host.reason, f"maintenance mode could not be left: {why}")
    return replace(host, next=None, end=EndState.QUARANTINED, fate=None, failed=True, reason=reason)


def also(reason: str, more: str) -> str:
    """Return a reason with one more."""
    return f"{reason}; {more}" if reason else more
