"""`patchtide extend`: the window of a run stays open for longer, once, because a person says so."""

from datetime import timedelta

import click
from pydantic_core import PydanticCustomError

from patchtide.cli.asking import because
from patchtide.cli.call import Call, command
from patchtide.cli.output import answered
from patchtide.cli.people import ordered
from patchtide.config.scalars import longer_than_nothing
from patchtide.core.errors import UsageError
from patchtide.engine import control
from patchtide.report.words import moment


def _time(_ctx: click.Context, _param: click.Parameter, value: str) -> timedelta:
    try:
        return longer_than_nothing(value)
    except PydanticCustomError as error:
        hint = (error.context or {}).get("hint") or "Write 30m, 1h or 1h30m."
        raise UsageError(f"TIME {error.message()}", hint=str(hint)) from None


@command("extend")
@click.argument("run_name", metavar="RUN")
@click.argument("longer", metavar="TIME", callback=_time)
@because
@click.option("--tier", help="The tier whose window it is; by default the first with something still to begin.")
@click.pass_obj
def extend(call: Call, run_name: str, longer: timedelta, reason: str, tier: str | None) -> int:
    """Keep the window that is open now, or else the next one, open for TIME (30m, 1h) longer, once.

    The plan stays as it is; who did it and why stays in the record. At most 4 h in all, and never into a blackout.
    """
    run_id, said, holder = ordered(
        call, run_name, lambda run, at, by: control.extend(run, at, by, longer, reason, tier)
    )
    until = f"window {said.window!r} of tier {said.tier!r} stays open until {moment(said.until)}"
    then = f"{holder} goes on with it" if holder else f"go on with `patchtide resume {run_id}`"
    return answered(call, "extend", said, f"{until}, by {said.by}: {said.reason}; {then}", run=run_id, holder=holder)
