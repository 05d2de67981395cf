"""Looking at runs, however long they are: by what the log remembers of them and the events that came since.

Whatever goes on with a run folds all of its events instead.
"""

from patchtide.core.brief import Brief, brief
from patchtide.core.emergency import owes_review
from patchtide.core.fold import continued, folded
from patchtide.core.run import Run
from patchtide.engine.inspect import id_named
from patchtide.ports import Log


def run_seen(log: Log, name: str | None) -> tuple[str, Run]:
    """Return a run as `run_named` does; raises UsageError."""
    run_id = id_named(log, name)
    return run_id, _seen(log, run_id)


def _seen(log: Log, run_id: str) -> Run:
    known = log.recalled(run_id)
    if known is None:
        return folded(event for _, event in log.events(run_id))
    return continued(known, (event for _, event in log.events(run_id, after=known.seen)))


def history(log: Log, limit: int | None = None) -> tuple[tuple[str, Brief], ...]:
    """Return all runs or the newest so many, newest first, each in a line."""
    newest = tuple(reversed(log.briefs()))[:limit]
    return tuple((run_id, line or brief(_seen(log, run_id))) for run_id, line in newest)


def reviews_owed(log: Log) -> tuple[tuple[str, str], ...]:
    """Return the runs whose emergency is still to be reviewed, oldest first, each with why."""
    runs = dict.fromkeys(run_id for run_id, _ in log.said("emergency_declared"))
    found = ((run_id, owes_review(_seen(log, run_id))) for run_id in runs)
    return tuple((run_id, why) for run_id, why in found if why)
