"""What the first tier found out about updates, carried to every host that waits for the same file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.frozen import replace
from patchtide.core.packages import Package, Pending
from patchtide.core.patchset import Probe

File = tuple[str, str, str, str]
"""Platform, key, version and hash: the same file wherever it is."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The vendor's words on one file; `cves` is None as soon as they are unknown for one of the versions replaced."""

    cves: tuple[str, ...] | None
    advisories: tuple[str, ...]
    released: datetime | None


def found_out(probes: Iterable[Probe]) -> dict[File, Facts]:
    """Return what is known of each pending file, all hosts taken together."""
    told: dict[File, list[Pending]] = {}
    for probe in probes:
        for pending in (*probe.pending, *probe.withheld):
            told.setdefault(_file(probe, pending.package), []).append(pending)
    return {file: _together(some) for file, some in told.items()}


def informed(probe: Probe, known: Mapping[File, Facts]) -> Probe:
    """Return what was found on a host with what is known of the files that wait there."""

    def told(some: Iterable[Pending]) -> tuple[Pending, ...]:
        return tuple(_aware(one, known.get(_file(probe, one.package))) for one in some)

    return replace(probe, pending=told(probe.pending), withheld=told(probe.withheld))


def _file(probe: Probe, package: Package) -> File:
    return probe.platform.key, package.key, package.version, package.sha256


def _aware(one: Pending, facts: Facts | None) -> Pending:
    package = one.package
    if facts is None or (package.cves, package.advisories, package.released) == (
        facts.cves,
        facts.advisories,
        facts.released,
    ):
        return one  # nothing new: thousands of hosts need no copy
    aware = replace(package, cves=facts.cves, advisories=facts.advisories, released=facts.released)
    return replace(one, package=aware)


def _together(told: Sequence[Pending]) -> Facts:
    """Return what several hosts say of one file: some replace an older version with it, which fixes more."""
    fixes: dict[str | None, set[str] | None] = {}
    files = [pending.package for pending in told]
    for pending, file in zip(told, files, strict=True):
        known = fixes.get(pending.installed)
        fixes[pending.installed] = known if file.cves is None else {*(known or ()), *file.cves}
    cves = None if None in fixes.values() else {cve for some in fixes.values() for cve in some or ()}
    return Facts(
        cves=None if cves is None else tuple(sorted(cves, key=in_order)),
        advisories=tuple(sorted({name for file in files for name in file.advisories})),
        released=max((file.released for file in files if file.released), default=None),
    )


def in_order(cve: str) -> tuple[int, ...]:
    """Return by what CVE ids are sorted: year and number."""
    return tuple(int(part) for part in cve.split("-")[1:])
