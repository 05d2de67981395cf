"""From a tier's hosts to its waves: the canaries first, then domain by domain or size by size, in their order."""

from collections.abc import Mapping, Sequence
from functools import partial

from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.meant import meant
from patchtide.core.policy import Canary, Order
from patchtide.core.settings import TierSettings
from patchtide.core.waves import EVERYONE, split

_ALL = ""
"""The only domain of hosts that are not told apart."""


def cut(tier: TierSettings, hosts: Sequence[Host], wanting: Sequence[str]) -> tuple[tuple[tuple[str, ...], ...], int]:
    """Return the waves of a tier, and how many of them are the canaries'; raises UsageError.

    `wanting` are the hosts that get something: of these the canaries are taken when they are not named.
    """
    rank = _ranks(tier, tier.order, hosts) if tier.order else {}
    domain = _values(tier, tier.wave_per, hosts, "has a wave per") if tier.wave_per else {}
    spread = _values(tier, tier.spread_by, hosts, "spreads by") if tier.spread_by else None
    ordered = sorted((host.name for host in hosts), key=lambda name: rank.get(name, 0))
    first = _canaries(tier, tier.canary, ordered, wanting) if tier.canary else []
    _refuse_disorder(tier, first, rank, domain)
    rest = [host for host in ordered if host not in set(first)]
    sizes = EVERYONE if tier.wave_per else tier.waves
    cutting = partial(split, spread=spread, tier=tier.name, where=tier.where, most=tier.spread_most, total=len(hosts))
    early = cutting(first, EVERYONE, groups=_groups(first, rank, {}))
    late = cutting(rest, sizes, groups=_groups(rest, rank, domain))
    return (*early, *late), len(early)


def _values(tier: TierSettings, variable: str, hosts: Sequence[Host], does: str) -> dict[str, str]:
    without = [host.name for host in hosts if host.variables.get(variable) in (None, "")]
    if without:
        raise UsageError(
            f"tier {tier.name!r} {does} {variable!r}, which {', '.join(without)} does not have",
            where=tier.where,
            hint=f"Set the host variable {variable!r} on every host of the tier.",
        )
    return {host.name: str(host.variables[variable]) for host in hosts}


def _ranks(tier: TierSettings, order: Order, hosts: Sequence[Host]) -> dict[str, int]:
    values = _values(tier, order.variable, hosts, "is ordered by")
    for name, value in values.items():
        if value not in order.values:
            raise UsageError(
                f"tier {tier.name!r} is ordered by {order.variable!r}, but does not say when {value!r} comes ({name})",
                where=tier.where,
                hint=meant(value, order.values),
            )
    return {name: order.values.index(value) for name, value in values.items()}


def _canaries(tier: TierSettings, canary: Canary, ordered: Sequence[str], wanting: Sequence[str]) -> list[str]:
    for name in canary.hosts:
        if name not in ordered:
            raise UsageError(
                f"tier {tier.name!r} has no host {name!r}, which is to be its canary",
                where=tier.where,
                hint=meant(name, ordered),
            )
    if canary.hosts:
        return [host for host in ordered if host in canary.hosts]
    candidates = [host for host in ordered if host in set(wanting)] or list(ordered)
    return candidates[: max(1, canary.count.of(len(ordered)))]


def _refuse_disorder(
    tier: TierSettings, first: Sequence[str], rank: Mapping[str, int], domain: Mapping[str, str]
) -> None:
    """A canary that the order puts behind a host that is none would go before it."""
    for name in first:
        ahead = [
            host for host in rank
            if host not in first and rank[host] < rank[name] and domain.get(host) == domain.get(name)
        ]  # fmt: skip
        if ahead:
            raise UsageError(
                f"the canary {name!r} of tier {tier.name!r} would go before {ahead[0]!r}, which its order puts first",
                where=tier.where,
                hint="Name canaries of the value that goes first, or as many as that there is none left.",
            )


def _groups(hosts: Sequence[str], rank: Mapping[str, int], domain: Mapping[str, str]) -> list[list[str]]:
    """Return what goes one after the other: each domain where there are any, and in it what the order puts first."""
    parts: dict[tuple[int, int], list[str]] = {}
    places: dict[str, int] = {}
    for host in hosts:
        place = places.setdefault(domain.get(host, _ALL), len(places))
        parts.setdefault((place, rank.get(host, 0)), []).append(host)
    return [parts[key] for key in sorted(parts)]
