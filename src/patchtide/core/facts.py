"""What the first tier found out about updates, carried to every host that waits for the same file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from patchtide.core.frozen import replace
from patchtide.core.packages import Package, Pending
from patchtide.core.patchset import Probe

N = TypeVar("N")
Updates = tuple[Pending, ...]
File = tuple[str, str, str, str]
"""Platform, key, version and hash: the same file wherever it is."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The vendor's words on one file; `cves` is None as soon as they are unknown for one of the versions replaced."""

    cves: tuple[str, ...] | None
    advisories: tuple[str, ...]
    released: datetime | None


def advised(found: Mapping[str, Probe | N], first: Iterable[str]) -> dict[str, Probe | N]:
    """Return what was found on hosts, with what those of the first tier found out about the files that wait there.

    Of a fleet most hosts wait for the same: those share one list, and what follows from it is worked out once.
    """
    lists = _Lists()
    shared = {name: lists.shared(one) if isinstance(one, Probe) else one for name, one in found.items()}
    known = found_out(probe for name in first if isinstance(probe := shared[name], Probe))
    return {name: lists.informed(one, known) if isinstance(one, Probe) else one for name, one in shared.items()}


class _Lists:
    """Lists of updates: of those that are equal the first one stands for all."""

    def __init__(self) -> None:
        self._first: dict[tuple[tuple[str, str | None], ...], Updates] = {}
        self._informed: dict[tuple[str, int], tuple[Updates, Updates]] = {}

    def shared(self, probe: Probe) -> Probe:
        """Return what was found on a host, with lists that others have, too."""
        return _with(probe, self._one(probe.pending), self._one(probe.withheld))

    def _one(self, some: Updates) -> Updates:
        first = self._first.setdefault(tuple((one.package.sha256, one.installed) for one in some), some)
        return first if first == some else some

    def informed(self, probe: Probe, known: Mapping[File, Facts]) -> Probe:
        """Return what was found on a host with what is known of the files that wait there."""
        of = probe.platform.key
        return _with(probe, self._told(of, probe.pending, known), self._told(of, probe.withheld, known))

    def _told(self, platform: str, some: Updates, known: Mapping[File, Facts]) -> Updates:
        _, told = self._informed.get((platform, id(some)), (some, None))
        if told is None:
            told = tuple(_aware(one, known.get(_file(platform, one.package))) for one in some)
            self._informed[platform, id(some)] = (some, told)  # which keeps the list, and with it its id
        return told


def _with(probe: Probe, pending: Updates, withheld: Updates) -> Probe:
    same = probe.pending is pending and probe.withheld is withheld
    return probe if same else replace(probe, pending=pending, withheld=withheld)


def found_out(probes: Iterable[Probe]) -> dict[File, Facts]:
    """Return what is known of each pending file, all hosts taken together; a list says the same each time."""
    lists = {(p.platform.key, id(some)): some for p in probes for some in (p.pending, p.withheld)}
    told: dict[File, list[Pending]] = {}
    for (platform, _), some in lists.items():
        for pending in some:
            told.setdefault(_file(platform, pending.package), []).append(pending)
    return {file: _together(some) for file, some in told.items()}


def _file(platform: str, package: Package) -> File:
    return platform, package.key, package.version, package.sha256


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
