"""The impact classes as their users write them, and what they mean to the core."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from patchtide.config.scalars import Budget, Duration, Names, Period, choice, whole
from patchtide.config.section import Section
from patchtide.core.impact import TABLE, Impact, Rules

_ALLOW = ("allow", "refuse")
_PEOPLE = (0, 100)
Allowed = Annotated[str, *choice(_ALLOW)]


class ImpactClass(Section):
    """One impact class; what is left out is as in the defaults."""

    reboot: Allowed | None = None
    """Whether a reboot may be expected: `allow` or `refuse`."""
    kernel: Allowed | None = None
    """Whether a kernel may be among the packages."""
    removals: Allowed | None = None
    """Whether packages may leave."""
    only: Annotated[str, *choice(("security", "all"))] | None = None
    """`security`: nothing that does not fix security."""
    packages: Names | None = None
    """Patterns of the packages that may be changed: `nginx*`."""
    hosts: Budget | None = None
    """How many hosts of a tier may change, as a count or a percentage."""
    windows: Annotated[tuple[Annotated[Impact, *choice(tuple(Impact), Impact)], ...], Field(min_length=1)] | None = None
    """The impacts of the windows in which it may happen; windows without one take everything. Not for `emergency`."""
    notice: Duration | None = None
    """How long before it begins it has to be announced; of an emergency: since it was declared."""
    approvals: Annotated[int, *whole(_PEOPLE)] | None = None
    """How many people have to agree."""
    from_: Names | None = Field(default=None, alias="from")
    """Who may agree; those of the tier when left out."""
    announce: Annotated[tuple[Period, ...], Field(min_length=1)] | None = None
    """How long before an opening people are told of it: `[7d, 24h, 1h]`. Not for `emergency`."""
    request: Annotated[str, *choice(("optional", "required"))] | None = None
    """`required`: nothing begins before somebody made a change request for the very plan."""


class Impacts(Section):
    """The impact classes, from little to much."""

    low: ImpactClass = ImpactClass()
    """By default: no reboot, no kernel, no package that leaves; a day of notice, one approval."""
    medium: ImpactClass = ImpactClass()
    """By default: no reboot and no kernel; a week of notice, one approval."""
    high: ImpactClass = ImpactClass()
    """By default: anything; two weeks of notice, two approvals."""
    emergency: ImpactClass = ImpactClass()
    """By default: only what fixes security; one approval. A change is one when a person declares it one."""


def impacts_meant(written: Impacts | None) -> Mapping[Impact, Rules]:
    """Return the rules of every class."""
    if written is None:
        return dict(TABLE)
    return {impact: _rules(getattr(written, impact), TABLE[impact]) for impact in Impact}


def _rules(one: ImpactClass, rules: Rules) -> Rules:
    said: dict[str, Any] = {
        "reboot": _allowed(one.reboot),
        "kernel": _allowed(one.kernel),
        "removals": _allowed(one.removals),
        "security_only": None if one.only is None else one.only == "security",
        "packages": one.packages,
        "hosts": one.hosts,
        "windows": one.windows,
        "notice": one.notice,
        "approvals": one.approvals,
        "people": one.from_,
        "announce": one.announce,
        "request": None if one.request is None else one.request == "required",
    }
    return replace(rules, **{key: value for key, value in said.items() if value is not None})


def _allowed(word: str | None) -> bool | None:
    return None if word is None else word == "allow"
