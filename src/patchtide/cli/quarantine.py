"""`patchtide quarantine`: versions that did harm, and who lets them in again."""

import click

from patchtide.cli.asking import because
from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import answered, document, printed, raw, width
from patchtide.core.listing import listed
from patchtide.engine import control
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import in_quarantine
from patchtide.report.table import aligned, table
from patchtide.report.words import moment
from patchtide.wiring import desk, settings, store, who


@click.group("quarantine", cls=Group)
def quarantine() -> None:
    """Versions that did harm stay out of every tier until a named person lets them in again."""


@command("list")
@click.pass_obj
def shown(call: Call) -> int:
    """List what is kept out: since when, by whom, why, and in which run that was learnt."""
    kept = tuple(in_quarantine(store(settings(call.config, planning=False))).values())
    if call.json:
        raw(document("quarantine-list", {"versions": kept}))
    elif kept:
        rows = [(entry.version, moment(entry.since), entry.by, entry.stream, entry.reason) for entry in kept]
        printed(aligned(table(("version", "since", "by", "where", "why"), rows), width(call)), call)
    else:
        printed("nothing is in quarantine", call)
    return 0


@command("add")
@click.argument("versions", metavar="PACKAGE=VERSION...", nargs=-1, required=True)
@because
@click.pass_obj
def add(call: Call, versions: tuple[str, ...], reason: str) -> int:
    """Keep versions out of every tier, of a run that has not ended too."""
    said = control.quarantine(_desk(call), who(), versions, reason)
    return answered(call, "quarantine-add", said, f"{listed(said.versions)}: in quarantine by {said.by}: {said.reason}")


@command("release")
@click.argument("patterns", metavar="PACKAGE=VERSION...", nargs=-1, required=True)
@because
@click.pass_obj
def release(call: Call, patterns: tuple[str, ...], reason: str) -> int:
    """Let versions in again, named one by one or by patterns such as 'lib*=*'."""
    said = control.release(_desk(call), who(), patterns, reason)
    return answered(call, "quarantine-release", said, f"{listed(said.versions)}: released by {said.by}: {said.reason}")


for _each in (shown, add, release):
    quarantine.add_command(_each)


def _desk(call: Call) -> Desk:
    return desk(settings(call.config, planning=False), LineNotifier(call))
