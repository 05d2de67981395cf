"""`patchtide approve` and `patchtide abort`: what people say to a run, under the name of their system user."""

import click

from patchtide.cli.asking import because
from patchtide.cli.call import Call, command
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw
from patchtide.core.errors import UsageError
from patchtide.engine import control
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import run_named
from patchtide.wiring import desk, settings, who

_SHORTEST_DIGEST = 12


def _desk(call: Call) -> Desk:
    return desk(settings(call.config, planning=False), LineNotifier(call))


@command("approve")
@click.argument("run_name", metavar="RUN")
@click.option("--comment", default="", help="Why, for the record.")
@click.option("--digest", default="", help="Approve only if this is the digest of the run's plan.")
@click.pass_obj
def approve(call: Call, run_name: str, comment: str, digest: str) -> int:
    """Agree to exactly the plan of a run, as the system user that you are; never as its requester."""
    ports = _desk(call)
    run_id, run = run_named(ports.store, run_name)
    _refuse_other_plan(run.plan.digest, digest)
    given = control.approve(run_id, ports, who(), comment)
    if call.json:
        raw(document("approve", given, run=run_id))
    else:
        printed(f"{given.by} approved run {run_id}, plan {given.digest}", call)
    return 0


def _refuse_other_plan(digest: str, wanted: str) -> None:
    if not wanted:
        return
    short = wanted.removeprefix("sha256:")
    if len(short) < _SHORTEST_DIGEST or not digest.removeprefix("sha256:").startswith(short):
        raise UsageError(
            f"the run's plan has the digest {digest}, not {wanted!r}", hint="Read that plan: `patchtide status`."
        )


@command("abort")
@click.argument("run_name", metavar="RUN")
@because
@click.pass_obj
def abort(call: Call, run_name: str, reason: str) -> int:
    """Begin nothing new in a run; what has begun is brought to a safe end by whoever carries the run on."""
    ports = _desk(call)
    run_id, _ = run_named(ports.store, run_name)
    said = control.abort(run_id, ports, who(), reason)
    holder = ports.lock.holder()
    if call.json:
        raw(document("abort", said, run=run_id, holder=holder))
        return 0
    then = f"{holder} brings it to an end" if holder else f"bring it to an end with `patchtide resume {run_id}`"
    printed(f"run {run_id} is aborted by {said.by}: {said.reason}; {then}", call)
    return 0
