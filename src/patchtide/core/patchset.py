"""The lock: from what waits on the test tier to what every host may get."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

from patchtide.core.health import Measurement
from patchtide.core.packages import Package, Pending, Platform, Removal
from patchtide.core.plan import Change, HostPlan
from patchtide.core.versions import is_newer


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something on a host that stands in the way: a short code, a sentence, and what to do."""

    code: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one round trip to a host found out; `notes` stand in nobody's way, `trouble` does."""

    platform: Platform
    machine_id: str
    kernel: str
    boot: str
    pending: tuple[Pending, ...]
    withheld: tuple[Pending, ...] = ()
    """What is not wanted, and what cannot come without it."""
    held: tuple[str, ...] = ()
    kept_back: tuple[str, ...] = ()
    installed: Mapping[str, str] = field(default_factory=dict)
    space: Mapping[str, int] = field(default_factory=dict)
    reboot_owed: bool = False
    reboot_why: tuple[str, ...] = ()
    trouble: tuple[Trouble, ...] = ()
    notes: tuple[Trouble, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    timezone: str = ""
    """The zone that the host is set to; empty when it does not say."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Packages (a shell pattern) that stay as they are, until a day, because somebody said so."""

    package: str
    owner: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class MinimumAge:
    """How long ago an update has to be released before it is taken, and how long one that fixes security."""

    everything: timedelta = timedelta(0)
    security: timedelta = timedelta(0)

    def __str__(self) -> str:
        """Return the ages as they are written in a configuration."""
        return f"{{all: {_hours(self.everything)}, security: {_hours(self.security)}}}"


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g}h"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the pending updates are wanted; `now` is the instant (UTC) as of which their age counts."""

    security_only: bool = False
    exclusions: tuple[Exclusion, ...] = ()
    removals: bool = False
    minimum_age: MinimumAge = MinimumAge()
    now: datetime | None = None
    quarantined: Mapping[str, str] = field(default_factory=dict)
    """Why each `package=version` in quarantine is kept out."""

    def refusal(self, pending: Pending) -> str | None:
        """Say why an update is left out, or None when it is wanted."""
        name = pending.package.name
        if pending.package.exact in self.quarantined:
            return self.quarantined[pending.package.exact]
        for exclusion in self.exclusions:
            if fnmatchcase(name, exclusion.package):
                until = f" until {exclusion.until}" if exclusion.until else ""
                return f"excluded by {exclusion.owner}{until}: {exclusion.reason}"
        # What comes new is a dependency of something wanted; alone it would never be pending.
        if self.security_only and not pending.package.fixes_security and pending.installed is not None:
            return "not a security update"
        if pending.removes and not self.removals:
            return f"would remove {', '.join(removal.key for removal in pending.removes)}"
        return self._too_young(pending.package)

    def _too_young(self, package: Package) -> str | None:
        ages = self.minimum_age
        wanted = ages.security if package.fixes_security else ages.everything
        if not wanted:
            return None
        if package.released is None or self.now is None:
            return f"too young: nobody can tell since when it is out, and {_hours(wanted)} are wanted"
        if self.now - package.released < wanted:
            return f"too young: released {package.released:%Y-%m-%d %H:%M} UTC, {_hours(wanted)} ago is wanted"
        return None


def unwanted(probe: Probe, selection: Selection) -> tuple[Package, ...]:
    """Return the versions that a host has to do without, once one that is not wanted is among its pending updates.

    What still makes sense without them only the host's own solver can say.
    """
    if not any(selection.refusal(pending) for pending in probe.pending):
        return ()
    return tuple(each.package for each in (*probe.withheld, *probe.pending) if selection.refusal(each))


def narrowed(probe: Probe, later: Probe) -> Probe:
    """Return a probe with what is pending once the host does without some versions, the others withheld."""
    left = {pending.package.exact for pending in later.pending}
    gone = (pending for pending in probe.pending if pending.package.exact not in left)
    return replace(probe, pending=later.pending, withheld=(*probe.withheld, *gone))


def locked(probes: Iterable[Probe], selection: Selection) -> dict[str, tuple[Package, ...]]:
    """Return the patch set: per platform the newest wanted file of each package that waits on these (test) hosts."""
    newest: dict[str, dict[str, Package]] = {}
    for probe in {(probe.platform, id(probe.pending)): probe for probe in probes}.values():  # the same list but once
        of_platform = newest.setdefault(probe.platform.key, {})
        for pending in probe.pending:
            package = pending.package
            if selection.refusal(pending):
                continue
            known = of_platform.get(package.key)
            if known is None or is_newer(package.version, known.version, probe.platform.manager):
                of_platform[package.key] = package
            elif known.version == package.version:
                needed_by = tuple(sorted({*known.needed_by, *package.needed_by}))
                of_platform[package.key] = replace(known, needed_by=needed_by)
    return {platform: tuple(files[key] for key in sorted(files)) for platform, files in sorted(newest.items())}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a host gets of the patch set, what leaves it for that, and why all else stays away."""

    changes: tuple[Change, ...]
    removes: tuple[Removal, ...]
    left_out: Mapping[str, str]


class Choices:
    """What hosts get of a patch set; for hosts that are alike in all that counts it is worked out once."""

    def __init__(self, patch_set: Mapping[str, tuple[Package, ...]], selection: Selection) -> None:
        self._locks = {platform: {file.key: file for file in files} for platform, files in patch_set.items()}
        self._selection = selection
        self._made: dict[tuple[object, ...], tuple[Probe, Choice]] = {}

    def of(self, probe: Probe) -> Choice:
        """Return what a host gets; its lists of updates count as alike where they are one and the same."""
        lock = self._locks.get(probe.platform.key, {})
        has = tuple(_installed(probe, file) for file in lock.values())
        alike = (probe.platform, id(probe.pending), id(probe.withheld), probe.held, probe.kept_back, has)
        if alike not in self._made:  # with the probe, which keeps its lists and so their ids
            self._made[alike] = probe, _choice(probe, lock, self._selection)
        return self._made[alike][1]


def host_plan(name: str, probe: Probe, choices: Choices) -> HostPlan:
    """Return what a host gets of the patch set, if nothing on it stands in the way."""
    choice = choices.of(probe)
    trouble = "; ".join(found.reason for found in probe.trouble) or None
    owes = probe.reboot_why if probe.reboot_owed else ()
    about = (name, probe.platform.key, probe.machine_id, choice.changes, choice.left_out)
    skipped = tuple(one.name for one in probe.measurements if one.status == "skipped")
    return HostPlan(*about, refused=trouble, removes=choice.removes, owes_reboot=owes, skipped=skipped)


def _choice(probe: Probe, lock: Mapping[str, Package], selection: Selection) -> Choice:
    """Return what a host gets of a lock: never a package that the test tier does not prove.

    What is installed there decides. Its own list of updates only says what goes along with them, as it may lack some:
    they are phased in, or gone from its mirror by now, or it has no mirror at all.
    """
    own = {pending.package.key: pending for pending in probe.pending}
    given: dict[str, Pending] = {}
    left_out: dict[str, str] = dict.fromkeys(probe.held, "held on the host")
    for pending in (*probe.pending, *_beyond_its_list(probe, lock)):
        key = pending.package.key
        unproven = _unproven(pending, lock.get(key), probe.platform.manager)
        # What counts is the file that the host would get, not a later one that its mirror has by now.
        wanted = replace(pending, package=lock.get(key, pending.package))
        if reason := selection.refusal(wanted) or unproven or _withheld(pending, probe):
            left_out[key] = reason
        else:
            given[key] = pending
    for key in _needless(given, own, lock):
        del given[key]
        if key in own:
            left_out[key] = "nothing that this host gets needs it"
    changes = tuple(Change(key, given[key].installed) for key in sorted(given))
    leaving = tuple(sorted({removal for pending in given.values() for removal in pending.removes}))
    for pending in probe.withheld:
        reason = selection.refusal(pending) or "needs an update that stays away"
        left_out.setdefault(pending.package.key, reason)
    return Choice(changes, leaving, left_out)


def _beyond_its_list(probe: Probe, lock: Mapping[str, Package]) -> Iterable[Pending]:
    """Yield what of the lock a host does not list as pending: what it has in another version, or not at all."""
    own = {pending.package.key for pending in (*probe.pending, *probe.withheld)}
    for key, package in lock.items():
        installed = _installed(probe, package)
        if key in own or package.name in probe.held or installed == package.version:
            continue
        if installed is not None or package.needed_by:
            yield Pending(package, installed)


def _installed(probe: Probe, package: Package) -> str | None:
    """Return the version that a host has of a package, which may have moved between its architecture and all."""
    free = probe.platform.archless
    other = probe.platform.arch if package.arch == free else free
    return probe.installed.get(package.key) or probe.installed.get(f"{package.name}:{other}")


def _withheld(pending: Pending, probe: Probe) -> str | None:
    if pending.package.name in probe.kept_back:
        return "kept back by the host's own package manager, which finds no way to install it"
    return None


def _needless(given: Mapping[str, Pending], own: Mapping[str, Pending], lock: Mapping[str, Package]) -> list[str]:
    """Return the new packages that nothing of what this host gets needs."""
    new = {key for key, pending in given.items() if pending.installed is None and lock[key].needed_by}
    needed = set(given) - new
    while coming := {key for key in new - needed if _is_needed(key, needed, own, lock)}:
        needed |= coming
    return sorted(new - needed)


def _is_needed(key: str, needed: set[str], own: Mapping[str, Pending], lock: Mapping[str, Package]) -> bool:
    """Say whether a new package is asked for; a host that lists the asker at the same version knows it itself."""
    askers = needed & set(lock[key].needed_by)
    return any(key in own or one not in own or own[one].package.version != lock[one].version for one in askers)


def _unproven(pending: Pending, locked_file: Package | None, manager: str) -> str | None:
    if locked_file is None:
        return "not in the patch set: no test host has this update"
    if pending.installed is not None and not is_newer(locked_file.version, pending.installed, manager):
        return f"already at {pending.installed}, the patch set has {locked_file.version}"
    return None
