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
from .packagemanager import ABSENT, Installed, PackageManager, Return
from .recovery import differences
from .services import activity_differences, failed_starts, services
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
    renew: Callable[[], list[str]] = list

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
    foreign = foreign_files(course.record["files"], course.files_after) | masks(course)
    reasons = _packages_back(course, manager, paths, foreign, log)
    reasons += _marks_back(course, manager, manager.installed())
    reasons += _settings_back(course, foreign, absent_too=True)
    return compared(course, manager, foreign, reasons)


def masks(course: Course) -> set[str]:
    """The masks of paused updaters, which the maintenance step sets and lifts."""
    return {f"{_MASKS}/{unit}" for unit in course.paused}


def compared(course: Course, manager: PackageManager, foreign: set[str], reasons: list[str]) -> Entry:
    """The end of a rollback whose packages and settings are back: services as recorded, then everything compared."""
    reasons = reasons + _services_back(course) + course.renew()
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
        back = _needed(course, manager.installed(), kept)
        if not back:
            return []
        # The old settings have to be there before the old services start on them.
        _settings_back(course, foreign, absent_too=False)
        course.note(name)
        _tolerated(method(back, log, course.left() * share), reasons)
    if not _needed(course, manager.installed(), kept):
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


def _needed(course: Course, now: dict[str, Installed], kept: list[Path]) -> Return:
    """The way back from how the run's packages stand now; HostError when an old file was never kept."""
    files = {f"{one['name']}:{one['arch']}": path for one, path in zip(course.kept, kept)}
    gone = _not_as_before(course, now)
    lacking = [f"{key} {course.record['packages'][key][0]}" for key in gone if key not in files]
    if lacking:
        raise HostError(f"no old file was kept of {', '.join(lacking)}", "a person has to bring it back", code="kept")
    # An old file of the same name and another architecture replaces what came by itself.
    replaced = {key.partition(":")[0] for key in files}
    came = [key for key in sorted(course.keys) if key in now and key.partition(":")[0] not in replaced]
    before = course.record["packages"]
    return Return(
        old=tuple(files[key] for key in gone),
        purge=tuple(key for key in came if key not in before),
        remove=tuple(key for key in came if key in before and before[key][2] in ABSENT and now[key].present),
    )


def _not_as_before(course: Course, now: dict[str, Installed]) -> list[str]:
    """The keys of the run's packages that were on the host before and do not stand as they did."""
    found = []
    for key, (version, _, status) in sorted(course.record["packages"].items()):
        current = now.get(key)
        is_same = current is not None and [current.version, current.status] == [version, status]
        if key.partition(":")[0] in course.names and status not in ABSENT and not is_same:
            found.append(key)
    return found


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
    """Services as active as recorded, a sentence for each that would not; enablement are links, and back already."""
    before = course.record["services"]
    wrong = activity_differences(before, services(before), course.paused)
    return failed_starts(wrong)


def _is_own(course: Course, sentence: str) -> bool:
    """Whether the difference is in what this run changed, and not in a package that somebody else changed meanwhile."""
    subject = sentence.partition(" ")[0]
    return ":" not in subject or subject.startswith("/") or subject.partition(":")[0] in course.names


def _tolerated(done: Finished | None, reasons: list[str]) -> None:
    if done is not None and not done.ok:
        reasons.append(done.why())
