"""`patchtide tick`: what cron and timers call."""

from datetime import timedelta

import click

from patchtide.cli.call import Call, command
from patchtide.cli.entry import sentence
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, warned
from patchtide.cli.trusting import vouched
from patchtide.core.actions import Ask, Wait
from patchtide.core.errors import LockedError, PatchtideError
from patchtide.core.notices import due
from patchtide.core.run import Run
from patchtide.core.settings import Settings
from patchtide.core.steps import WAITING_EXIT_CODE
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import ended_since, standing, unfinished
from patchtide.engine.rollout import drive
from patchtide.report.runview import RunView, run_view
from patchtide.wiring import desk, settings, who

_TOLD_WITHIN = timedelta(days=2)
"""How long after a run's end nobody tries any more to tell of it."""
_WORST_FIRST = (10, 9, 5, 4, 1, 2, 3, WAITING_EXIT_CODE, 0)


@command("tick")
@click.pass_obj
def tick(call: Call) -> int:
    """Go on with every unfinished run as far as it can without waiting; silent when there is nothing to do.

    Exits with 6 while a run waits, otherwise with the worst outcome. A run that another controller works on is left
    alone.
    """
    project = settings(call.config, planning=False)
    ports = desk(project, LineNotifier(call))
    codes: list[int] = []
    views: list[RunView] = []
    for run_id, known in reversed(tuple(unfinished(ports.store))):
        code, view = _ticked(run_id, known, ports, project) if _due(known, ports) else _left(run_id, known)
        codes.append(code)
        views.append(view)
        if not call.json and view.outcome:
            printed(f"run {run_id}: {view.outcome}: {view.reason}", call)
    for run_id, known in ended_since(ports.store, ports.clock.now() - _TOLD_WITHIN):
        if any(due(known, ports.clock.now())):
            _ticked(run_id, known, ports, project)  # nobody has been told how it ended
    if call.json:
        raw(document("tick", {"runs": views}))
    return min(codes, key=_badness, default=0)


def _due(known: Run, ports: Desk) -> bool:
    """Tell whether there is anything to do in a run now; taking it up for nothing would only fill its log."""
    if any(due(known, ports.clock.now())):
        return True
    match standing(known, ports.clock.now(), ports.synchronised, ports.blackouts):
        case Wait(until, _, _, _):
            return until <= ports.clock.now()
        case Ask():
            return False
        case _:
            return True


def _left(run_id: str, known: Run) -> tuple[int, RunView]:
    return WAITING_EXIT_CODE, run_view(run_id, known)


def _ticked(run_id: str, known: Run, ports: Desk, project: Settings) -> tuple[int, RunView]:
    try:
        vouched(known.plan, project, f"run {run_id}")
        view = run_view(run_id, drive(run_id, ports, by=who(), wait=False))
    except LockedError:
        return 0, run_view(run_id, known)
    except PatchtideError as error:
        warned(sentence(error.message, error.where, error.hint))
        return error.exit_code, run_view(run_id, known)
    return view.exit_code, view


def _badness(code: int) -> int:
    return _WORST_FIRST.index(code) if code in _WORST_FIRST else 0
