"""Making a plan before somebody's eyes; shared by plan and run."""

from datetime import UTC, datetime

from patchtide.cli.call import Call
from patchtide.cli.output import told
from patchtide.core.patchset import Probe
from patchtide.core.plan import Plan
from patchtide.core.planning import NotProbed, Source
from patchtide.core.settings import Settings
from patchtide.engine.bundles import refuse_outdated, relied_on
from patchtide.engine.desk import Desk
from patchtide.engine.prepare import prepared
from patchtide.report.words import amount, one_line
from patchtide.wiring import bundle_keeper


def surveyed_plan(settings: Settings, desk: Desk, by: str, call: Call, bundle: str | None = None) -> Plan:
    """Return a plan for the fleet as it is now, telling of each host when it has answered.

    With a `bundle` its patch set is planned; raises UsageError when there is none of that name.
    """
    source = _source(settings, bundle) if bundle else None
    told("asking every host what waits there" if source is None else f"asking every host for {bundle}", call)
    return prepared(settings, desk, by, lambda host, found: told(probe_line(host, found), call), source)


def _source(settings: Settings, name: str) -> Source:
    keeper = bundle_keeper(settings)
    found = keeper.shelf.bundle(name)
    return found.manifest.patch_set, relied_on(found, keeper.key(found))


def refuse_stale(plan: Plan, settings: Settings) -> None:
    """Raise UsageError when the bundle that a plan relies on is not here as it was, or its key is trusted no more."""
    if plan.attested is not None:
        refuse_outdated(plan, _source(settings, plan.attested.bundle)[1])


def probe_line(host: str, found: Probe | NotProbed) -> str:
    """Return what is known of a host as a line of progress."""
    now = f"{datetime.now(UTC):%H:%M:%SZ}"
    if isinstance(found, NotProbed):
        word = "unreachable" if found.unreachable else "failed"
        return f"{now} probe     {host}  {word}  {one_line(found.reason)}"
    trouble = "".join(f"; {one_line(item.reason)}" for item in (*found.trouble, *found.notes))
    return f"{now} probe     {host}  ok  {amount(len(found.pending), 'update')}{trouble}"
