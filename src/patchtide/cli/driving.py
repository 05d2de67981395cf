"""What run, resume, rollback and tick have in common: carrying a run on before somebody's eyes, and telling its end."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from patchtide.cli.call import Call
from patchtide.cli.entry import InterruptedRunError
from patchtide.cli.files import written
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, told, width
from patchtide.core.run import Run
from patchtide.core.steps import exit_code
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import run_named, timeline
from patchtide.engine.rollout import drive
from patchtide.ports import Notifier, Store
from patchtide.report.junit import junit_text
from patchtide.report.runtext import summary
from patchtide.report.runview import bars, run_view


def driven(run_id: str, desk: Desk, call: Call, *, by: str, wait: bool) -> Run:
    """Carry a run on, showing what happens; raises InterruptedRunError when somebody ends the command."""
    run = run_named(desk.store, run_id)[1]
    try:
        with _watching(run_id, run, call) as notifier:
            return drive(run_id, replace(desk, notifier=notifier), by=by, wait=wait)
    except KeyboardInterrupt:
        message = f"interrupted; resumable: patchtide resume {run_id}"
        raise InterruptedRunError(message, hint="What had begun on the hosts comes to its own safe end.") from None


@contextmanager
def _watching(run_id: str, run: Run, call: Call) -> Iterator[Notifier]:
    if call.quiet or not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield LineNotifier(call)
        return
    from patchtide.cli.progress import LiveNotifier

    with LiveNotifier(run_id, run, sys.stderr, call) as notifier:
        yield notifier


def concluded(name: str, run_id: str, run: Run, store: Store, call: Call, junit: Path | None = None) -> int:
    """Tell how a run stands, write its JUnit file, and return the exit code that says it."""
    view = run_view(run_id, run)
    if junit is not None:
        written(junit, junit_text(view, bars(timeline(store, run_id))))
        told(f"wrote {junit}", call)
    if call.json:
        raw(document(name, view))
    else:
        printed(summary(view, width(call)), call)
    if run.outcome is None:
        told(f"waiting; go on with `patchtide resume {run_id}`, or let `patchtide tick` do it", call)
    return exit_code(run.outcome)
