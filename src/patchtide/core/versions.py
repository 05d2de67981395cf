"""Which version is newer: Debian's order and RPM's."""

import re
from functools import lru_cache
from itertools import zip_longest

from patchtide.core.errors import UsageError

_DIGITS = re.compile(r"(\d+)")


@lru_cache(maxsize=65_536)  # a fleet asks the same of each of its hosts
def is_newer(version: str, than: str, manager: str) -> bool:
    """Tell whether a version is later than another one, in the order of the hosts' package manager (apt or dnf)."""
    if manager not in _ORDERS:
        raise UsageError(f"versions of package manager {manager!r} have no known order", hint="Known: apt, dnf.")
    return _ORDERS[manager](version, than)


def _is_newer_deb(version: str, than: str) -> bool:
    """Debian's order (Debian Policy 5.6.12)."""
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


def _is_newer_rpm(version: str, than: str) -> bool:
    """RPM's order: the epochs, then rpmvercmp of the versions and of the releases."""
    (epoch, *texts), (other_epoch, *other_texts) = _split(version), _split(than)
    if epoch != other_epoch:
        return int(epoch) > int(other_epoch)
    return [_segments(text) for text in texts] > [_segments(text) for text in other_texts]


def _segments(text: str) -> list[tuple[int, int, str]]:
    """Return what rpmvercmp compares one by one: `~` before the end, the end, `^`, words, numbers; the rest parts."""
    return [*(_segment(match[0]) for match in _SEGMENT.finditer(text)), _END]


def _segment(text: str) -> tuple[int, int, str]:
    if text in _MARKS:
        return _MARKS[text], 0, ""
    return (4, int(text), "") if text.isdigit() else (3, 0, text)


_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|[~^]")
_MARKS = {"~": 0, "^": 2}
_END = (1, 0, "")
_ORDERS = {"apt": _is_newer_deb, "dnf": _is_newer_rpm}
