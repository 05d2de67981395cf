"""What a practice fleet should look like: names, tiers and variables of its hosts, and where its state is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from patchtide.core.errors import PatchtideError

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_VARIABLE = re.compile(r"[a-z_][a-z0-9_]*")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\"'\\{}%,:]")
SYSTEMS = ("debian", "dnf")
_GROUPS = {"test": "env_test", "production": "env_prod"}


class LabError(PatchtideError):
    """A practice fleet that cannot be made, found or used; `hint` says what to do next."""

    def __init__(self, message: str, hint: str = "", where: str = "") -> None:
        super().__init__(message, hint=hint, where=where)


@dataclass(frozen=True, slots=True)
class LabHost:
    """A host to be started. `tier` names its inventory group; `variables` become its inventory variables.

    `system` says who manages its packages: apt on `debian`, dnf on `dnf`.
    """

    name: str
    tier: str
    variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    system: str = "debian"

    @property
    def group(self) -> str:
        """Return the inventory group of this host's tier: `env_test`, `env_prod`, `env_<tier>`."""
        return _GROUPS.get(self.tier, "env_" + self.tier.replace("-", "_"))

    @property
    def environment(self) -> str:
        """Return the words for the host's /etc/tidepool/environment: variable `tidepool_environment`, else the tier."""
        return self.variables.get("tidepool_environment", self.tier)


@dataclass(frozen=True, slots=True)
class LabSpec:
    """A practice fleet to be started; `service` is whether tidepool 1.0 is installed on its hosts at the start."""

    name: str
    hosts: tuple[LabHost, ...]
    directory: Path
    service: bool = True

    def __post_init__(self) -> None:
        _check(self)


def default_spec(
    directory: Path, name: str = "lab", test: int = 2, production: int = 4, fragile: tuple[str, ...] = (), dnf: int = 0
) -> LabSpec:
    """Return a fleet of test and production hosts whose variable `cluster` alternates between blue and green.

    `fragile` names hosts (`prod-3`) on which tidepool 2.1 will answer 500; `dnf` is how many hosts with dnf each tier
    has besides (`test-dnf-1`).
    """
    tiers = (("test", test), ("production", production))
    hosts = [_clustered(tier, number, fragile) for tier, count in tiers for number in range(1, count + 1)]
    rpm = [_clustered(tier, number, fragile, "dnf") for tier, _ in tiers for number in range(1, dnf + 1)]
    return LabSpec(name, (*hosts, *rpm), directory)


def blank_spec(directory: Path, name: str, hosts: int = 1) -> LabSpec:
    """Return a fleet of test hosts without tidepool, for role tests that install what they need themselves."""
    return LabSpec(name, tuple(LabHost(f"host-{n}", "test") for n in range(1, hosts + 1)), directory, service=False)


def _clustered(tier: str, number: int, fragile: tuple[str, ...], system: str = "debian") -> LabHost:
    words = ("prod" if tier == "production" else tier, *(["dnf"] if system == "dnf" else []), str(number))
    name = "-".join(words)
    variables = {"cluster": "blue" if number % 2 else "green"}
    if name in fragile:
        variables["tidepool_environment"] = f"{tier} fragile"
    return LabHost(name, tier, MappingProxyType(variables), system)


def _check(spec: LabSpec) -> None:
    _check_name("lab", spec.name)
    if _UNSAFE.search(str(spec.directory.resolve())):
        raise LabError(
            f"the directory {str(spec.directory)!r} cannot hold a lab: ssh and Ansible would misread its name",
            "Choose a directory without quotes, braces, percent signs, colons, commas and backslashes.",
        )
    if not spec.hosts:
        raise LabError("a lab needs at least one host", "Ask for one test or production host or more.")
    names = [host.name for host in spec.hosts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise LabError(f"two hosts are named {twice[0]!r}", "Give each host a name of its own.")
    for host in spec.hosts:
        _check_host(host)


def _check_host(host: LabHost) -> None:
    _check_name("host", host.name)
    _check_name("tier", host.tier)
    if host.system not in SYSTEMS:
        raise LabError(f"host {host.name} cannot be of system {host.system!r}", f"Choose {' or '.join(SYSTEMS)}.")
    for key, value in host.variables.items():
        if not _VARIABLE.fullmatch(key) or key.startswith("ansible_"):
            raise LabError(f"host {host.name}: {key!r} cannot be a variable", "Use lower-case letters, digits and _.")
        if "{{" in value or "{%" in value or not value.isprintable():
            raise LabError(f"host {host.name}: the value of {key} is not plain text", "Values are data, no templates.")


def _check_name(what: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise LabError(
            f"{name!r} cannot be the name of a {what}",
            "Use up to 32 lower-case letters, digits and hyphens, with no hyphen at either end.",
        )
