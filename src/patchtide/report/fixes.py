"""What a patch set fixes, and what stays away: counted, with packages and hosts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from patchtide.core.listing import listed
from patchtide.core.packages import Package
from patchtide.core.plan import Plan
from patchtide.report.words import amount, one_line

_KINDS = {
    "excluded by": "excluded",
    "held on": "held",
    "too young": "too young",
    "quarantined by": "quarantined",
    "not a security": "not security",
}
"""How reasons begin, and the word by which they are counted; all others are `other`."""


@dataclass(frozen=True, slots=True)
class FixView:
    """Packages that fix the same CVEs (None: unknown) on the same hosts, and those of the hosts that have them now."""

    packages: tuple[str, ...]
    cves: tuple[str, ...] | None
    hosts: tuple[str, ...]
    patched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftView:
    """An update that stays away from hosts, in one word and in a sentence."""

    kind: str
    package: str
    reason: str
    hosts: tuple[str, ...]


def fix_views(plan: Plan, patched: Collection[str] = ()) -> tuple[FixView, ...]:
    """Return what the patch set fixes on which hosts; those that fix nothing are not told, unknown ones come last."""
    alike: dict[tuple[tuple[str, ...] | None, tuple[str, ...]], list[str]] = {}
    for platform, files in plan.patch_set.items():
        for file in files:
            if file.cves != ():
                alike.setdefault((file.cves, _hosts(plan, platform, file)), []).append(file.name)
    views = [
        FixView(tuple(dict.fromkeys(names)), cves, hosts, tuple(host for host in hosts if host in patched))
        for (cves, hosts), names in alike.items()
    ]
    return tuple(sorted(views, key=lambda view: (view.cves is None, view.packages, view.hosts)))


def _hosts(plan: Plan, platform: str, file: Package) -> tuple[str, ...]:
    of_platform = (host for host in plan.hosts.values() if host.platform == platform)
    return tuple(host.name for host in of_platform if any(change.key == file.key for change in host.changes))


def fixes_text(plan: Plan) -> str:
    """Return the totals in a sentence; nothing for an empty patch set."""
    files = [file for some in plan.patch_set.values() for file in some]
    if not files:
        return ""
    hosts = sum(bool(host.changes) for host in plan.hosts.values())
    cves = {cve for file in files for cve in file.cves or ()}
    unknown = sum(file.cves is None for file in files)
    told = f"{amount(len(files), 'update')} on {amount(hosts, 'host')} fix {amount(len(cves), 'CVE')}"
    return f"{told}; {unknown} unknown" if unknown else told


def restarts_text(plan: Plan) -> str:
    """Return which packages make a reboot likely, or nothing."""
    names = [file.name for some in plan.patch_set.values() for file in some if file.restart]
    return f"a reboot is to be expected: {listed(dict.fromkeys(names))}" if names else ""


def cves_text(cves: Collection[str] | None, most: int = 0) -> str:
    """Return CVE ids with commas, `unknown` or `none`; with `most` a long list ends in a number."""
    if cves is None:
        return "unknown"
    return (listed(cves, most) if most else ", ".join(cves)) or "none"


def left_views(plan: Plan) -> tuple[LeftView, ...]:
    """Return the updates that stay away, each with the hosts that do without it for the same reason."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for host in plan.hosts.values():
        for key, reason in host.left_out.items():
            reasons.setdefault((key, one_line(reason)), []).append(host.name)
    return tuple(LeftView(_kind(why), key, why, tuple(names)) for (key, why), names in sorted(reasons.items()))


def left_text(views: Iterable[LeftView]) -> str:
    """Return how many updates stay away for which kind of reason: `3 excluded, 1 held`."""
    kinds: dict[str, set[str]] = {}
    for view in views:
        kinds.setdefault(view.kind, set()).add(view.package)
    order = [*_KINDS.values(), _OTHER]
    return ", ".join(f"{len(kinds[kind])} {kind}" for kind in order if kind in kinds)


_OTHER = "other"


def _kind(reason: str) -> str:
    return next((word for start, word in _KINDS.items() if reason.startswith(start)), _OTHER)
