"""The five fields of crontab(5) as days and times, read as Vixie's cron reads them."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from itertools import product
from typing import Final

from patchtide.config.scalars import as_text, wrong

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DAYS = "sun mon tue wed thu fri sat".split()
_CODES = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_MONTH_NAMES: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_MONTHS, start=1)}
_DAY_NAMES: Final[Mapping[str, int]] = {name: number for number, name in enumerate(_DAYS)}
_FIELDS: Final[tuple[tuple[str, int, int, Mapping[str, int]], ...]] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTH_NAMES),
    ("day of the week", 0, 7, _DAY_NAMES),
)
_NICKNAMES: Final[Mapping[str, str]] = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RANGE = re.compile(r"(?:(\*)|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]{1,2}))?")
_LEAP_YEAR = 2024
_DATES = 31
_HINT = "Write minute, hour, day of the month, month and day of the week: `0 3 * * sun`."


@dataclass(frozen=True, slots=True)
class Cron:
    """When a crontab line would run: days as recurrence rules (one a line), and the times of these days."""

    text: str
    rule: str
    times: tuple[time, ...]

    def __str__(self) -> str:
        """Return the line as it was written."""
        return self.text


def cron_of(value: object) -> Cron:
    """Return the five fields of a crontab line, such as `0 3 * * sun`, or a word such as @weekly."""
    text = as_text(value, "the five fields of a crontab line").strip()
    fields = _NICKNAMES.get(text.lower(), text.lower()).split()
    if len(fields) != len(_FIELDS):
        raise wrong(f"is {text!r}, which is not five fields", _HINT)
    minutes, hours, days, months, weekdays = (
        _values(field, *kind) for field, kind in zip(fields, _FIELDS, strict=True)
    )
    starred = fields[2].startswith("*") or fields[4].startswith("*")
    rules = _rules(days, months, {day % 7 for day in weekdays}, either=not starred)
    if not rules:
        raise wrong(f"is {text!r}, which names no day at all: it never comes")
    times = (time(hour, minute) for hour, minute in product(sorted(hours), sorted(minutes)))
    return Cron(text, "\n".join(rules), tuple(times))


def _values(field: str, name: str, least: int, most: int, names: Mapping[str, int]) -> set[int]:
    found: set[int] = set()
    for piece in field.split(","):
        parts = _RANGE.fullmatch(piece)
        if parts is None or (parts[4] and not parts[1] and not parts[3]):
            raise wrong(f"has {piece!r} as its {name}, which is no number, list, range or step", _HINT)
        star, first, last, step = parts.groups()
        begin = least if star else _number(first, name, least, most, names)
        end = most if star else _number(last or first, name, least, most, names)
        if end < begin or step == "0":
            raise wrong(f"has {piece!r} as its {name}, which is nothing at all")
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def _number(text: str, name: str, least: int, most: int, names: Mapping[str, int]) -> int:
    number = names.get(text[:3]) if text.isalpha() else int(text) if text.isdecimal() else None
    if number is None or not least <= number <= most:
        raise wrong(f"has {text!r} as its {name}, but that goes from {least} to {most}", _HINT)
    return number


def _rules(days: Iterable[int], months: set[int], weekdays: Iterable[int], *, either: bool) -> list[str]:
    """Return the recurrence rules of the days: where both kinds of day are restricted, either is enough."""
    of_month = sorted(day for day in days if any(day <= monthrange(_LEAP_YEAR, month)[1] for month in months))
    dates = _part("BYMONTHDAY", map(str, of_month), _DATES)
    names = _part("BYDAY", (_CODES[day] for day in sorted(weekdays)), len(_CODES))
    begin = "FREQ=DAILY" + _part("BYMONTH", map(str, sorted(months)), len(_MONTHS))
    if not either:
        return [begin + dates + names] if of_month else []
    return [f"RRULE:{begin}{dates}", f"RRULE:{begin}{names}"] if of_month else [begin + names]


def _part(key: str, values: Iterable[str], every: int) -> str:
    """Return a part of a rule, or nothing where it leaves nothing out."""
    listed = list(values)
    return f";{key}={','.join(listed)}" if len(listed) < every else ""
