"""`patchtide rollback`: put back what a run changed."""

import click

from patchtide.cli.asking import agree, because, refuse_unanswerable
from patchtide.cli.call import Call, command
from patchtide.cli.driving import concluded, driven
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import answered
from patchtide.core.events import RollbackAsked
from patchtide.core.listing import listed
from patchtide.engine.control import ask_rollback, returnable
from patchtide.engine.inspect import run_named
from patchtide.wiring import desk, settings, who


@command("rollback")
@click.argument("run_name", metavar="RUN")
@because
@click.option("--host", "hosts", multiple=True, help="Only this host; may be given more than once.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before hosts are changed.")
@click.option("--no-input", is_flag=True, help="Never ask; without --yes that is refused.")
@click.pass_obj
def rollback(call: Call, run_name: str, reason: str, hosts: tuple[str, ...], yes: bool, no_input: bool) -> int:
    """Put the hosts that a run changed back as they were, and judge their health again.

    Exits with 9 when that worked and with 10 when a person is needed.
    """
    refuse_unanswerable(yes=yes, no_input=no_input)
    ports = desk(settings(call.config, planning=False), LineNotifier(call))
    run_id, run = run_named(ports.store, run_name)
    wanted = returnable(run_id, run, hosts)
    if not yes:
        agree(f"Put {listed(wanted)} back as it was before run {run_id}?")
    asked = ask_rollback(run_id, ports, who(), reason, hosts)
    holder = ports.lock.holder()
    if holder:
        return _left_to(holder, run_id, asked, call)
    ended = driven(run_id, ports, call, by=who(), wait=True)
    return concluded("rollback", run_id, ended, ports.store, call)


def _left_to(holder: str, run_id: str, asked: RollbackAsked, call: Call) -> int:
    """Tell that a controller is at work already, which reads its log before it decides again."""
    text = f"asked for; {holder} does it: follow it with `patchtide status {run_id} --watch`"
    return answered(call, "rollback", asked, text, run=run_id, holder=holder)
