"""Versions that did harm stay out, in every tier and every later run, until a named person lets them in again."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from patchtide.core.errors import UsageError
from patchtide.core.events import Event, VersionsQuarantined, VersionsReleased
from patchtide.core.plan import Plan

KINDS = ("versions_quarantined", "versions_released")
"""The kinds of the events that say what is in quarantine."""

_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*=[A-Za-z0-9][A-Za-z0-9.+:~^_-]*")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One `package=version` that is kept out: since when (UTC), by whom, why; the log's `stream` says so."""

    version: str
    since: datetime
    by: str
    reason: str
    stream: str

    @property
    def sentence(self) -> str:
        """Why the version is refused, for plans and reports."""
        return f"quarantined by {self.by} since {self.since:%Y-%m-%d}: {self.reason}"


def quarantined(said: Iterable[tuple[str, Event]]) -> dict[str, Quarantined]:
    """Return what is in quarantine now, by `package=version`, from all that was said of versions, oldest first."""
    kept: dict[str, Quarantined] = {}
    for stream, event in said:
        match event:
            case VersionsQuarantined():
                for version in event.versions:
                    kept.setdefault(version, Quarantined(version, event.at, event.by, event.reason, stream))
            case VersionsReleased():
                for version in event.versions:
                    kept.pop(version, None)
            case _:
                pass
    return dict(sorted(kept.items()))


def version_named(text: str) -> str:
    """Return a `package=version` that a person wrote; raises UsageError when it is not one."""
    if not _VERSION.fullmatch(text):
        raise UsageError(f"{text!r} is no package=version", hint="Write it as in tidepool=1.2, with its whole version.")
    return text


def versions_matching(patterns: Iterable[str], kept: Mapping[str, Quarantined]) -> tuple[str, ...]:
    """Return the quarantined versions that patterns (tidepool=1.2, 'lib*=*') name; raises UsageError for a miss."""
    found: dict[str, None] = {}
    for pattern in patterns:
        meant = [version for version in kept if fnmatchcase(version, pattern)]
        if not meant:
            hint = "`patchtide quarantine list` shows what is."
            raise UsageError(f"nothing in quarantine is named {pattern!r}", hint=hint)
        found |= dict.fromkeys(meant)
    return tuple(found)


def refused_versions(plan: Plan, kept: Mapping[str, Quarantined]) -> tuple[Quarantined, ...]:
    """Return what a plan would install although it is in quarantine."""
    wanted = {package.exact for files in plan.patch_set.values() for package in files}
    return tuple(entry for version, entry in kept.items() if version in wanted)
