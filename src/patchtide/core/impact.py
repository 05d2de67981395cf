"""Impact classes: how much a change is felt, in which windows it may happen, and what it asks of people.

The class of a change is read off its plan, never chosen: the lowest one that may contain it. `emergency` is the
exception: only a person says that something is one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from patchtide.core.errors import UsageError
from patchtide.core.listing import listed
from patchtide.core.packages import Package
from patchtide.core.plan import HostPlan, Plan, TierPlan
from patchtide.core.policy import Amount, Approvals, Asked, RebootPolicy
from patchtide.core.windows import When


class Impact(StrEnum):
    """How much a change may be felt, from little to much."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Rules:
    """What changes of a class may contain, whose windows are theirs, and what they ask of people.

    `packages` are patterns (none: any package), `hosts` the most that may be changed (None: any number), `people` those
    who may approve (none: those of the tier). With `request` nothing begins before somebody asked for this very plan.
    `announce`: how long before an opening people are told of it, each time.
    """

    windows: tuple[Impact, ...]
    reboot: bool = True
    kernel: bool = True
    removals: bool = True
    security_only: bool = False
    packages: tuple[str, ...] = ()
    hosts: Amount | None = None
    notice: timedelta = timedelta(0)
    approvals: int = 0
    people: tuple[str, ...] = ()
    request: bool = False
    announce: tuple[timedelta, ...] = ()


_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
TABLE: Final[Mapping[Impact, Rules]] = {
    Impact.LOW: Rules(
        (Impact.LOW, Impact.MEDIUM, Impact.HIGH),
        reboot=False,
        kernel=False,
        removals=False,
        notice=_DAY,
        approvals=1,
        announce=(_DAY,),
    ),
    Impact.MEDIUM: Rules(
        (Impact.MEDIUM, Impact.HIGH),
        reboot=False,
        kernel=False,
        notice=7 * _DAY,
        approvals=1,
        announce=(7 * _DAY, _DAY),
    ),
    Impact.HIGH: Rules((Impact.HIGH,), notice=14 * _DAY, approvals=2, announce=(14 * _DAY, 7 * _DAY, _DAY, _HOUR)),
    Impact.EMERGENCY: Rules(tuple(Impact), security_only=True, approvals=1),
}
"""What holds where a configuration does not say otherwise."""

_KERNELS = ("linux-image*", "linux-modules*", "kernel", "kernel-core", "kernel-modules*", "kernel-rt*")
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Change:
    """What a tier's change consists of, as far as its class depends on it."""

    hosts: tuple[HostPlan, ...]
    total: int
    packages: tuple[Package, ...]
    rebooting: tuple[str, ...]


def change_of(plan: Plan, tier: TierPlan) -> Change:
    """Return what a plan does to a tier."""
    hosts = tuple(plan.hosts[name] for name in tier.hosts if plan.hosts[name].changes)
    alike = {(host.platform, host.changes): host.name for host in hosts}
    files = {what: tuple(file for file, _ in plan.packages(name)) for what, name in alike.items()}
    packages = {file.exact: file for some in files.values() for file in some}
    felt = {what for what, some in files.items() if any(file.restart == "reboot" for file in some)}
    owing = (host.name for host in hosts if host.owes_reboot or (host.platform, host.changes) in felt)
    rebooting = () if plan.reboot is RebootPolicy.NEVER else tuple(owing)
    return Change(hosts, len(tier.hosts), tuple(packages.values()), rebooting)


def beyond(change: Change, rules: Rules) -> str | None:
    """Return the first thing of a change that a class may not contain, or None."""
    return next(_beyond(change, rules), None)


def _beyond(change: Change, rules: Rules) -> Iterator[str]:
    if not rules.reboot and change.rebooting:
        yield f"a reboot is expected on {listed(change.rebooting, _NAMED)}"
    names = [package.name for package in change.packages]
    kernels = [name for name in names if any(fnmatchcase(name, pattern) for pattern in _KERNELS)]
    if not rules.kernel and kernels:
        yield f"a kernel is among it: {listed(kernels, _NAMED)}"
    leaving = sorted({removal.key for host in change.hosts for removal in host.removes})
    if not rules.removals and leaving:
        yield f"packages leave for it: {listed(leaving, _NAMED)}"
    others = [package.name for package in change.packages if not package.fixes_security]
    if rules.security_only and others:
        yield f"not all of it fixes security: {listed(others, _NAMED)}"
    strange = [name for name in names if not any(fnmatchcase(name, pattern) for pattern in rules.packages)]
    if rules.packages and strange:
        yield f"it is about other packages than {', '.join(rules.packages)}: {listed(strange, _NAMED)}"
    if rules.hosts is not None and len(change.hosts) > rules.hosts.of(change.total):
        yield f"{len(change.hosts)} hosts change, and {rules.hosts} is the most"


def classified(plan: Plan, table: Mapping[Impact, Rules], *, asking: bool) -> Plan:
    """Return a plan whose tiers know their class, and with `asking` also ask the people whom that asks for."""
    return replace(plan, tiers=tuple(_classified(plan, tier, table, asking=asking) for tier in plan.tiers))


def _classified(plan: Plan, tier: TierPlan, table: Mapping[Impact, Rules], *, asking: bool) -> TierPlan:
    change = change_of(plan, tier)
    if asking:
        tier = _if_urgent(tier, beyond(change, table[Impact.EMERGENCY]) or "", table[Impact.EMERGENCY])
    why = ""
    for impact in (Impact.LOW, Impact.MEDIUM, Impact.HIGH):
        too_much = beyond(change, table[impact])
        if too_much is None:
            return _in_class(tier, impact, why, table[impact], asking=asking)
        why = f"{too_much}, which is more than {impact}"
    refused = f"no impact class may contain the change of tier {tier.name!r}: {why}"
    return replace(tier, refused=refused) if _classed(tier.windows) else tier


def _if_urgent(tier: TierPlan, too_much: str, rules: Rules) -> TierPlan:
    """Return a tier that knows what it asks once its run is an emergency, or why its change can be none.

    It needs no window, so it is asked where windows have no class, too, as far as there is anybody to be asked; there
    is nothing to be lifted from a tier that is always open.
    """
    classed = _classed(tier.windows)
    if too_much or (tier.always and not classed):
        return replace(tier, no_emergency=too_much)
    own = tier.approvals and replace(tier.approvals, notice=timedelta(0))  # nobody can announce what nobody knew of
    both = together(own, rules)
    if len(both.people) < both.count:
        if classed:  # what is planned calmly need not be asked for it
            lacking = f"class 'emergency' asks for {both.count} approvals, but {len(both.people)} people may give one"
            return replace(tier, no_emergency=lacking)
        both = together(own, replace(rules, approvals=0, people=()))
    wanted = both if own or both.count or both.notice else None
    return replace(tier, urgent=Asked(wanted, tier.request or rules.request, "as class 'emergency' asks"))


def _in_class(tier: TierPlan, impact: Impact, why: str, rules: Rules, *, asking: bool) -> TierPlan:
    known = replace(tier, impact=impact, impact_why=why, announce=rules.announce)
    if not _classed(tier.windows):
        return known
    fitting = tuple(window for window in tier.windows if not window.impact or window.impact in rules.windows)
    refused = "" if fitting else _unfitting(tier, impact, why)
    found = replace(known, windows=fitting, refused=refused)
    if not asking:
        return found
    return replace(found, approvals=_asked(tier, impact, rules), request=tier.request or rules.request)


def _unfitting(tier: TierPlan, impact: Impact, why: str) -> str:
    windows = ", ".join(f"{window.name!r} is for {window.impact}" for window in tier.windows)
    told = f"the change of tier {tier.name!r} is of {impact} impact"
    return f"{told}: {why}; window {windows}" if why else f"{told}; window {windows}"


def _classed(windows: Sequence[When]) -> bool:
    return any(window.impact for window in windows)


def _asked(tier: TierPlan, impact: Impact, rules: Rules) -> Approvals | None:
    """Return whom a tier asks, once its class has its say; raises UsageError for more people than there are."""
    if not rules.approvals and not rules.notice and not tier.approvals:
        return None
    asked = together(tier.approvals, rules)
    if len(asked.people) < asked.count:
        raise UsageError(
            f"the change of tier {tier.name!r} is {impact}, which asks for {asked.count} approvals, but "
            f"{len(asked.people)} people may give one",
            hint=f"Name them with `approvals: {{from: ...}}` of the tier, or with `impacts.{impact}.from`.",
        )
    return asked


def together(own: Approvals | None, rules: Rules) -> Approvals:
    """Return whom a tier and a class ask together: the longer notice, the higher number, the people of the class."""
    own = own or Approvals(0, ())
    return replace(
        own,
        count=max(own.count, rules.approvals),
        people=rules.people or own.people,
        notice=max(own.notice, rules.notice),
    )
