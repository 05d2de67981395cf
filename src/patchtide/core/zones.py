"""Which time zone each host of a tier is in, where the tier goes by its hosts' clocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from patchtide.core.fleet import Host
from patchtide.core.patchset import Probe
from patchtide.core.plan import HostPlan
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.windows import is_zone


def zones_of(
    settings: Settings, tier: TierSettings, hosts: Sequence[Host], probes: Mapping[str, object]
) -> dict[str, str]:
    """Return the zone of each host whose zone is known; none for a tier that has one zone for all."""
    if not settings.calendar(tier).is_local:
        return {}
    named = ((host.name, _named(tier, host, probes.get(host.name))) for host in hosts)
    return {name: zone for name, zone in named if is_zone(zone)}


def _named(tier: TierSettings, host: Host, probe: object) -> str:
    """Return what is said to be a host's zone: by a variable of the inventory, or by the host itself."""
    if tier.zone_from:
        return str(host.variables.get(tier.zone_from, ""))
    return probe.timezone if isinstance(probe, Probe) else ""


def without_zone(
    settings: Settings, members: Mapping[str, Sequence[Host]], probes: Mapping[str, object]
) -> Iterator[tuple[str, str]]:
    """Yield the hosts whose windows cannot be told, each with the reason: nobody knows what time it is there."""
    for tier in settings.tiers:
        if settings.calendar(tier).is_local:
            known = zones_of(settings, tier, members[tier.name], probes)
            unknown = (host for host in members[tier.name] if host.name not in known)
            yield from ((host.name, _why(tier, _named(tier, host, probes.get(host.name)))) for host in unknown)


def _why(tier: TierSettings, named: str) -> str:
    whose = f"the host variable {tier.zone_from!r}" if tier.zone_from else "the host"
    said = f"says {named!r}, which is none" if named else "does not say"
    return f"its windows go by its own time zone, which is not known: {whose} {said}"


def refusing(hosts: Mapping[str, HostPlan], reasons: Iterator[tuple[str, str]]) -> dict[str, HostPlan]:
    """Return the hosts of a plan, some of them refused for a reason, unless they were already."""
    why = dict(reasons)
    return {
        name: replace(host, refused=why[name]) if name in why and host.refused is None else host
        for name, host in hosts.items()
    }
