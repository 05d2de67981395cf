"""Waves: which hosts of a tier go together, and in which order."""

from collections.abc import Mapping, Sequence

from patchtide.core.errors import UsageError
from patchtide.core.policy import Amount

EVERYONE = (Amount(percent=100),)


def split(
    hosts: Sequence[str],
    sizes: Sequence[Amount],
    spread: Mapping[str, str] | None = None,
    tier: str = "",
    where: str = "",
    most: int = 1,
    groups: Sequence[Sequence[str]] = (),
    total: int | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Cut hosts into waves of the given sizes, the last size repeating, as Ansible's `serial` does.

    A percentage is one of the whole tier and at least one host. `spread` gives each host a value (a cluster, a rack)
    of which a wave takes `most` hosts only; what has no place in a wave waits for a later one.
    `groups` are parts of the hosts that go one after the other and never in one wave; `total` is how many the tier has,
    where these are not all.
    """
    if not sizes:
        raise UsageError(f"tier {tier!r} has no wave sizes", hint="Leave `waves` out for one wave of all hosts.")
    whole = len(hosts) if total is None else total
    for size in sizes:
        _refuse_nonsense(size, whole, tier, where)
    waves: list[tuple[str, ...]] = []
    for group in groups or (hosts,):
        waiting = list(group)
        while waiting:
            size = sizes[min(len(waves), len(sizes) - 1)]
            wave = _taken(waiting, max(1, size.of(whole)), spread, most)
            taken = set(wave)
            waiting = [host for host in waiting if host not in taken]
            waves.append(wave)
    return tuple(waves)


def _taken(waiting: Sequence[str], size: int, spread: Mapping[str, str] | None, most: int) -> tuple[str, ...]:
    if spread is None:
        return tuple(waiting[:size])
    count: dict[str, int] = {}
    wave: list[str] = []
    for host in waiting:
        if len(wave) < size and count.get(spread[host], 0) < most:
            count[spread[host]] = count.get(spread[host], 0) + 1
            wave.append(host)
    return tuple(wave)


def _refuse_nonsense(size: Amount, total: int, tier: str, where: str) -> None:
    if size.count is not None and not 1 <= size.count <= total:
        raise UsageError(
            f"tier {tier!r} has a wave of {size.count} hosts, but {total} hosts in all",
            where=where,
            hint="A wave is at least one host and at most the tier; a percentage adapts to the tier's size.",
        )
    if size.percent is not None and not 0 < size.percent <= 100:  # noqa: PLR2004
        raise UsageError(
            f"tier {tier!r} has a wave of {size}", where=where, hint="A wave is more than 0% and at most 100%."
        )
