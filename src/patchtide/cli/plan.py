"""`patchtide plan`: what would happen."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.files import writable, written
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import printed, raw, told, warned, width
from patchtide.cli.surveying import surveyed_plan
from patchtide.cli.trusting import signed_plan, usable
from patchtide.core.errors import UnreachableError
from patchtide.core.listing import listed
from patchtide.core.plan import Plan
from patchtide.core.steps import PENDING_EXIT_CODE
from patchtide.core.timekeeping import clock_gate
from patchtide.documents import plan_schema, plan_text
from patchtide.report.plantext import plan_text_view
from patchtide.report.words import one_line
from patchtide.wiring import author, desk, settings, synchronised


@command("plan")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Also write the plan, for `run --plan`.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 8 when updates are pending.")
@click.option("--bundle", metavar="NAME", help="Plan what an imported bundle holds; hosts need no mirror.")
@click.option("--sign", type=click.Path(path_type=Path), metavar="KEY", help="Sign the plan with a private key.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of plans, and do nothing else.")
@click.pass_obj
def plan(
    call: Call, out: Path | None, detailed_exitcode: bool, bundle: str | None, sign: Path | None, schema: bool
) -> int:
    """Probe the hosts, lock the patch set, show what would happen.

    Nothing on the hosts is changed but their package lists; test hosts fetch the files ahead, to tell
    what they fix. Exits with 4 when hosts do not answer.
    """
    if schema:
        raw(json.dumps(plan_schema(), indent=2))
        return 0
    writable(out)
    usable(sign)
    project = settings(call.config)
    made = surveyed_plan(project, desk(project, LineNotifier(call)), author(project, sign), call, bundle)
    kept = clock_gate(made.clock, synchronised())
    if not kept.ok:
        warned(f"nothing would begin now: {kept.reason}")
    made = signed_plan(made, sign)
    if out:
        written(out, plan_text(made))
        told(f"wrote {out}; carry it out with `patchtide run --plan {out}`", call)
    if call.json:
        raw(plan_text(made))
    else:
        printed(plan_text_view(made, datetime.now(UTC), width(call)), call)
    return _code(made, detailed=detailed_exitcode)


def _code(made: Plan, *, detailed: bool) -> int:
    silent = [host for host in made.hosts.values() if host.unreachable]
    if silent:
        first = silent[0]
        warned(f"unreachable: {listed(host.name for host in silent)}; {first.name}: {one_line(first.refused or '')}")
        return UnreachableError.exit_code
    pending = any(host.changes for host in made.hosts.values())
    return PENDING_EXIT_CODE if detailed and pending else 0
