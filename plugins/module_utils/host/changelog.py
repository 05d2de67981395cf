"""Debian changelogs: which entries are newer than a version, and what their vendor says that they fix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timezone
from typing import Callable, Iterator

from .packagemanager import Changes

_HEADER = re.compile(r"^\w[-+0-9a-z.]* \((?P<version>[^() \t]+)\)(?:\s+[-+0-9a-z.]+)+;", re.IGNORECASE)
_TRAILER = re.compile(r"^ -- .*>  (?P<date>.+)$")
# A vendor's line may end in the middle of an id.
_CVE = re.compile(r"\bCVE[-\s]\s*(\d{4})-\s*(\d{4,7})\b", re.IGNORECASE)
_ADVISORY = re.compile(r"\b(?:DSA|DLA|ELA|USN)-\d{1,5}(?:-\d{1,3})?\b")


@dataclass(frozen=True)
class Entry:
    """One version's entry; date is ISO 8601 in UTC, None where it cannot be read."""

    version: str
    text: str
    date: str | None


def entries(text: str) -> Iterator[Entry]:
    """The entries of a changelog, in its order, which is the newest first; nothing where it is no Debian changelog."""
    version = ""
    lines: list[str] = []
    for line in text.splitlines():
        header, trailer = _HEADER.match(line), _TRAILER.match(line)
        if header:
            version, lines = header["version"], []
        elif trailer and version:
            yield Entry(version, "\n".join(lines), instant(trailer["date"]))
            version = ""
        elif version:
            lines.append(line)


def changes(found: list[Entry], since: str | None, newer: Callable[[str, str], bool]) -> Changes:
    """What the entries after a version fix; unknown where the changelog does not go back that far.

    A package that comes new (since is None) replaces nothing, so that it fixes nothing either.
    """
    if not found:
        return Changes()
    if since is None:
        return Changes((), (), found[0].date)
    text = ""
    for entry in found:
        if not newer(entry.version, since):
            return Changes(cves_in(text), advisories_in(text), found[0].date)
        text += entry.text + "\n"
    return Changes(None, (), found[0].date)


def cves_in(text: str) -> tuple[str, ...]:
    """The CVE ids that a text names, each once, in order of year and number."""
    ids = {(int(year), int(number), f"CVE-{year}-{number}") for year, number in _CVE.findall(text)}
    return tuple(name for _, _, name in sorted(ids))


def advisories_in(text: str) -> tuple[str, ...]:
    """The ids of advisories (DSA, DLA, ELA, USN) that a text names, each once, sorted."""
    return tuple(sorted(set(_ADVISORY.findall(text))))


def instant(text: str) -> str | None:
    """A date as in mails, as ISO 8601 in UTC; None when it is none."""
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(text.strip())
        aware = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
        return aware.astimezone(timezone.utc).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):  # what older Pythons raise for a date that is none
        return None
