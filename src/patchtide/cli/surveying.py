"""Making a plan before somebody's eyes; shared by plan and run."""

from datetime import UTC, datetime

from patchtide.cli.call import Call
from patchtide.cli.output import told
from patchtide.core.patchset import Probe
from patchtide.core.plan import Plan
from patchtide.core.planning import NotProbed
from patchtide.core.settings import Settings
from patchtide.engine.desk import Desk
from patchtide.engine.prepare import prepared
from patchtide.report.words import amount, one_line


def surveyed_plan(settings: Settings, desk: Desk, by: str, call: Call) -> Plan:
    """Return a plan for the fleet as it is now, telling of each host when it has answered."""
    told("asking every host what waits there", call)
    return prepared(settings, desk, by, lambda host, found: told(probe_line(host, found), call))


def probe_line(host: str, found: Probe | NotProbed) -> str:
    """Return what is known of a host as a line of progress."""
    now = f"{datetime.now(UTC):%H:%M:%SZ}"
    if isinstance(found, NotProbed):
        word = "unreachable" if found.unreachable else "failed"
        return f"{now} probe     {host}  {word}  {one_line(found.reason)}"
    trouble = "".join(f"; {one_line(item.reason)}" for item in (*found.trouble, *found.notes))
    return f"{now} probe     {host}  ok  {amount(len(found.pending), 'update')}{trouble}"
