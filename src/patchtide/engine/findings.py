"""From what a host reports to what the core may rely on. A report that does not fit is as good as none."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from patchtide.core.errors import UsageError
from patchtide.core.events import Finding, Installed, Status
from patchtide.core.health import Measurement
from patchtide.core.packages import Package, Pending, Platform, Removal, odd_part
from patchtide.core.patchset import Probe, Trouble
from patchtide.core.steps import Step
from patchtide.documents import parsed
from patchtide.ports import Report

T = TypeVar("T")

PROBE_SCHEMA = "patchtide/probe/v1"
_NAME = re.compile(r"[a-z0-9][a-z0-9+._-]*", re.IGNORECASE)
_VERSION = re.compile(r"[A-Za-z0-9.+:~^_-]{1,255}")
_PARTED = " and "  # kernels stand beside their older versions in rpm's database
_LONGEST_REASON = 2000
_MOST_APART = timedelta(minutes=2)
_JOURNAL_KEYS = {Step.ENTER: "maintenance", Step.PATCH: "patch", Step.ROLLBACK: "rollback", Step.STAGE: "stage"}


def probe_of(report: Report) -> Probe:
    """Return what a probe found; raises UsageError when the report is not one or names impossible packages."""
    data = report.data
    if data.get("schema") != PROBE_SCHEMA:
        raise UsageError("the host did not send a probe report", hint="Run `patchtide doctor`.")
    missing = [key for key in ("pending", "held", "trouble") if key not in data]
    if missing:
        raise UsageError(f"the probe report has no {', '.join(missing)}", hint="Run `patchtide doctor`.")
    return Probe(
        platform=parsed(Platform, data.get("platform"), what="platform"),
        machine_id=_text(data, "machine_id"),
        kernel=_text(data, "kernel"),
        boot=_text(data, "boot"),
        pending=_all_pending(data),
        held=parsed(tuple[str, ...], data.get("held", []), what="held"),
        kept_back=parsed(tuple[str, ...], data.get("kept_back", []), what="kept_back"),
        installed=_installed(data),
        space=parsed(dict[str, int], data.get("space", {}), what="space"),
        reboot_owed=_reboot(data)[0],
        reboot_why=_reboot(data)[1],
        trouble=parsed(tuple[Trouble, ...], data.get("trouble", []), what="trouble"),
        notes=parsed(tuple[Trouble, ...], data.get("notes", []), what="notes"),
        measurements=_measurements(data),
        timezone=_text(data, "timezone"),
    )


def clock_trouble(report: Report, since: datetime, now: datetime) -> tuple[Trouble, ...]:
    """Return the trouble of a host whose clock is not the controller's by more than two minutes.

    It looked at its clock at some moment between `since`, when it was asked, and `now`: a slow answer is no wrong
    clock. Windows, soaks and the age of its package lists would be judged by another time there.
    """
    hint = "Set its time, and see that it is kept: `timedatectl`."
    try:
        clock = datetime.fromisoformat(str(report.data.get("clock")))
        apart = clock - min(max(clock, since), now)
    except (TypeError, ValueError):
        return (Trouble("clock", "it does not say what time it has", hint),)
    if abs(apart) <= _MOST_APART:
        return ()
    side = "ahead of" if apart > timedelta(0) else "behind"
    return (Trouble("clock", f"its clock is {abs(apart).total_seconds() / 60:.0f} min {side} the controller's", hint),)


def _text(data: Mapping[str, object], key: str) -> str:
    return parsed(str, data.get(key, ""), what=key)


def _installed(data: Mapping[str, object]) -> dict[str, str]:
    found = parsed(dict[str, str], data.get("installed", {}), what="installed")
    odd = next(
        (key for key, version in found.items() if not all(map(_VERSION.fullmatch, version.split(_PARTED)))), None
    )
    if odd is not None:
        raise UsageError(f"package {odd!r} has an impossible installed version: {found[odd]!r}")
    return found


def _dicts(data: Mapping[str, object], key: str) -> tuple[dict[str, object], ...]:
    return parsed(tuple[dict[str, object], ...], data.get(key, []), what=key)


def _all_pending(data: Mapping[str, object]) -> tuple[Pending, ...]:
    found = tuple(_pending(entry) for entry in _dicts(data, "pending"))
    keys = [pending.package.key for pending in found]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise UsageError(f"updates are named twice: {', '.join(twice)}")
    return found


def _pending(entry: Mapping[str, object]) -> Pending:
    fields = {key: entry.get(key) for key in Package.__dataclass_fields__ if key in entry}
    package = parsed(Package, fields, what="pending update")
    _refuse_odd(package)
    installed = entry.get("installed")
    if installed is not None and not (isinstance(installed, str) and _VERSION.fullmatch(installed)):
        raise UsageError(f"package {package.name!r} has an impossible installed version: {installed!r}")
    return Pending(package, installed, tuple(sorted(_removal(package, one) for one in _dicts(entry, "removes"))))


def _removal(package: Package, entry: Mapping[str, object]) -> Removal:
    name, arch, version = (parsed(str, entry.get(part), what=f"removal {part}") for part in ("name", "arch", "version"))
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(arch) and _VERSION.fullmatch(version)):
        raise UsageError(f"package {package.name!r} would remove an impossible one: {name!r} {arch!r} {version!r}")
    return Removal(f"{name}:{arch}", version)


def _refuse_odd(package: Package) -> None:
    if problem := odd_part(package):
        raise UsageError(problem)


def finding_of(step: Step, report: Report) -> tuple[Status, str, Finding]:
    """Return status, reason and finding of a host's report; what cannot be read is `unknown`, never `ok`."""
    if report.status in {Status.UNREACHABLE, Status.UNKNOWN}:
        return report.status, _sentence(report.reason), Finding()
    if not isinstance(report.data, Mapping):
        report = replace(report, data={})
    odd = _odd(step, report.data) if report.status is Status.OK else ""
    if odd:
        return Status.UNKNOWN, f"the report cannot be read: {odd}", Finding()
    silent = f"{step} failed without saying why" if report.status is Status.FAILED else ""
    reason = _sentence(report.reason or str(report.data.get("reason", "")) or silent or _brought(report.data))
    try:
        return report.status, reason, _finding(step, report.data)
    except UsageError as error:
        if report.status is Status.FAILED:  # that it failed is known, whatever else it says
            return report.status, reason, Finding()
        return Status.UNKNOWN, f"the report cannot be read: {error.message}", Finding()


def _brought(data: Mapping[str, object]) -> str:
    """Say that files came from the controller, when a stage went well only with them."""
    files = data.get("brought")
    return f"{len(files)} of its files came from the depot" if isinstance(files, list | tuple) and files else ""


def _sentence(text: str) -> str:
    """Return what a host says without what would move a cursor or could not be written down, and not without end."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text[:_LONGEST_REASON])


def _odd(step: Step, data: Mapping[str, object]) -> str:
    """Say what is missing from a report that claims success, or nothing: silence is not success."""
    journal = data.get("journal", "missing")
    match step:
        case Step.PROBE | Step.REBOOT if not (journal is None or isinstance(journal, Mapping)):
            return "there is no journal in it"
        case Step.STAGE if data.get("ready") is not True:
            return "it does not say that the host is ready"
        case Step.ENTER if data.get("state") != "entered":
            return "it does not say that maintenance mode was entered"
        case Step.LEAVE if data.get("state") != "left":
            return "it does not say that maintenance mode was left"
        case Step.PATCH if data.get("outcome") not in ("applied", "nothing"):
            return "it does not say that the update was applied"
        case Step.ROLLBACK if data.get("outcome") not in ("restored", "unverified", "nothing"):
            return "it does not say how the rollback ended"
        case Step.VERIFY if not isinstance(data.get("measurements"), list | tuple):
            return "there are no measurements in it"
        case Step.PATCH | Step.ROLLBACK if not _says_reboot(data):
            return "it does not say whether a reboot is owed"
        case _:
            return ""


def _says_reboot(data: Mapping[str, object]) -> bool:
    reboot = data.get("reboot")
    return isinstance(reboot, Mapping) and isinstance(reboot.get("owed"), bool)


def _finding(step: Step, data: Mapping[str, object]) -> Finding:
    owed, why = _reboot(data)
    done = data.get("installed", []) if step is Step.PATCH else []  # a probe tells by this name what is there
    return Finding(
        installed=_several(Installed, done, "installed"),
        reboot_owed=owed,
        reboot_why=why,
        measurements=_several(Measurement, data.get("measurements", []), "measurements"),
        restored=str(data.get("outcome", "")) if step is Step.ROLLBACK else "",
        differences=_several(str, data.get("differences", []), "differences"),
        begun=_begun(data),
        stale=_several(str, data.get("stale", []), "stale"),
        confirmed=data.get("confirmed") is True,
        reverted=data.get("reverted") is True,
        backed_up=data.get("backed_up") is True,
        left=data.get("left") is True,
    )


def _several(kind: type[T], said: object, what: str) -> tuple[T, ...]:
    """Return a list of values; of thousands of hosts most have none to tell of."""
    return () if said in ([], ()) else parsed(tuple[kind, ...], said, what=what)  # type: ignore[valid-type]


def _reboot(data: Mapping[str, object]) -> tuple[bool, tuple[str, ...]]:
    reboot = data.get("reboot")
    if not isinstance(reboot, Mapping):
        return False, ()
    return reboot.get("owed") is True, _several(str, reboot.get("why", []), "reboot")


def _measurements(data: Mapping[str, object]) -> tuple[Measurement, ...]:
    return parsed(tuple[Measurement, ...], data.get("measurements", []), what="measurements")


def _begun(data: Mapping[str, object]) -> tuple[Step, ...]:
    journal = data.get("journal")
    if not isinstance(journal, Mapping):
        return ()
    return tuple(step for step, key in _JOURNAL_KEYS.items() if journal.get(key))
