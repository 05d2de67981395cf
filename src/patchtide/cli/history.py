"""`patchtide history`: all runs."""

import click

from patchtide.cli.call import Call, command
from patchtide.cli.output import document, printed, raw, width
from patchtide.engine import inspect
from patchtide.report.runtext import history_text
from patchtide.report.runview import run_view
from patchtide.wiring import settings, store


@command("history")
@click.option("--limit", "-n", type=click.IntRange(min=1), help="Only the newest so many.")
@click.pass_obj
def history(call: Call, limit: int | None) -> int:
    """List all runs, newest first, and how they ended."""
    runs = inspect.history(store(settings(call.config, planning=False)))[:limit]
    if call.json:
        raw(document("history", {"runs": [run_view(name, run) for name, run in runs]}))
    elif runs:
        printed(history_text(runs, width(call)), call)
    else:
        printed("there is no run yet; start one with `patchtide run`", call)
    return 0
