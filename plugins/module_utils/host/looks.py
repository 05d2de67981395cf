"""One look at one check: pass, fail, inconclusive, or unmeasured where it could not be looked at."""

from __future__ import annotations

from typing import Callable

from .checks import Check
from .lookclients import command, sql
from .lookdns import dns
from .lookhttp import page
from .looklimits import disk, inodes, journal, load, memory
from .looknet import tcp
from .lookprometheus import alerts, prometheus
from .lookstate import listeners, mounts, processes
from .lookunits import services
from .seen import Look, Looker, Past

_LOOKS: dict[str, Callable[[Check, Past], Look]] = {
    "http": page,
    "tcp": tcp,
    "dns": dns,
    "processes": processes,
    "listeners": listeners,
    "mounts": mounts,
    "disk": disk,
    "inodes": inodes,
    "memory": memory,
    "load": load,
    "journal": journal,
    "command": command,
    "sql": sql,
    "prometheus": prometheus,
    "alerts": alerts,
}


def looker(check: Check, past: Past) -> Looker:
    """A function that takes one look at the check; looks at services remember restarts in between."""
    if check.kind == "services":
        restarts: dict[str, int] = {}
        return lambda: services(check, past, restarts)
    look = _LOOKS[check.kind]
    return lambda: look(check, past)
