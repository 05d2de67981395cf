"""The lock: from what waits on the test tier to what every host may get."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase

from patchtide.core.health import Measurement
from patchtide.core.packages import Package, Pending, Platform, Removal, is_newer
from patchtide.core.plan import Change, HostPlan


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something on a host that stands in the way: a short code, a sentence, and what to do."""

    code: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one round trip to a host found out."""

    platform: Platform
    machine_id: str
    kernel: str
    boot: str
    pending: tuple[Pending, ...]
    held: tuple[str, ...] = ()
    space: Mapping[str, int] = field(default_factory=dict)
    reboot_owed: bool = False
    trouble: tuple[Trouble, ...] = ()
    measurements: tuple[Measurement, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Packages (a shell pattern) that stay as they are, until a day, because somebody said so."""

    package: str
    owner: str
    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which of the pending updates are wanted."""

    security_only: bool = False
    exclusions: tuple[Exclusion, ...] = ()
    removals: bool = False
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
        if self.security_only and not pending.package.security and pending.installed is not None:
            return "not a security update"
        if pending.removes and not self.removals:
            return f"would remove {', '.join(removal.key for removal in pending.removes)}"
        return None


def locked(probes: Iterable[Probe], selection: Selection) -> dict[str, tuple[Package, ...]]:
    """Return the patch set: per platform the newest wanted file of each package that waits on these (test) hosts."""
    newest: dict[str, dict[str, Package]] = {}
    for probe in probes:
        of_platform = newest.setdefault(probe.platform.key, {})
        for pending in probe.pending:
            package = pending.package
            if selection.refusal(pending):
                continue
            known = of_platform.get(package.key)
            if known is None or is_newer(package.version, known.version):
                of_platform[package.key] = package
    return {platform: tuple(files[key] for key in sorted(files)) for platform, files in sorted(newest.items())}


def host_plan(name: str, probe: Probe, patch_set: Mapping[str, tuple[Package, ...]], selection: Selection) -> HostPlan:
    """Return what a host gets of the patch set: never a package that the test tier does not prove."""
    lock = {package.key: package for package in patch_set.get(probe.platform.key, ())}
    changes: list[Change] = []
    removes: set[Removal] = set()
    left_out: dict[str, str] = dict.fromkeys(probe.held, "held on the host")
    for pending in probe.pending:
        package = pending.package
        reason = selection.refusal(pending) or _unproven(pending, lock.get(package.key))
        if reason:
            left_out[package.key] = reason
        else:
            changes.append(Change(package.key, pending.installed))
            removes.update(pending.removes)
    trouble = "; ".join(found.reason for found in probe.trouble) or None
    ordered = tuple(sorted(changes, key=lambda change: change.key))
    leaving = tuple(sorted(removes))
    return HostPlan(name, probe.platform.key, probe.machine_id, ordered, left_out, refused=trouble, removes=leaving)


def _unproven(pending: Pending, locked_file: Package | None) -> str | None:
    if locked_file is None:
        return "not in the patch set: no test host has this update"
    if pending.installed is not None and not is_newer(locked_file.version, pending.installed):
        return f"already at {pending.installed}, the patch set has {locked_file.version}"
    return None
