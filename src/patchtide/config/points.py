"""What points in time mean as they are written: moments, hours, days of the week, what is so much later."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Final

from patchtide.config.cron import Cron, cron_of
from patchtide.config.scalars import (
    DURATION_PATTERN,
    as_list,
    as_text,
    clock_of,
    date_of,
    day_of,
    duration_of,
    kind,
    wrong,
)
from patchtide.core.meant import meant
from patchtide.core.windows import Day

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NAMES = "monday tuesday wednesday thursday friday saturday sunday".split()
_DAY_WORDS: Final[Mapping[str, int]] = {
    **{name: number for number, name in enumerate(_NAMES)},
    **{name[:3]: number for number, name in enumerate(_NAMES)},
    **{name[:2]: number for number, name in enumerate(_NAMES)},
}
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9:]+) ?(Z|[+-][0-9]{2}:[0-9]{2})?", re.IGNORECASE)
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9:]+")
_MIDNIGHT = "24:00"


NAMED: Final[Mapping[str, str]] = {
    "month-start": "FREQ=MONTHLY;BYMONTHDAY=1",
    "month-end": "FREQ=MONTHLY;BYMONTHDAY=-1",
    "quarter-start": "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYMONTHDAY=1",
    "quarter-end": "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1",
    "year-start": "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1",
    "year-end": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31",
}
"""Days that people know by name: the first day of what begins, the last of what ends."""


def named(text: str) -> str | None:
    """Return the name of days that a text is, however its words are joined, or None."""
    name = re.sub(r"[\s_-]+", "-", text.strip().lower())
    return name if name in NAMED else None


def named_of(value: object) -> str:
    """Return days that have a name, such as quarter-end or month-start."""
    text = as_text(value, "the name of some days")
    name = named(text)
    if name is None:
        raise wrong(f"is {text!r}, but has to be one of: {', '.join(NAMED)}", meant(text, NAMED))
    return name


def offset_of(value: object) -> timedelta:
    """Return how much later something is, such as 3d or 1d12h; with a minus in front, how much earlier."""
    text = as_text(value, "a duration")
    sign = -1 if text.startswith("-") else 1
    return sign * duration_of(text[1:] if text[:1] in {"+", "-"} else text)


def clocks_of(value: object) -> time | tuple[time, ...]:
    """Return one time of day, or a list of them."""
    if not isinstance(value, list):
        return clock_of(value)
    times = tuple(clock_of(item) for item in as_list(value))
    if not times or len(set(times)) < len(times):
        raise wrong("has a time twice" if times else "is an empty list")
    return times


def moment_of(value: object) -> datetime:
    """Return a day with its time, such as 2027-01-03 03:00; of the zone, unless it ends with Z or +01:00."""
    text = as_text(value, "a day and a time").strip()
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, which is no day and time", "Write 2027-01-03 03:00, or 2027-01-03T02:00Z.")
    moment = datetime.combine(date_of(found[1]), clock_of(found[2]))
    if found[3] is None:
        return moment
    return datetime.fromisoformat(f"{moment.isoformat()}{found[3].upper()}")


def point_of(value: object) -> Day | time | datetime:
    """Return a day, a time of day, or a day with its time."""
    text = as_text(value, "a day or a time").strip()
    if text == _MIDNIGHT:
        return time()
    if _CLOCK.fullmatch(text):
        return clock_of(text)
    return moment_of(text) if ":" in text else day_of(text)


def weekdays_of(value: object) -> tuple[str, ...]:
    """Return days of the week, as in [sat, sun] or mon-fri."""
    found: set[int] = set()
    for item in as_list(value):
        for piece in as_text(item, "a day of the week").split(","):
            first, dash, last = piece.strip().lower().partition("-")
            begin, end = _weekday(first, piece), _weekday(last if dash else first, piece)
            found.update((begin + more) % 7 for more in range((end - begin) % 7 + 1))
    if not found:
        raise wrong("is an empty list")
    return tuple(WEEKDAYS[number] for number in sorted(found))


def _weekday(word: str, piece: str) -> int:
    number = _DAY_WORDS.get(word.strip())
    if number is None:
        raise wrong(f"has {piece.strip()!r}, which is no day of the week", "Write mon, tue, wed, thu, fri, sat or sun.")
    return number


def _list(item: Mapping[str, str]) -> dict[str, object]:
    return {"type": "array", "items": item, "minItems": 1}


_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = "[0-9]{1,2}:[0-9]{2}"
_DAYS: Final = {"type": "string", "pattern": "^[A-Za-z, -]+$"}
_TIMES: Final = {"type": "string", "pattern": f"^{_TIME}"}

CronLine = Annotated[Cron, *kind(cron_of, type="string", examples=["0 3 * * sun"])]
Offset = Annotated[timedelta, *kind(offset_of, type="string", pattern=f"^[+-]?{DURATION_PATTERN[1:]}")]
Clocks = Annotated[time | tuple[time, ...], *kind(clocks_of, anyOf=[_TIMES, _list(_TIMES)])]
Moment = Annotated[datetime, *kind(moment_of, type="string", pattern=f"^{_DATE}[ T]{_TIME}")]
Point = Annotated[
    Day | time | datetime, *kind(point_of, type="string", pattern=f"^({_DATE}|[0-9]{{2}}-[0-9]{{2}}|{_TIME})")
]
Weekdays = Annotated[tuple[str, ...], *kind(weekdays_of, anyOf=[_DAYS, _list(_DAYS)])]
NamedDays = Annotated[str, *kind(named_of, enum=list(NAMED))]
