"""One door to everything around hosts: each action goes to what can do its kind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import assert_never

from patchtide.adapters.outside import commands, haproxy
from patchtide.adapters.outside.alertmanager import Silences
from patchtide.core.maintenance import Action, Drain, Order, Silence
from patchtide.ports import Clock, Found

Relay = Callable[[str, str, str, Sequence[str]], list[str]]
"""Passes commands on to a socket from a host of the inventory: run id, host, socket, commands."""


class Surroundings:
    """Acts around hosts for real; what only a host of the inventory reaches goes through the relay."""

    def __init__(self, clock: Clock, relay: Relay) -> None:
        self._clock = clock
        self._relay = relay
        self._silences = Silences(clock)

    def found(self, run_id: str, action: Action, hosts: Sequence[str]) -> Found:
        """Look at what an action would change; raises PatchtideError when it cannot be seen."""
        match action:
            case Drain():
                return haproxy.found(action, hosts, self._ask(run_id, action))
            case Silence() | Order():
                return Found(dict.fromkeys(hosts, ""), {})
            case _:
                assert_never(action)

    def enter(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        """Do an action for hosts and return the problems; raises PatchtideError for one that is all of theirs."""
        match action:
            case Drain():
                return haproxy.drained(action, tuple(before), self._ask(run_id, action), self._clock)
            case Silence():
                return self._silences.begin(run_id, action, tuple(before))
            case Order():
                return commands.ran(run_id, action.enter, tuple(before), action.timeout)
            case _:
                assert_never(action)

    def leave(self, run_id: str, action: Action, before: Mapping[str, str]) -> Mapping[str, str]:
        """Bring back what was there and return the problems; raises PatchtideError for one that is all of theirs."""
        match action:
            case Drain():
                return haproxy.brought_back(action, before, self._ask(run_id, action))
            case Silence():
                return self._silences.end(run_id, action, tuple(before))
            case Order():
                return commands.ran(run_id, action.leave, tuple(before), action.timeout)
            case _:
                assert_never(action)

    def hold(self, run_id: str, leases: Mapping[Silence, Collection[str]]) -> None:
        """Renew these silences from now on, in a thread that dies with this process."""
        self._silences.hold(run_id, leases)

    def _ask(self, run_id: str, action: Drain) -> haproxy.Ask:
        if action.on is None:
            return partial(haproxy.asked, action.socket)
        return partial(self._relay, run_id, action.on, action.socket)
