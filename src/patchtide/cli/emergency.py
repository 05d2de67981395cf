"""Emergencies on the command line: why, for how long, and the review that is owed for them."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from pydantic_core import PydanticCustomError

from patchtide.cli.call import Call, command
from patchtide.cli.output import answered
from patchtide.cli.people import floor, signing
from patchtide.config.scalars import longer_than_nothing
from patchtide.core.errors import UsageError
from patchtide.engine import consent


@dataclass(frozen=True, slots=True)
class Urgency:
    """Why something cannot wait, and for how long that may last (None: as the plan says)."""

    reason: str
    limit: timedelta | None


def urgent(reason: str, limit: str | None, *, declared: bool) -> Urgency | None:
    """Return what was said of an emergency, or None where there is none; raises UsageError for half of it."""
    if not declared and (reason or limit):
        raise UsageError("--reason and --limit are said of an emergency", hint="Add --emergency, or leave them out.")
    if not declared:
        return None
    if not reason.strip():
        raise UsageError("--emergency needs a --reason", hint="Say why it cannot wait: it stays in the record.")
    return Urgency(reason, _span(limit) if limit else None)


def _span(text: str) -> timedelta:
    try:
        return longer_than_nothing(text)
    except PydanticCustomError as error:
        context = error.context or {}
        raise UsageError(f"--limit {context['message']}", hint=str(context["hint"])) from None


@command("review")
@click.argument("run_name", metavar="RUN")
@click.option("--text", required=True, help="What happened, was it right, and what is to be learnt of it.")
@signing
@click.pass_obj
def review(call: Call, run_name: str, text: str, sign: Path | None) -> int:
    """Look back at an emergency that nobody else agreed to; it is owed, and `status` says so until it is done."""
    if not text.strip():
        raise UsageError("--text is empty", hint="Say what is to be learnt: it stays in the record.")
    at = floor(call, run_name, sign)
    said = consent.review(at.run_id, at.ports, at.speaker, text)
    return answered(call, "review", said, f"{said.by} reviewed run {at.run_id}: {said.text}", run=at.run_id)
