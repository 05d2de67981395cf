"""`patchtide run` and `patchtide resume`: from a plan to an end."""

from datetime import UTC, datetime
from pathlib import Path

import click

from patchtide.cli.asking import agree, refuse_unanswerable
from patchtide.cli.call import Call, command
from patchtide.cli.driving import concluded, driven
from patchtide.cli.emergency import urgent
from patchtide.cli.files import text_in, writable
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import told, warned
from patchtide.cli.surveying import refuse_stale, surveyed_plan
from patchtide.cli.trusting import refuse_unsigned, signed_plan, usable, vouched
from patchtide.core.errors import LockedError, UsageError
from patchtide.core.plan import Plan
from patchtide.documents import plan_of
from patchtide.engine import control
from patchtide.engine.consent import declare, emergency_span, refuse_no_emergency
from patchtide.engine.inspect import run_named
from patchtide.engine.rollout import open_run, refuse_beside_another
from patchtide.report.plantext import plan_text_view
from patchtide.report.words import amount
from patchtide.wiring import author, desk, owner_of, settings, speaker, who

_no_wait = click.option("--no-wait", is_flag=True, help="Exit with 6 instead of waiting for a window or a person.")
_emergency = click.option(
    "--emergency", is_flag=True, help="It cannot wait for a window: begin now, all other gates stay."
)
_why = click.option("--reason", default="", help="Why it is an emergency, for the record.")
_limit = click.option(
    "--limit", metavar="TIME", help="How long the emergency lasts (2h); as the configuration says by default."
)
_junit = click.option("--junit", type=click.Path(path_type=Path), help="Write the result as JUnit XML.")


@command("run")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="Carry out a plan made by `plan -o`.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask before hosts are changed.")
@click.option("--no-input", is_flag=True, help="Never ask; without --yes that is refused.")
@click.option("--bundle", metavar="NAME", help="Carry out what an imported bundle holds; hosts need no mirror.")
@click.option("--sign", type=click.Path(path_type=Path), metavar="KEY", help="Sign the plan with a private key.")
@_emergency
@_why
@_limit
@_no_wait
@_junit
@click.pass_obj
def run(
    call: Call,
    *,
    plan_file: Path | None,
    yes: bool,
    no_input: bool,
    bundle: str | None,
    sign: Path | None,
    emergency: bool,
    reason: str,
    limit: str | None,
    no_wait: bool,
    junit: Path | None,
) -> int:
    """Patch the test tier, prove it, and promote what it proved, wave by wave, in the windows.

    The exit code is the outcome: 0 done, 3 partly, 4 unreachable, 5 halted, 6 waiting, 9 rolled back, 10 a person is
    needed. Interrupted at any moment, it goes on with `patchtide resume`.
    """
    refuse_unanswerable(yes=yes, no_input=no_input)
    if plan_file and bundle:
        raise UsageError("--plan and --bundle are two plans", hint="A plan made with `plan --bundle` knows its bundle.")
    writable(junit)
    usable(sign)
    urgency = urgent(reason, limit, declared=emergency)
    project = settings(call.config, planning=plan_file is None)
    speaks = speaker(project, sign if sign and owner_of(project, sign) else None) if urgency else None
    if plan_file is None:
        refuse_unsigned(project, sign)
    ports = desk(project, LineNotifier(call))
    refuse_beside_another(ports)  # before hosts are asked for a plan that nobody could carry out
    known = plan_of(text_in(plan_file, "the plan"), str(plan_file)) if plan_file else None
    by = author(project, sign)
    plan = signed_plan(known or surveyed_plan(project, ports, by, call, bundle), sign)
    vouched(plan, project, str(plan_file or ""))
    refuse_stale(plan, project)
    if urgency:
        emergency_span(plan, urgency.limit)
        refuse_no_emergency(plan)
    _agreed(plan, call, yes=yes, known=known is not None)
    run_id = open_run(plan, ports, by)
    if urgency and speaks:
        declare(run_id, ports, speaks, urgency.reason, urgency.limit)
    told(f"\nrun {run_id}", call)
    ended = driven(run_id, ports, call, by=by, wait=not no_wait)
    return concluded("run", run_id, ended, ports.store, call, junit)


def _agreed(plan: Plan, call: Call, *, yes: bool, known: bool) -> None:
    """Show a plan that is not known yet, and ask unless that was answered; raises PatchtideError on a no."""
    text = plan_text_view(plan, datetime.now(UTC), 0)
    hosts = [host for host in plan.hosts.values() if host.changes]
    if yes or not hosts:
        told(text.splitlines()[0] if known else text, call)
        return
    warned(text)
    agree(f"Update {amount(len(hosts), 'host')} in this way?")


@command("resume")
@click.argument("run_name", metavar="[RUN]", required=False)
@_emergency
@_why
@_limit
@click.option("--sign", type=click.Path(path_type=Path), metavar="KEY", help="Declare it with your private key.")
@_no_wait
@_junit
@click.pass_obj
def resume(
    call: Call,
    *,
    run_name: str | None,
    emergency: bool,
    reason: str,
    limit: str | None,
    sign: Path | None,
    no_wait: bool,
    junit: Path | None,
) -> int:
    """Go on with a run, the newest one by default: asks the hosts in doubt what is true, then carries on.

    A paused run is paused no more, and with --emergency one that waits for its window waits no longer. Where another
    controller carries it on, that one goes on with it (exit code 7). The exit code is the outcome, as of `run`; a run
    that has ended is told once more.
    """
    writable(junit)
    urgency = urgent(reason, limit, declared=emergency)
    if sign and not urgency:
        raise UsageError("--sign signs the declaration of an emergency", hint="Add --emergency, or leave it out.")
    project = settings(call.config, planning=False)
    ports = desk(project, LineNotifier(call))
    run_id, known = run_named(ports.store, run_name)
    if known.outcome is not None and not urgency:
        told(f"run {run_id} has ended already", call)
        return concluded("resume", run_id, known, ports.store, call, junit)
    vouched(known.plan, project, f"run {run_id}")
    changed = []
    if urgency:
        declare(run_id, ports, speaker(project, sign), urgency.reason, urgency.limit)
        changed.append("the emergency is declared")
    if known.paused is not None:
        control.unpause(run_id, ports, who())
        changed.append("the pause is over")
    if changed and (holder := ports.lock.holder()):
        hint = "`patchtide status --watch` shows how."
        raise LockedError(f"{', '.join(changed)}, and {holder} goes on with it", hint=hint)
    ended = driven(run_id, ports, call, by=who(), wait=not no_wait)
    return concluded("resume", run_id, ended, ports.store, call, junit)
