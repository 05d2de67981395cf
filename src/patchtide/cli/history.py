"""`patchtide history`: all runs."""

import click

from patchtide.cli.call import Call, command
from patchtide.cli.output import document, printed, raw, width
from patchtide.engine import looking
from patchtide.report.lines import history_text, line_view
from patchtide.wiring import records, store


@command("history")
@click.option("--limit", "-n", type=click.IntRange(min=1), help="Only the newest so many.")
@click.pass_obj
def history(call: Call, limit: int | None) -> int:
    """List all runs, newest first, and how they ended."""
    lines = [line_view(name, line) for name, line in looking.history(store(records(call.config)), limit)]
    if call.json:
        raw(document("history", {"runs": lines}))
    elif lines:
        printed(history_text(lines, width(call)), call)
    else:
        printed("there is no run yet; start one with `patchtide run`", call)
    return 0
