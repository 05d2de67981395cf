"""How values are told to people, and how text from hosts is made harmless first."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

# C0 except tab and newline, DEL, C1, and the marks that turn the direction of text: a host's words steer no terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")
_LONG_REASON = 500
_KILO = 1000
_MINUTE = 60
_HOUR = 3600
_DAY = 86400


def cleaned(text: str) -> str:
    """Return a text without control characters; lines and tabs stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


@lru_cache  # a table of a thousand hosts says few different things
def one_line(text: str, longest: int = _LONG_REASON) -> str:
    """Return a text as one line without control characters, cut where it gets too long to read."""
    line = cleaned(_BLANKS.sub(" ", text)).strip()
    return line if len(line) <= longest else line[: longest - 1] + "…"


def stamp(instant: datetime) -> str:
    """Return an instant as machines write it: `2027-01-03T01:30:00Z`."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def moment(instant: datetime) -> str:
    """Return an instant as people read it: `2027-01-03 01:30 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(duration: timedelta | float) -> str:
    """Return a duration (seconds, or a timedelta) in the two units that matter."""
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if seconds < _MINUTE:
        return f"{seconds:.0f} s" if seconds == int(seconds) else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    return _two(whole, _HOUR, "h", _MINUTE, "min") if whole < 2 * _DAY else _two(whole, _DAY, "d", _HOUR, "h")


def _two(whole: int, big: int, big_name: str, small: int, small_name: str) -> str:
    many, rest = divmod(whole, big)
    return f"{many} {big_name} {rest // small} {small_name}" if rest // small else f"{many} {big_name}"


def amount(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: `1 host`, `2 hosts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def size(count: int) -> str:
    """Return a number of bytes in decimal units."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _KILO:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KILO
    return f"{value:.1f} TB"


def counted(words: Sequence[str]) -> str:
    """Return how often each word is there, in order of appearance: `2 patched, 1 untouched`."""
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def data_of(value: object) -> object:
    """Return a view as JSON data: mappings, lists, texts, numbers; instants as `stamp` writes them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: data_of(getattr(value, field.name)) for field in fields(value)}
    match value:
        case Mapping():
            return {str(key): data_of(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [data_of(item) for item in value]
        case datetime():
            return stamp(value)
        case timedelta():
            return value.total_seconds()
        case date():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            return value
