"""`patchtide approve`, `reject`, `waive`, `pause` and `abort`: what people say to a run, signed or as system users."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from patchtide.cli.asking import because
from patchtide.cli.call import Call, command
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import answered
from patchtide.core.errors import UsageError
from patchtide.core.run import Run
from patchtide.core.said import known_by
from patchtide.engine import consent, control
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import run_named
from patchtide.engine.speaking import Speaker
from patchtide.wiring import desk, settings, speaker, who

_SHORTEST_DIGEST = 12
E = TypeVar("E")


signing = click.option("--sign", type=click.Path(path_type=Path), metavar="KEY", help="Speak with your private key.")


@dataclass(frozen=True, slots=True)
class Floor:
    """A run, and who speaks to it."""

    ports: Desk
    run_id: str
    run: Run
    speaker: Speaker


def floor(call: Call, run_name: str, key: Path | None) -> Floor:
    """Return the run that is spoken to and who speaks; raises UsageError for who has to sign, or signs as nobody."""
    project = settings(call.config, planning=False)
    ports = desk(project, LineNotifier(call))
    run_id, run = run_named(ports.store, run_name)
    return Floor(ports, run_id, run, speaker(project, key))


def ordered(call: Call, run_name: str, order: Callable[[str, Desk, str], E]) -> tuple[str, E, str | None]:
    """Give an order to a run as the system user; returns the run, what is recorded, and who carries the run on."""
    ports = desk(settings(call.config, planning=False), LineNotifier(call))
    run_id, _ = run_named(ports.store, run_name)
    return run_id, order(run_id, ports, who()), ports.lock.holder()


@command("approve")
@click.argument("run_name", metavar="RUN")
@click.option("--comment", default="", help="Why, for the record.")
@click.option("--digest", default="", help="Approve only if this is the digest of the run's plan.")
@signing
@click.pass_obj
def approve(call: Call, run_name: str, comment: str, digest: str, sign: Path | None) -> int:
    """Agree to exactly the plan of a run, for the opening that comes next; never as its requester.

    You speak with your key, or as the system user that you are where you have none.
    """
    at = floor(call, run_name, sign)
    _refuse_other_plan(at.run.plan.digest, digest)
    given = consent.approve(at.run_id, at.ports, at.speaker, comment)
    text = f"{given.by} approved run {at.run_id}, plan {given.digest} ({known_by(given)})"
    return answered(call, "approve", given, text, run=at.run_id)


@command("reject")
@click.argument("run_name", metavar="RUN")
@because
@signing
@click.pass_obj
def reject(call: Call, run_name: str, reason: str, sign: Path | None) -> int:
    """Say no to a run that you are asked about: nothing new begins in those tiers until you approve."""
    at = floor(call, run_name, sign)
    said = consent.reject(at.run_id, at.ports, at.speaker, reason)
    text = f"{said.by} rejected run {at.run_id} ({known_by(said)}): {said.reason}"
    return answered(call, "reject", said, text, run=at.run_id)


@command("waive")
@click.argument("run_name", metavar="RUN")
@click.argument("item")
@because
@signing
@click.pass_obj
def waive(call: Call, run_name: str, item: str, reason: str, sign: Path | None) -> int:
    """Let a run go on without one ITEM that its gates ask for, such as `notice`; who, and why, is shown everywhere."""
    at = floor(call, run_name, sign)
    said = consent.waive(at.run_id, at.ports, at.speaker, item, reason)
    text = f"{said.by} waived {said.item!r} in run {at.run_id} ({known_by(said)}): {said.reason}"
    return answered(call, "waive", said, text, run=at.run_id)


def _refuse_other_plan(digest: str, wanted: str) -> None:
    if not wanted:
        return
    short = wanted.removeprefix("sha256:")
    if len(short) < _SHORTEST_DIGEST or not digest.removeprefix("sha256:").startswith(short):
        raise UsageError(
            f"the run's plan has the digest {digest}, not {wanted!r}", hint="Read that plan: `patchtide status`."
        )


@command("pause")
@click.argument("run_name", metavar="RUN")
@because
@click.pass_obj
def pause(call: Call, run_name: str, reason: str) -> int:
    """Begin nothing new in a run until somebody resumes it; hosts at work are finished and leave maintenance mode.

    What protects goes on: soaking hosts are judged, hosts that were harmed go back. `patchtide resume RUN` ends it.
    """
    run_id, said, holder = ordered(call, run_name, lambda run, at, by: control.pause(run, at, by, reason))
    text = f"run {run_id} is paused by {said.by}: {said.reason}; go on with `patchtide resume {run_id}`"
    return answered(call, "pause", said, text, run=run_id, holder=holder)


@command("abort")
@click.argument("run_name", metavar="RUN")
@because
@click.pass_obj
def abort(call: Call, run_name: str, reason: str) -> int:
    """Begin nothing new in a run; what has begun is brought to a safe end by whoever carries the run on."""
    run_id, said, holder = ordered(call, run_name, lambda run, at, by: control.abort(run, at, by, reason))
    then = f"{holder} brings it to an end" if holder else f"bring it to an end with `patchtide resume {run_id}`"
    text = f"run {run_id} is aborted by {said.by}: {said.reason}; {then}"
    return answered(call, "abort", said, text, run=run_id, holder=holder)
