"""The way back: the recorded state put in place again and compared, each method used at most once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Callable

from .changes import mark_changes
from .command import Finished
from .errors import HostError, summed_up
from .files import verified
from .journal import Entry
from .packagemanager import ABSENT, Installed, PackageManager
from .recovery import differences
from .services import activity_differences, failed_starts, restored_enablement, services, unit_files
from .settings import bring_back, changed_files, foreign_files, put_back, set_aside

_MASKS = "/etc/systemd/system"


@dataclass(frozen=True)
class Course:
    """What a rollback has to go by: the run's packages (keys), the record, the kept files, and its time limit."""

    folder: Path
    keys: tuple[str, ...]
    record: dict[str, Any]
    kept: tuple[dict[str, Any], ...]
    interrupted: bool
    files_after: dict[str, Any] | None
    paused: tuple[str, ...]
    until: float
    note: Callable[[str], None]

    def left(self) -> float:
        """Seconds until the deadline, at least one."""
        return max(self.until - time.monotonic(), 1.0)

    @property
    def names(self) -> set[str]:
        """The names of the run's packages."""
        return {key.partition(":")[0] for key in self.keys}


def restored(course: Course, manager: PackageManager, log: IO[bytes]) -> Entry:
    """The end of a rollback: outcome restored, unverified (something else differs) or failed, with the differences."""
    paths = verified(course.folder / "kept", course.kept)
    # The masks of paused updaters are set and lifted by the maintenance step.
    foreign = foreign_files(course.record["files"], course.files_after) | {f"{_MASKS}/{unit}" for unit in course.paused}
    reasons = _packages_back(course, manager, paths, foreign, log)
    reasons += _marks_back(course, manager, manager.installed())
    reasons += _settings_back(course, foreign, absent_too=True)
    reasons += _services_back(course)
    wrong = differences(course.record, manager, course.paused, foreign)
    own = [sentence for sentence in wrong if _is_own(course, sentence)]
    if own:
        outcome, reason = "failed", summed_up([*reasons, *own])
    elif wrong:
        outcome, reason = "unverified", f"the run's packages are back, other things differ: {summed_up(wrong)}"
    else:
        outcome, reason = "restored", summed_up(reasons)
    return {"state": "failed" if own else "done", "outcome": outcome, "reason": reason, "differences": wrong}


def _packages_back(
    course: Course, manager: PackageManager, kept: list[Path], foreign: set[str], log: IO[bytes]
) -> list[str]:
    """Bring the packages back by the solver, or plainly where that does not do; the sentences of what went wrong."""
    reasons: list[str] = []
    if course.interrupted:
        _tolerated(manager.repair(log, min(course.left(), 600)), reasons)
    moved = _new_settings_aside(course, manager, foreign)
    for name, method, share in (("solver", manager.restore, 0.7), ("plain", manager.restore_plainly, 1.0)):
        old, new = _needed(course, manager.installed(), kept)
        if not old and not new:
            return []
        # The old settings have to be there before the old services start on them.
        _settings_back(course, foreign, absent_too=False)
        course.note(name)
        _tolerated(method(old, new, log, course.left() * share), reasons)
    old, new = _needed(course, manager.installed(), kept)
    if not old and not new:
        return []
    bring_back(moved)
    return reasons


def _new_settings_aside(course: Course, manager: PackageManager, foreign: set[str]) -> dict[str, Path]:
    """Move away the configuration files that came new with the update.

    dpkg keeps a mark of those that are still there when their package goes back; once they are removed, it would take
    them for deleted by the admin and never install them again.
    """
    record = course.record["files"]
    owned = manager.configuration(course.keys, [])
    came = [
        path for path in changed_files(record) if path in owned and record.get(path) is None and path not in foreign
    ]
    return set_aside(came, course.folder / "aside")


def _needed(course: Course, now: dict[str, Installed], kept: list[Path]) -> tuple[list[Path], list[str]]:
    """(old files to install, keys to remove) as the run's packages stand; HostError when a file was never kept."""
    before = course.record["packages"]
    files = {f"{one['name']}:{one['arch']}": path for one, path in zip(course.kept, kept)}
    old, lacking = [], []
    for key in sorted(key for key in before if key.partition(":")[0] in course.names):
        version, _, status = before[key]
        current = now.get(key)
        if status in ABSENT or (current and [current.version, current.status] == [version, status]):
            continue
        if key in files:
            old.append(files[key])
        else:
            lacking.append(f"{key} {version}")
    if lacking:
        raise HostError(f"no old file was kept of {', '.join(lacking)}", "a person has to bring it back", code="kept")
    came = [
        key
        for key in course.keys
        if key in now and now[key].present and before.get(key, ["", "", ABSENT[0]])[2] in ABSENT
    ]
    # An old file of the same name and another architecture replaces what came by itself.
    replaced = {key.partition(":")[0] for key in files}
    left_over = [key for key in course.keys if key in now and key not in before and now[key].status == "config-files"]
    return old, sorted({key for key in came if key.partition(":")[0] not in replaced} | set(left_over))


def _settings_back(course: Course, foreign: set[str], absent_too: bool) -> list[str]:
    """Put back what the update or the way back changed; files that were absent are removed only at the end."""
    record = course.record["files"]
    paths = [path for path in changed_files(record) if path not in foreign and (absent_too or record.get(path))]
    return put_back(record, paths, course.folder / "settings")


def _marks_back(course: Course, manager: PackageManager, after: dict[str, Installed]) -> list[str]:
    record = course.record
    automatic, manual = mark_changes(record["automatic"], manager.automatic(after), after, ())
    own = [[key for key in keys if key.partition(":")[0] in course.names] for keys in (automatic, manual)]
    held = [key for key, was in record["packages"].items() if key in after and was[1] == "hold" != after[key].wanted]
    freed = [
        key
        for key, one in after.items()
        if one.wanted == "hold" and key in record["packages"] and record["packages"][key][1] != "hold"
    ]
    done = [manager.mark(own[0], own[1]), manager.hold(held, freed)]
    return [f"marks could not be restored: {one.why()}" for one in done if not one.ok]


def _services_back(course: Course) -> list[str]:
    """Enablement and activity of services as recorded; a sentence for each that would not."""
    was_enabled = {name: state for name, state in course.record["units"].items() if name not in course.paused}
    touched = restored_enablement(was_enabled, unit_files())
    wrong = activity_differences(course.record["services"], services(), course.paused)
    return failed_starts(wrong, reload=bool(touched or wrong))


def _is_own(course: Course, sentence: str) -> bool:
    """Whether the difference is in what this run changed, and not in a package that somebody else changed meanwhile."""
    subject = sentence.partition(" ")[0]
    return ":" not in subject or subject.startswith("/") or subject.partition(":")[0] in course.names


def _tolerated(done: Finished | None, reasons: list[str]) -> None:
    if done is not None and not done.ok:
        reasons.append(done.why())
