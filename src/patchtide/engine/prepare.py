"""Making a plan: ask the inventory, probe the hosts, lock the patch set, seal it."""

from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.settings import Settings
from patchtide.documents import sealed
from patchtide.engine.survey import Told, members, surveyed
from patchtide.ports import Clock, Executor


def prepared(settings: Settings, executor: Executor, clock: Clock, by: str, tell: Told) -> Plan:
    """Return a sealed plan for the fleet as it is now; raises UsageError when settings and inventory do not fit."""
    hosts = members(executor, settings)
    probes = surveyed(executor, settings, hosts, f"survey-{clock.now():%Y%m%dt%H%M%S}", tell)
    return sealed(planned(settings, hosts, probes, clock.now(), by))
