"""What a check-up finds: values only; `doctor` asks and prints."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from patchtide.core.listing import listed
from patchtide.core.patchset import Probe
from patchtide.core.planning import NotProbed
from patchtide.report.words import amount, one_line, size

_LITTLE_SPACE = 1_000_000_000
"""Bytes below which free space is worth a word; whether it is enough is measured while staging."""


class Level(StrEnum):
    """How bad a finding is: `stop` and `unreachable` keep a run, or a host, from going well."""

    OK = "ok"
    NOTE = "note"
    STOP = "stop"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: where, what was found, and what to do."""

    level: Level
    where: str
    message: str
    hint: str = ""


def host_findings(host: str, found: Probe | NotProbed) -> Iterator[Finding]:
    """Yield what one probe says about a host."""
    if isinstance(found, NotProbed):
        yield _unprobed(host, found)
        return
    platform = found.platform
    yield Finding(
        Level.OK,
        host,
        f"{platform.distribution} {platform.release} {platform.arch}, {platform.manager}, "
        f"{amount(len(found.pending), 'update')} pending",
    )
    for trouble in found.trouble:
        yield Finding(Level.STOP, host, one_line(trouble.reason), one_line(trouble.hint))
    yield from _health(host, found)
    yield from _notes(host, found)


def _unprobed(host: str, found: NotProbed) -> Finding:
    if found.unreachable:
        hint = f"Try `ssh` to it as Ansible would; `ansible {host} -m ping` shows more."
        return Finding(Level.UNREACHABLE, host, one_line(found.reason), hint)
    hint = "The user needs to become root without a password, and Python 3.8 or newer has to be there."
    return Finding(Level.STOP, host, one_line(found.reason), hint)


def _health(host: str, found: Probe) -> Iterator[Finding]:
    for measured in found.measurements:
        detail = f" ({one_line(measured.detail)})" if measured.detail else ""
        if measured.status == "fail":
            yield Finding(Level.NOTE, host, f"check {measured.name} fails already{detail}", "Look at it before a run.")
        elif measured.status == "skipped":
            hint = "Install its program, or waive the check by name: it keeps the run from the next tier."
            yield Finding(Level.NOTE, host, f"check {measured.name} is not made{detail}", hint)
        elif measured.status == "inconclusive":
            hint = "Say what it has to print or answer: a person would be asked in every run."
            yield Finding(Level.NOTE, host, f"check {measured.name} is inconclusive{detail}", hint)
        elif measured.status != "pass":
            hint = "What is not measured never passes: a run would put the host back."
            yield Finding(Level.STOP, host, f"check {measured.name} cannot be measured{detail}", hint)


def _notes(host: str, found: Probe) -> Iterator[Finding]:
    if found.held:
        yield Finding(Level.NOTE, host, f"held back here: {listed(found.held)}")
    leaving = sorted({one.key for pending in found.pending for one in pending.removes})
    if leaving:
        hint = "They are done where `updates.removals` is `allow`."
        yield Finding(Level.NOTE, host, f"updates are pending that would remove {listed(leaving)}", hint)
    if found.reboot_owed:
        yield Finding(Level.NOTE, host, "owes a reboot from before")
    for mount, free in found.space.items():
        if free < _LITTLE_SPACE:
            hint = "Staging refuses a host without room for the update and its way back."
            yield Finding(Level.NOTE, host, f"{size(free)} free on {one_line(mount)}", hint)


def exit_code(findings: list[Finding]) -> int:
    """Return 4 when hosts do not answer, 2 when something else would stop a run, else 0."""
    levels = {finding.level for finding in findings}
    if Level.UNREACHABLE in levels:
        return 4
    return 2 if Level.STOP in levels else 0
