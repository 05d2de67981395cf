"""`patchtide request`: change requests, filled from a plan, for those who are to agree to it."""

from pathlib import Path

import click

from patchtide.cli.asking import because
from patchtide.cli.call import Call, command
from patchtide.cli.files import text_in
from patchtide.cli.groups import Group
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, width
from patchtide.cli.people import signing
from patchtide.core import change
from patchtide.core.errors import UsageError
from patchtide.core.plan import Plan
from patchtide.core.said import ChangeRequested
from patchtide.documents import plan_of
from patchtide.engine import consent
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import request_named, requests_made, run_named
from patchtide.report.request import request_data, request_text, requests_text
from patchtide.wiring import desk, settings, speaker, store

_impact = click.option("--impact", type=click.Choice(change.IMPACTS), help="How much of it is felt.")
_likelihood = click.option(
    "--likelihood", type=click.Choice(change.LIKELIHOODS), default="medium", show_default=True, help="Of harm."
)


@click.group("request", cls=Group)
def request() -> None:
    """Change requests: what is asked for, why, and what may go wrong."""


@command("new")
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="For a plan made by `plan -o`, not a run's.")
@because
@_impact
@_likelihood
@click.option("--risk", default="", help="What may go wrong, and what is done about it.")
@click.option("--dependencies", default="", help="Other systems or teams that are affected.")
@click.option("--rollback-plan", default="", help="How it is undone; as the plan says by default.")
@click.option("--testing-plan", default="", help="How it is tested; as the plan says by default.")
@click.option("--contact", default="", help="Whom to ask; the requester by default.")
@signing
@click.pass_obj
def new(  # one argument per option
    call: Call,
    *,
    run_name: str | None,
    plan_file: Path | None,
    reason: str,
    impact: str | None,
    likelihood: str,
    risk: str,
    dependencies: str,
    rollback_plan: str,
    testing_plan: str,
    contact: str,
    sign: Path | None,
) -> int:
    """Ask for the change that a run's plan (the newest run's by default) or a plan file is.

    What the plan knows is filled in: packages, hosts, windows, the way back, the tests.
    """
    if plan_file and run_name:
        raise UsageError("a RUN and --plan are two plans", hint="A request is for one of them.")
    project = settings(call.config, planning=False)
    ports = desk(project, LineNotifier(call))
    plan = _plan(ports, run_name, plan_file)
    by, at = speaker(project, sign), ports.clock.now()
    wanted = ChangeRequested(
        at=at,
        by=by.name,
        digest=plan.digest,
        id=f"cr-{at:%Y%m%d-%H%M%S}-{plan.digest.removeprefix('sha256:')[:6]}",
        what=change.what(plan),
        reason=reason,
        impact=impact or change.impact_of(plan),
        likelihood=likelihood,
        risk=risk,
        dependencies=dependencies,
        rollback_plan=rollback_plan or change.rollback_plan(plan),
        testing_plan=testing_plan or change.testing_plan(plan),
        schedule=change.schedule(plan, at),
        contact=contact or by.name,
    )
    _told(consent.request(ports, by, wanted), call)
    return 0


def _plan(ports: Desk, run_name: str | None, plan_file: Path | None) -> Plan:
    if plan_file:
        return plan_of(text_in(plan_file, "the plan"), str(plan_file))
    return run_named(ports.store, run_name)[1].plan


def _told(made: tuple[str, ChangeRequested], call: Call) -> None:
    if call.json:
        raw(document("request", request_data(made[1], made[0])))
    else:
        printed(request_text(made[1], made[0]), call)


@command("show")
@click.argument("name", metavar="[ID]", required=False)
@click.pass_obj
def show(call: Call, name: str | None) -> int:
    """Print a request with all its fields: by its ID, by its run, or the newest one."""
    _told(request_named(store(settings(call.config, planning=False)), name), call)
    return 0


@command("list")
@click.pass_obj
def listed(call: Call) -> int:
    """List all change requests, newest first."""
    made = requests_made(store(settings(call.config, planning=False)))
    if call.json:
        raw(document("request-list", {"requests": [request_data(one, stream) for stream, one in made]}))
    else:
        printed(requests_text(made, width(call)) if made else "nobody has asked for a change", call)
    return 0


for _each in (new, show, listed):
    request.add_command(_each)
