"""Backups and maintenance mode in words: what is done around a host's update, in its order."""

from collections.abc import Iterator
from typing import assert_never

from patchtide.core.backup import Backup
from patchtide.core.maintenance import Action, Drain, Hook, Maintenance, Order, Silence, WhenLate
from patchtide.report.words import one_line, span


def around_lines(maintenance: Maintenance) -> Iterator[str]:
    """Yield a line for each thing that is entered before a host's update and left after it."""
    yield from (f"while a host is worked on: {_acted(action)}" for action in maintenance.actions)
    yield from (f"while a host is worked on: {one_line(flag.path)} is there" for flag in maintenance.flags)
    yield from (f"before and after on the host: hook {one_line(_hooked(hook))}" for hook in maintenance.hooks)


def backup_lines(backup: Backup | None) -> Iterator[str]:
    """Yield what has to be backed up before a host is touched."""
    if backup is not None:
        made = f"made by {_deed(backup.run)}, " if backup.run is not None else ""
        age = f"at most {span(backup.max_age)} old when its turn comes"
        yield one_line(f"only after a good backup: {made}verified by {_deed(backup.verify)}, {age}")


def _deed(deed: tuple[str, ...] | str) -> str:
    return f"the tasks of {deed}" if isinstance(deed, str) else " ".join(deed)


def _acted(action: Action) -> str:
    match action:
        case Drain():
            late = "left untouched" if action.when_late is WhenLate.REFUSE else "updated all the same"
            place = f"{action.backend} at {action.socket}{f' on {action.on}' if action.on else ''}"
            rest = f"sessions have {span(action.deadline)} to end, or it is {late}"
            return one_line(f"its server in HAProxy backend {place} is set to {action.state}; {rest}")
        case Silence():
            rest = f"silenced, {span(action.lease)} at a time; health is judged all the same"
            return one_line(f"its alerts at {action.url} are {rest}")
        case Order():
            return one_line(f"{action.name} runs on the controller")
        case _:
            assert_never(action)


def _hooked(hook: Hook) -> str:
    return f"{hook.name}: {_deed(hook.enter)}, then {_deed(hook.leave)}"
