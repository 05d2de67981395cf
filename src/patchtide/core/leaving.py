"""What was entered around hosts from the controller is left as soon as nobody works on them, whatever happened."""

from datetime import datetime

from patchtide.core.actions import Action, Undo, Wait
from patchtide.core.around import left_as
from patchtide.core.hosts import Trait
from patchtide.core.run import Run


def leaving(run: Run, now: datetime) -> Action | None:
    """The last thing that was entered is left first; where that failed, it is tried again after a pause."""
    opened = {host.name: host.open for host in run.hosts.having(Trait.OPENED)}
    found = left_as(opened, now)
    if found is not None:
        return Undo(*found)
    if not opened or run.hosts.count(Trait.WORKED_ON):
        return None  # those who are in the middle of things go first
    name, last = min(((name, entries[-1]) for name, entries in opened.items()), key=lambda one: str(one[1].due()))
    reason = f"{name}: {last.action} could not be left, and is tried again"
    return Wait(last.due() or now, "leaving", reason, run.hosts[name].tier)
