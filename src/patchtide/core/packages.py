"""Packages and platforms: what a host has and what waits for it."""

import re
from dataclasses import dataclass
from datetime import datetime

_NAME = re.compile(r"[a-z0-9][a-z0-9+._-]*", re.IGNORECASE)
_VERSION = re.compile(r"[A-Za-z0-9.+:~^_-]{1,255}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9.+:~%^_-]+")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}")
_ADVISORY = re.compile(r"[A-Z][A-Za-z0-9:_-]{1,40}")
_RESTARTS = ("", "reboot")


@dataclass(frozen=True, slots=True)
class Platform:
    """What makes package files interchangeable between hosts."""

    distribution: str
    release: str
    arch: str
    manager: str
    codename: str = ""

    @property
    def key(self) -> str:
        """The platform's name in plans, such as `debian-12-amd64`."""
        return f"{self.distribution}-{self.release}-{self.arch}"

    @property
    def archless(self) -> str:
        """What a package for every architecture is called here in the place of one."""
        return "noarch" if self.manager == "dnf" else "all"


@dataclass(frozen=True, slots=True)
class Package:
    """One exact package file: `size` in bytes, `sha256` in hex, `security` when its origin says so.

    `needed_by` names the packages of the lock (by key) for which this one comes new, as far as that is known.
    `cves`, `advisories` and `released` (UTC) are the vendor's words in the changelog; None is unknown, and never none.
    `restart` is `reboot` where one is to be expected.
    """

    name: str
    arch: str
    version: str
    filename: str
    size: int
    sha256: str
    origin: str = ""
    suite: str = ""
    security: bool = False
    needed_by: tuple[str, ...] = ()
    cves: tuple[str, ...] | None = None
    advisories: tuple[str, ...] = ()
    released: datetime | None = None
    restart: str = ""

    @property
    def key(self) -> str:
        """Name and architecture, which identify a package within one platform."""
        return f"{self.name}:{self.arch}"

    @property
    def fixes_security(self) -> bool:
        """Whether its origin is one for security updates, or its vendor names an advisory."""
        return self.security or bool(self.advisories)

    @property
    def exact(self) -> str:
        """The version as package managers and people write it, `package=version`."""
        return f"{self.name}={self.version}"


def odd_part(package: Package) -> str | None:
    """Say which part of a package is impossible, or None: these become arguments and paths on hosts."""
    for pattern, text in (
        (_NAME, package.name),
        (_NAME, package.arch),
        (_VERSION, package.version),
        (_FILE, package.filename),
        (_SHA256, package.sha256),
    ):
        if not pattern.fullmatch(text):
            return f"package {package.name!r} has an impossible name, version, file or hash: {text!r}"
    odd = [text for text in package.cves or () if not _CVE.fullmatch(text)]
    odd += [text for text in package.advisories if not _ADVISORY.fullmatch(text)]
    odd += [package.restart] if package.restart not in _RESTARTS else []
    odd += [str(package.released)] if package.released and package.released.tzinfo is None else []
    return f"package {package.name!r} has impossible facts: {odd[0]!r}" if odd else None


@dataclass(frozen=True, slots=True, order=True)
class Removal:
    """A package that leaves a host: `key` is its name and architecture, `version` the one that is installed there."""

    key: str
    version: str


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits on a host; `installed` is None where it would come new, `removes` what leaves for it."""

    package: Package
    installed: str | None
    removes: tuple[Removal, ...] = ()
