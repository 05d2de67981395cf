"""Packages and platforms: what a host has, what waits for it, and which version is newer."""

import re
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

_DIGITS = re.compile(r"(\d+)")


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
    def exact(self) -> str:
        """The version as package managers and people write it, `package=version`."""
        return f"{self.name}={self.version}"


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


def is_newer(version: str, than: str) -> bool:
    """Tell whether a Debian version is later than another one (Debian Policy 5.6.12)."""
    epoch, *texts = _split(version)
    other_epoch, *other_texts = _split(than)
    if epoch != other_epoch:
        return int(epoch) > int(other_epoch)
    for text, other in zip(texts, other_texts, strict=True):
        for one, two in zip_longest(_parts(text), _parts(other), fillvalue=_NOTHING):
            if one != two:
                return one > two
    return False


def _split(version: str) -> tuple[str, str, str]:
    """Return epoch, upstream version and revision; a missing revision is the same as 0."""
    epoch, colon, rest = version.partition(":")
    if not (colon and epoch.isascii() and epoch.isdigit()):
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return (str(int(epoch)), upstream, revision) if dash else (str(int(epoch)), rest, "")


def _parts(text: str) -> list[tuple[list[int], int]]:
    pieces = _DIGITS.split(text)
    pairs = zip_longest(pieces[::2], pieces[1::2], fillvalue="0")
    # The terminating 0 makes the end of a text sort after '~' and before everything else.
    return [([*map(_weight, words), 0], int(digits)) for words, digits in pairs]


_NOTHING = ([0], 0)
"""What the shorter of two texts is continued with: neither words nor a number."""


def _weight(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256
