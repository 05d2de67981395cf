"""Hosts and tiers as the inventory and the configuration name them, once they were found sound."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from patchtide.core.errors import UsageError

_HOST_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}")
_GROUPS = {"all": "all hosts", "ungrouped": "all hosts in no other group"}
_PATTERN = "Check the tier's host pattern against the inventory."
_TEMPLATE_MARKS = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the inventory, with the variables that the inventory gives it."""

    name: str
    variables: Mapping[str, object] = field(default_factory=dict)


def host_name_problem(name: str) -> str | None:
    """Say what is wrong with a host name, or None: names end up in paths, arguments and unit names."""
    if name in _GROUPS:
        return f"host name {name!r} is not allowed: to Ansible it is the group of {_GROUPS[name]}"
    if _HOST_NAME.fullmatch(name) and ".." not in name:
        return None
    return (
        f"host name {name!r} is not allowed: letters, digits, '_', '.', ':' and '-' only, starting with none of '.:-'"
    )


def template_in(value: object, path: str = "") -> str | None:
    """Return the path of the first text in `value` that a template engine would run, or None.

    Ansible executes Jinja found in inventory values and extra variables (measured), so such data is code.
    """
    match value:
        case str():
            return (path or "value") if any(mark in value for mark in _TEMPLATE_MARKS) else None
        case Mapping():
            items: Iterable[tuple[object, object]] = value.items()
        case list() | tuple():
            items = enumerate(value)
        case _:
            return None
    for key, item in items:
        inside = f"{path}.{key}" if path else str(key)
        found = template_in(str(key), inside) or template_in(item, inside)
        if found:
            return found
    return None


def in_one_tier(tiers: Mapping[str, Iterable[str]], where: Mapping[str, str] | None = None) -> dict[str, str]:
    """Map each host to its tier; a host in two tiers, an empty tier or names differing in case only are refused.

    `where` tells the file and line of each tier, for errors.
    """
    places = where or {}
    tier_of: dict[str, str] = {}
    folded: dict[str, str] = {}
    for tier, hosts in tiers.items():
        names = tuple(hosts)
        if not names:
            raise UsageError(f"tier {tier!r} has no hosts", where=places.get(tier, ""), hint=_PATTERN)
        for name in names:
            _refuse_twice(name, tier, tier_of, folded, places.get(tier, ""))
            tier_of[name] = tier
            folded[name.casefold()] = name
    return tier_of


def _refuse_twice(name: str, tier: str, tier_of: Mapping[str, str], folded: Mapping[str, str], where: str) -> None:
    if tier_of.get(name) == tier:
        raise UsageError(f"host {name!r} is twice in tier {tier!r}", where=where, hint="Name each host once.")
    if name in tier_of:
        raise UsageError(
            f"host {name!r} is in two tiers: {tier_of[name]!r} and {tier!r}",
            where=where,
            hint="A host is tested on or promoted to, never both: narrow the host pattern of one tier.",
        )
    twin = folded.get(name.casefold())
    if twin is not None:
        hint = "Give them names that differ."
        raise UsageError(f"hosts {twin!r} and {name!r} differ only in case", where=where, hint=hint)
