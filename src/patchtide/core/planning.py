"""From settings and what was found on the hosts to a plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from patchtide.core.cutting import cut
from patchtide.core.errors import UsageError
from patchtide.core.facts import advised
from patchtide.core.fleet import Host, in_one_tier
from patchtide.core.impact import classified
from patchtide.core.pace import Pace
from patchtide.core.packages import Package
from patchtide.core.patchset import Choices, Probe, host_plan, locked
from patchtide.core.plan import SCHEMA, Attested, HostPlan, Plan, TierPlan
from patchtide.core.run import Run
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.standing import relied_on, standing, widened
from patchtide.core.zones import refusing, without_zone, zones_of


@dataclass(frozen=True, slots=True)
class NotProbed:
    """Why nothing is known about a host."""

    reason: str
    unreachable: bool


Source: TypeAlias = tuple[Mapping[str, tuple[Package, ...]], Attested]
"""The patch set of a bundle, and what the bundle attests."""


def planned(
    settings: Settings,
    members: Mapping[str, Sequence[Host]],
    probes: Mapping[str, Probe | NotProbed],
    now: datetime,
    by: str,
    *,
    source: Source | None = None,
    earlier: Sequence[tuple[str, Run]] = (),
    known: tuple[Pace, ...] = (),
) -> Plan:
    """Return the plan, still without its digest: the first tier's pending updates are what is proven and promoted.

    With a `source` the patch set is a bundle's, and so is what it attests. `earlier` are runs, newest first: what they
    proved on hosts of the first tier that still have it goes to hosts that were left behind. `known`: earlier paces.
    """
    _refuse_twice(settings, members)
    probes = advised(probes, first := [host.name for host in members[settings.tiers[0].name]])
    proving = {name: probe for name in first if isinstance(probe := probes[name], Probe)}
    proven = {} if source else standing(earlier, proving, settings.selection.quarantined)
    patch_set, attested = source or (widened(locked(proving.values(), settings.selection), proven), None)
    hosts = _hosts(settings, members, probes, patch_set)
    used = _used(patch_set, hosts.values())
    plan = Plan(
        SCHEMA,
        created_at=now,
        created_by=by,
        inventory=settings.inventory,
        patch_set=used,
        hosts=_each_machine_once(hosts),
        tiers=tuple(_tier(settings, tier, members[tier.name], probes, hosts) for tier in settings.tiers),
        blackouts=settings.blackouts,
        checks=settings.checks,
        limits=settings.limits,
        reboot=settings.reboot,
        restarts=settings.restarts,
        monitor=settings.monitor,
        monitor_every=settings.monitor_every,
        attested=attested,
        standing=relied_on(used, proven),
        clock=settings.clock,
        maintenance=settings.maintenance,
        backup=settings.backup,
        emergency=settings.emergency,
        paces=_pertinent(known, hosts.values()),
        forks=settings.forks,
        failure_budget=settings.failure_budget,
        channels=settings.channels,
    )
    return classified(plan, settings.impacts, asking=settings.impacts_ask)


def _refuse_twice(settings: Settings, members: Mapping[str, Sequence[Host]]) -> None:
    where = {tier.name: tier.where for tier in settings.tiers}
    in_one_tier({tier: [host.name for host in hosts] for tier, hosts in members.items()}, where)


def _hosts(
    settings: Settings,
    members: Mapping[str, Sequence[Host]],
    probes: Mapping[str, Probe | NotProbed],
    patch_set: Mapping[str, tuple[Package, ...]],
) -> dict[str, HostPlan]:
    choices = Choices(patch_set, settings.selection)
    names = (host.name for tier in settings.tiers for host in members[tier.name])
    hosts = {name: _host(name, probes[name], choices) for name in names}
    return refusing(hosts, without_zone(settings, members, probes))


def _host(name: str, probe: Probe | NotProbed, choices: Choices) -> HostPlan:
    if isinstance(probe, Probe):
        return host_plan(name, probe, choices)
    return HostPlan(name, "", "", (), {}, refused=probe.reason, unreachable=probe.unreachable)


def _used(patch_set: Mapping[str, tuple[Package, ...]], hosts: Iterable[HostPlan]) -> dict[str, tuple[Package, ...]]:
    """Return the patch set without files that no host of this plan gets."""
    alike = {(host.platform, host.changes) for host in hosts}
    wanted = {(platform, change.key) for platform, changes in alike for change in changes}
    kept = {
        platform: tuple(file for file in files if (platform, file.key) in wanted)
        for platform, files in patch_set.items()
    }
    return {platform: files for platform, files in kept.items() if files}


def _pertinent(known: tuple[Pace, ...], hosts: Iterable[HostPlan]) -> tuple[Pace, ...]:
    platforms = {host.platform for host in hosts}
    return tuple(pace for pace in known if pace.platform in platforms)


def _each_machine_once(hosts: Mapping[str, HostPlan]) -> dict[str, HostPlan]:
    first: dict[str, str] = {}
    for host in hosts.values():
        twin = first.setdefault(host.machine_id, host.name) if host.machine_id else host.name
        if twin != host.name:
            raise UsageError(
                f"hosts {twin!r} and {host.name!r} are one machine: both have machine-id {host.machine_id}",
                hint="Keep one of the names in the inventory, or give the cloned machine an id of its own.",
            )
    return dict(hosts)


def _tier(
    settings: Settings,
    tier: TierSettings,
    members: Sequence[Host],
    probes: Mapping[str, object],
    hosts: Mapping[str, HostPlan],
) -> TierPlan:
    waves, canaries = cut(tier, members, [host.name for host in members if hosts[host.name].changes])
    return TierPlan(
        name=tier.name,
        waves=waves,
        windows=tier.windows,
        always=tier.always,
        soak=tier.soak,
        soak_every=tier.soak_every,
        failure_budget=tier.failure_budget,
        on_failure=tier.on_failure,
        approvals=tier.approvals,
        pattern=tier.pattern,
        returns=tier.returns,
        checklist=tier.checklist,
        request=tier.request,
        zones=zones_of(settings, tier, members, probes),
        wave_budget=tier.wave_budget,
        canaries=canaries,
        canary_soak=tier.canary.soak if tier.canary else timedelta(0),
        pause=tier.pause,
    )
