"""`patchtide report`: a run as a file."""

from datetime import UTC, datetime
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.files import writable, written
from patchtide.cli.output import document, raw, told
from patchtide.core.run import Run
from patchtide.engine.inspect import run_named, timeline
from patchtide.ports import Store
from patchtide.report.numbers import numbers_views
from patchtide.report.runview import bars, run_view
from patchtide.wiring import settings, store

FORMATS = ("html", "md", "json", "junit", "csv")
_SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".json": "json", ".xml": "junit", ".csv": "csv"}


@command("report")
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--format", "-f", "form", type=click.Choice(FORMATS), help="By default what -o's suffix says, or md.")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write; stdout by default.")
@click.pass_obj
def report(call: Call, run_name: str | None, form: str | None, out: Path | None) -> int:
    """Print or write what a run did, the newest one by default."""
    writable(out)
    log = store(settings(call.config, planning=False))
    run_id, run = run_named(log, run_name)
    chosen = form or _SUFFIXES.get(out.suffix.lower() if out else "", "json" if call.json else "md")
    text = report_text(run_id, run, log, chosen)
    if out is None:
        raw(text)
        return 0
    written(out, text)
    told(f"wrote {out}", call)
    return 0


def report_text(run_id: str, run: Run, log: Store, form: str) -> str:
    """Return a run in one of the formats."""
    view = run_view(run_id, run)
    events = timeline(log, run_id)
    steps, numbers = bars(events), numbers_views(events)
    match form:
        case "html":
            from patchtide.report.html import html_text

            return html_text(view, run, steps, datetime.now(UTC), numbers)
        case "junit":
            from patchtide.report.junit import junit_text

            return junit_text(view, steps)
        case "csv":
            from patchtide.report.csv import csv_text

            return csv_text(view, steps)
        case "md":
            from patchtide.report.markdown import markdown_text

            return markdown_text(view, steps, numbers)
        case _:
            return document("report", view, steps=steps, numbers=numbers) + "\n"
