"""Making a plan: ask the inventory, probe the hosts, lock the patch set, seal it."""

from dataclasses import replace

from patchtide.core.plan import Plan
from patchtide.core.planning import Source, planned
from patchtide.core.settings import Settings
from patchtide.documents import sealed
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import in_quarantine
from patchtide.engine.pacing import looked_back
from patchtide.engine.survey import Told, members, surveyed


def prepared(settings: Settings, desk: Desk, by: str, tell: Told, source: Source | None = None) -> Plan:
    """Return a sealed plan for the fleet as it is now; raises UsageError when settings and inventory do not fit.

    With a `source` its patch set is planned, and no host is asked to refresh its package lists.
    """
    settings = _selecting(settings, desk)
    hosts = members(desk.executor, settings)
    now = desk.clock.now()
    marker = f"survey-{now:%Y%m%dt%H%M%S}"
    probes = surveyed(desk.executor, settings, hosts, marker, tell, desk.clock, refresh=source is None)
    earlier, now = looked_back(desk.store), desk.clock.now()
    runs = () if source else earlier.runs
    return sealed(planned(settings, hosts, probes, now, by, source=source, earlier=runs, known=earlier.paces))


def _selecting(settings: Settings, desk: Desk) -> Settings:
    """Return the settings with what only shows now: what is in quarantine, and as of when an update's age counts."""
    kept = {version: entry.sentence for version, entry in in_quarantine(desk.store).items()}
    return replace(settings, selection=replace(settings.selection, quarantined=kept, now=desk.clock.now()))
