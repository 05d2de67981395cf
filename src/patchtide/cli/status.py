"""`patchtide status`: where a run stands, once or for as long as it lasts."""

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from patchtide.cli.call import Call, command
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, width
from patchtide.core.fold import fold
from patchtide.core.run import Run
from patchtide.engine.inspect import standing
from patchtide.engine.looking import reviews_owed, run_seen
from patchtide.ports import Lock, Notifier, Store
from patchtide.report.runtext import next_words, standing_text, summary
from patchtide.report.runview import run_view
from patchtide.report.words import one_line
from patchtide.wiring import blackouts, lock, records, store, synchronised

_POLL_SECONDS = 1.0


def now() -> datetime:
    """Return the instant as of which a run is looked at."""
    return datetime.now(UTC)


@command("status")
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--watch", is_flag=True, help="Follow the run until it ends.")
@click.pass_obj
def status(call: Call, run_name: str | None, watch: bool) -> int:
    """Tell where a run stands, why it waits, and when it goes on; the newest one by default."""
    project = records(call.config)
    log = store(project)
    run_id, run = run_seen(log, run_name)
    if watch and not call.json:
        _watched(run_id, run, log, call)
        return 0
    _told(run_id, run, lock(project), call, reviews_owed(log))
    return 0


def _told(run_id: str, run: Run, held: Lock, call: Call, owed: Sequence[tuple[str, str]]) -> None:
    action = standing(run, now(), synchronised, blackouts(call.config))
    holder = held.holder()
    view = run_view(run_id, run, now())
    if call.json:
        coming = {"kind": type(action).__name__.lower(), "words": next_words(action, run_id, holder), "action": action}
        debts = [{"run": owing, "why": why} for owing, why in owed]
        raw(document("status", view, next=coming, holder=holder, reviews_owed=debts))
        return
    printed(standing_text(view, action, holder, width(call)), call)
    for owing, why in owed:
        printed(f"run {owing} owes a review: {one_line(why)}; `patchtide review {owing} --text ...`", call)


def _watched(run_id: str, run: Run, log: Store, call: Call) -> None:
    if sys.stdout.isatty():
        from patchtide.cli.progress import LiveNotifier

        with LiveNotifier(run_id, run, sys.stdout, call) as live:
            run = _followed(run_id, run, log, live)
    else:
        run = _followed(run_id, run, log, LineNotifier(call, printed))
    printed(summary(run_view(run_id, run), width(call)), call)


def _followed(run_id: str, run: Run, log: Store, notifier: Notifier) -> Run:
    """Read the log again each second until the run has ended, and return it."""
    while run.outcome is None:
        for _, event in log.events(run_id, after=run.seen):
            notifier.tell(run_id, event)
            run = fold(run, event)
        if run.outcome is None:
            time.sleep(_POLL_SECONDS)
    return run
