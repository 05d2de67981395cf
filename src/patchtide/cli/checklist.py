"""`patchtide checklist`: what has to be done before an opening, and who has done it."""

from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import answered, document, printed, raw, width
from patchtide.cli.people import floor, signing
from patchtide.cli.status import now
from patchtide.engine import consent
from patchtide.engine.inspect import run_named
from patchtide.report.checklist import checklist_text, checklist_view
from patchtide.wiring import settings, store


@click.group("checklist", cls=Group)
def checklist() -> None:
    """What has to be done before a tier's opening: go, or no-go."""


@command("show")
@click.argument("run_name", metavar="[RUN]", required=False)
@click.pass_obj
def show(call: Call, run_name: str | None) -> int:
    """List the items of a run, the newest one by default: when each is due, whether it is done, and by whom."""
    run_id, run = run_named(store(settings(call.config, planning=False)), run_name)
    view = checklist_view(run, now())
    if call.json:
        raw(document("checklist", {"run": run_id, "tiers": view}))
    else:
        printed(checklist_text(view, width(call)), call)
    return 0


@command("tick")
@click.argument("run_name", metavar="RUN")
@click.argument("item")
@click.option("--comment", default="", help="What was done, for the record.")
@signing
@click.pass_obj
def tick(call: Call, run_name: str, item: str, comment: str, sign: Path | None) -> int:
    """Say that you have seen to a manual ITEM, for the opening that comes next."""
    at = floor(call, run_name, sign)
    said = consent.tick(at.run_id, at.ports, at.speaker, item, comment)
    return answered(call, "checklist-tick", said, f"{said.by} ticked {said.item!r} of run {at.run_id}", run=at.run_id)


checklist.add_command(show)
checklist.add_command(tick)
