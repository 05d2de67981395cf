"""What single values mean: durations, amounts, times of day, days, zones, names. Each says what it wants instead."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from patchtide.config.problems import Loc
from patchtide.core.meant import meant, nearest
from patchtide.core.policy import Amount
from patchtide.core.windows import Day, is_zone

_DURATION = re.compile(r"(?:([0-9]{1,8})d)?(?:([0-9]{1,8})h)?(?:([0-9]{1,8})m)?(?:([0-9]{1,8})s)?")
_COUNT = re.compile(r"[0-9]{1,6}")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)%")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_YEARLY = re.compile(r"([0-9]{2})-([0-9]{2})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_YEARS: Final = range(2000, 2200)
_LEAP_YEAR = 2024
_MONTHS = 12
_HUNDRED = 100
LONGEST = timedelta(days=400)
"""The longest duration that means something: as far as openings are looked for."""


def wrong(message: str, hint: str = "", at: Loc = ()) -> PydanticCustomError:
    """Return the error by which a validator refuses a value; `at` is where inside the value the problem is."""
    # Braces in a template would be looked up in the context, and only these three are there.
    return PydanticCustomError("patchtide", "{message}", {"message": message, "hint": hint, "at": at})


def as_text(value: object, wanted: str = "text") -> str:
    """Return a value that has to be one text and not a list or mapping."""
    if isinstance(value, str):
        return value
    kind = "a list" if isinstance(value, list) else "a mapping"
    raise wrong(f"is {kind}, but has to be {wanted}")


def as_list(value: object) -> list[object]:
    """Return a list, or the list of the one text that stands for it."""
    return list(value) if isinstance(value, list) else [as_text(value, "a text or a list of texts")]


def one_of(value: object, choices: Iterable[str]) -> str:
    """Return one of the words that are allowed here."""
    text = as_text(value)
    known = list(choices)
    if text not in known:
        raise wrong(f"is {text!r}, but has to be one of: {', '.join(known)}", nearest(text, known))
    return text


def line_text(value: object) -> str:
    """Return a text of one line that says something."""
    text = as_text(value).strip()
    if not text or "\n" in text or "\t" in text:
        raise wrong("has to be one line of text that says something")
    return text


def name_text(value: object) -> str:
    """Return a name: it ends up in file names, tables and dotted keys."""
    text = as_text(value, "a name")
    if not _NAME.fullmatch(text):
        raise wrong(f"is {text!r}, which is no name", "Use letters, digits, `-` and `_`, at most 63, no `-` in front.")
    return text


def names_of(value: object) -> tuple[str, ...]:
    """Return one name, or a list of names of which none is there twice."""
    names = tuple(line_text(item) for item in as_list(value))
    if not names:
        raise wrong("is an empty list", "Name one, or leave the key out.")
    twice = next((position for position, name in enumerate(names) if name in names[:position]), None)
    if twice is not None:
        raise wrong(f"has {names[twice]!r} twice", at=(twice,))
    return names


def count_of(value: object, least: int, most: int) -> int:
    """Return a whole number in decimal digits; `1e3`, `0o17` and `1_000` are none."""
    text = as_text(value, "a number")
    if not _COUNT.fullmatch(text):
        raise wrong(f"is {text!r}, but has to be a whole number in plain digits")
    if not least <= int(text) <= most:
        raise wrong(f"is {text}, but has to be from {least} to {most}")
    return int(text)


def duration_of(value: object) -> timedelta:
    """Return a duration such as 10s, 5m, 2h, 7d or 1h30m."""
    text = as_text(value, "a duration")
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        digits = _COUNT.fullmatch(text)
        raise wrong(
            f"is {text!r}, which has no unit" if digits else f"is {text!r}, which is no duration",
            f"Say the unit: `{text}s`, `{text}m` or `{text}h`." if digits else "Write 10s, 5m, 2h, 7d or 1h30m.",
        )
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if span > LONGEST:
        raise wrong(f"is {text}, longer than {LONGEST.days} days")
    return span


def longer_than_nothing(value: object) -> timedelta:
    """Return a duration that is not zero."""
    span = duration_of(value)
    if not span:
        raise wrong("is no time at all, but has to be longer than that")
    return span


def amount_of(value: object) -> Amount:
    """Return a number of hosts: a count such as 2, or a percentage such as 10%."""
    text = as_text(value, "a number of hosts")
    if _COUNT.fullmatch(text):
        return Amount(count=int(text))
    found = _PERCENT.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, but has to be a number of hosts, such as 2, or a percentage, such as 10%")
    if float(found[1]) > _HUNDRED:
        raise wrong(f"is {text}, more than all hosts")
    return Amount(percent=float(found[1]))


def wave_of(value: object) -> Amount:
    """Return the size of a wave, which is one host at least."""
    amount = amount_of(value)
    if not (amount.count or amount.percent):
        raise wrong(f"a wave of {amount} is no wave", "A wave is at least one host.")
    return amount


def clock_of(value: object) -> time:
    """Return a time of day such as 03:00, quoted or not."""
    text = as_text(value, "a time of day")
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, which is no time of day", "Write hours and minutes: 03:00, or 22:30.")
    return time(int(found[1]), int(found[2]), int(found[3] or 0))


def date_of(value: object) -> date:
    """Return a date such as 2027-01-31 that is in the calendar."""
    text = as_text(value, "a date")
    found = _DATE.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, which is no date", "Write year, month and day: 2027-01-31.")
    day = Day(int(found[2]), int(found[3]), int(found[1]))
    _refuse_no_day(text, day)
    return date(int(found[1]), day.month, day.day)


def day_of(value: object) -> Day:
    """Return a day of one year (2027-01-31) or of every year (01-31)."""
    text = as_text(value, "a day")
    yearly = _YEARLY.fullmatch(text)
    if yearly:
        day = Day(int(yearly[1]), int(yearly[2]))
    elif found := _DATE.fullmatch(text):
        day = Day(int(found[2]), int(found[3]), int(found[1]))
    else:
        raise wrong(f"is {text!r}, which is no day", "Write 12-15 for every year, or 2026-12-15 for one.")
    _refuse_no_day(text, day)
    return day


def _refuse_no_day(text: str, day: Day) -> None:
    year = day.year if day.year is not None else _LEAP_YEAR
    if year not in _YEARS:
        raise wrong(f"is {text}, but the year has to be from {_YEARS[0]} to {_YEARS[-1]}")
    if not 1 <= day.month <= _MONTHS:
        raise wrong(f"is {text}, but there is no month {day.month}", "The month comes before the day.")
    longest = monthrange(year, day.month)[1]
    if not 1 <= day.day <= longest:
        raise wrong(f"is {text}, a day that does not exist", f"Month {day.month} has days 1 to {longest}.")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def zone_of(value: object) -> str:
    """Return the name of a time zone that this machine, or the tzdata package, knows."""
    text = as_text(value, "a time zone")
    if not is_zone(text):
        raise wrong(f"there is no time zone {text!r}", meant(text, _zones()) or "Write one as in Europe/Berlin.")
    return text


def spelled(value: object) -> str:
    """Return a value as it is written in a configuration."""
    match value:
        case timedelta():
            return f"-{spelled(-value)}" if value < timedelta(0) else _span(int(value.total_seconds()))
        case datetime():
            return _moment_text(value)
        case time():
            return f"{value:%H:%M:%S}" if value.second else f"{value:%H:%M}"
        case Day():
            year = f"{value.year:04d}-" if value.year is not None else ""
            return f"{year}{value.month:02d}-{value.day:02d}"
        case tuple() | list():
            return f"[{', '.join(spelled(item) for item in value)}]"
        case _:
            return str(value)


def _moment_text(value: datetime) -> str:
    zone = value.strftime("%z")
    return f"{value:%Y-%m-%d} {spelled(value.time())}{f'{zone[:3]}:{zone[3:]}' if zone else ''}"


def _span(seconds: int) -> str:
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    text = ""
    for letter, size in units:
        count, seconds = divmod(seconds, size)
        text += f"{count}{letter}" if count else ""
    return text or "0s"


def kind(read: Callable[[Any], object], **schema: object) -> tuple[PlainValidator, PlainSerializer, WithJsonSchema]:
    """Return how a value is read, shown, and described to editors."""
    return PlainValidator(read), PlainSerializer(spelled, return_type=str), WithJsonSchema(dict(schema))


def choice(choices: tuple[str, ...], made: Callable[[str], object] = str) -> tuple[PlainValidator, WithJsonSchema]:
    """Return how a value is read that is one of some words."""
    return PlainValidator(lambda value: made(one_of(value, choices))), WithJsonSchema({"enum": list(choices)})


def whole(bounds: tuple[int, int]) -> tuple[PlainValidator, WithJsonSchema]:
    """Return how a whole number between two others is read."""
    schema = {"type": "integer", "minimum": bounds[0], "maximum": bounds[1]}
    return PlainValidator(lambda value: count_of(value, *bounds)), WithJsonSchema(schema)


DURATION_PATTERN = r"^(?=.)([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"
_DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_AMOUNT_SCHEMA: Final[list[dict[str, object]]] = [
    {"type": "integer", "minimum": 0},
    {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%?$"},
]

Duration = Annotated[timedelta, *kind(duration_of, type="string", pattern=DURATION_PATTERN)]
Period = Annotated[timedelta, *kind(longer_than_nothing, type="string", pattern=DURATION_PATTERN)]
Budget = Annotated[Amount, *kind(amount_of, anyOf=_AMOUNT_SCHEMA)]
Wave = Annotated[Amount, *kind(wave_of, anyOf=_AMOUNT_SCHEMA)]
Clock = Annotated[time, *kind(clock_of, type="string", pattern=r"^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$")]
Date = Annotated[date, *kind(date_of, type="string", pattern=f"^{_DATE_PATTERN}$")]
Zone = Annotated[str, *kind(zone_of, type="string", examples=["Europe/Berlin"])]
Name = Annotated[str, *kind(name_text, type="string", pattern=f"^{_NAME.pattern}$")]
Line = Annotated[str, *kind(line_text, type="string", minLength=1)]
Names = Annotated[
    tuple[str, ...],
    PlainValidator(names_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
