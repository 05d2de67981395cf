"""Names from outside, validated before they reach a path or a command line."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any, Iterable, Pattern

from .errors import HostError

RESERVED = ("cache", "program")
"""Folders beside those of the runs."""

_RUN = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,127}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+:~^_-]{0,127}")
_ARCH = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._~%:^-]{0,254}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Package:
    """One package file of the lock: what to install, and what it replaces (previous is None where it comes new)."""

    name: str
    arch: str
    version: str
    filename: str
    size: int
    sha256: str
    previous: str | None

    @property
    def key(self) -> str:
        """The package's identity on a host, name:arch."""
        return f"{self.name}:{self.arch}"

    def as_dict(self) -> dict[str, Any]:
        """The package as the contract's JSON object."""
        return asdict(self)


@dataclass(frozen=True, order=True)
class Removal:
    """One package that leaves because the plan says so: exactly this version of it."""

    name: str
    arch: str
    version: str

    @property
    def key(self) -> str:
        """The package's identity on a host, name:arch."""
        return f"{self.name}:{self.arch}"

    def as_dict(self) -> dict[str, str]:
        """The removal as the contract's JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Change:
    """What a run changes on a host: the packages that it installs, and those that leave for them."""

    packages: tuple[Package, ...]
    removes: tuple[Removal, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.packages or self.removes)

    @property
    def leaves(self) -> list[str]:
        """The keys of what leaves."""
        return [one.key for one in self.removes]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of everything that it touches."""
        return (*(one.key for one in self.packages), *self.leaves)

    def as_dict(self) -> dict[str, Any]:
        """The change as a journal holds it."""
        return {
            "packages": [one.as_dict() for one in self.packages],
            "removes": [one.as_dict() for one in self.removes],
        }

    def is_in(self, entry: dict[str, Any]) -> bool:
        """Whether the journal's entry is of this very change."""
        return {"packages": entry.get("packages"), "removes": entry.get("removes", [])} == self.as_dict()


def run_id(text: object) -> str:
    """The run's id, fit to be a folder's name; HostError when it is not."""
    if text in RESERVED:
        raise HostError(f"no run can be called {text!r}", "a folder of another kind has that name", code="input")
    return _matching(_RUN, text, "run id", "lower-case letters, digits and dashes, at most 64")


def package(value: object) -> Package:
    """A package of the contract; HostError naming the field that is missing or malformed."""
    if not isinstance(value, dict):
        raise HostError(f"a package has to be a mapping, not {value!r}", code="input")
    previous = value.get("previous")
    size = value.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise HostError(f"package {value.get('name')!r} has no size in bytes: {size!r}", code="input")
    version = "has to be a package version"
    return Package(
        name=_matching(_NAME, value.get("name"), "package name", "it has to be a package's name"),
        arch=_matching(_ARCH, value.get("arch"), "architecture", "like amd64 or all"),
        version=_matching(_VERSION, value.get("version"), "version", version),
        filename=_matching(_FILENAME, value.get("filename"), "file name", "a plain name, no folder"),
        size=size,
        sha256=_matching(_SHA256, value.get("sha256"), "sha256", "64 hexadecimal digits"),
        previous=None if previous is None else _matching(_VERSION, previous, "previous version", version),
    )


def packages(values: object) -> list[Package]:
    """The packages of the contract in order; HostError when one is malformed or named twice."""
    if not isinstance(values, list):
        raise HostError(f"packages has to be a list, not {type(values).__name__}", code="input")
    found = [package(value) for value in values]
    _refuse_twice(one.key for one in found)
    return found


def named_version(value: object) -> Removal:
    """A version of the contract, name, arch and version; HostError naming the field that is missing or malformed."""
    if not isinstance(value, dict):
        raise HostError(f"a version has to be a mapping, not {value!r}", code="input")
    return Removal(
        name=_matching(_NAME, value.get("name"), "package name", "it has to be a package's name"),
        arch=_matching(_ARCH, value.get("arch"), "architecture", "like amd64 or all"),
        version=_matching(_VERSION, value.get("version"), "version", "has to be a package version"),
    )


def change(installs: object, removes: object) -> Change:
    """The change of the contract; HostError when a part is malformed, named twice, or both comes and goes."""
    if not isinstance(removes, list):
        raise HostError(f"removes has to be a list, not {type(removes).__name__}", code="input")
    found = Change(tuple(packages(installs)), tuple(named_version(value) for value in removes))
    _refuse_twice([*(one.key for one in found.packages), *found.leaves])
    return found


def intended(entry: dict[str, Any]) -> Change:
    """The change that a journaled update sets out to make: what was still to be done when it began."""
    packages = tuple(package(one) for one in entry.get("todo", []))
    return Change(packages, tuple(named_version(one) for one in entry.get("leaving", [])))


def _refuse_twice(keys: Iterable[str]) -> None:
    counted = Counter(keys)
    twice = sorted(key for key, count in counted.items() if count > 1)
    if twice:
        raise HostError(f"named twice: {', '.join(twice)}", "a host can have one version of a package", code="input")


def _matching(pattern: Pattern[str], text: object, what: str, rule: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise HostError(f"not a {what}: {text!r}", rule, code="input")
    return text
