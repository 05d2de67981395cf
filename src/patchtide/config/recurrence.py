"""Recurrence rules (RFC 5545, 3.3.10) that name days: what is written has to be meant, and has to come true."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from patchtide.config.scalars import as_text, date_of, wrong
from patchtide.core.meant import meant
from patchtide.core.windows import Window, occurrences

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")

_PARTS: Final[Mapping[str, re.Pattern[str]]] = {
    "FREQ": re.compile(r"[A-Z]+"),
    "INTERVAL": re.compile(r"[1-9][0-9]{0,3}"),
    "COUNT": re.compile(r"[1-9][0-9]{0,4}"),
    "UNTIL": re.compile(r"[0-9]{8}(T([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z?)?"),
    "BYDAY": re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)"),
    "BYMONTHDAY": re.compile(r"[+-]?([1-9]|[12][0-9]|3[01])"),
    "BYYEARDAY": re.compile(r"[+-]?([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"),
    "BYWEEKNO": re.compile(r"[+-]?([1-9]|[1-4][0-9]|5[0-3])"),
    "BYMONTH": re.compile(r"([1-9]|1[0-2])"),
    "BYSETPOS": re.compile(r"[+-]?([1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"),
    "WKST": re.compile(r"(MO|TU|WE|TH|FR|SA|SU)"),
    "BYHOUR": re.compile(r"[01]?[0-9]|2[0-3]"),
    "BYMINUTE": re.compile(r"[0-5]?[0-9]"),
    "BYSECOND": re.compile(r"[0-5]?[0-9]"),
}
_SINGLE = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
_HOURS = ("BYHOUR", "BYMINUTE", "BYSECOND")
_ONLY_WITH: Final[Mapping[str, tuple[str, ...]]] = {
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
    "BYYEARDAY": ("YEARLY",),
    "BYWEEKNO": ("YEARLY",),
    "BYSETPOS": ("WEEKLY", "MONTHLY", "YEARLY"),
}
_ANCHOR = date(2024, 1, 1)
_LOOKED_AT = timedelta(days=8 * 366)
"""How far ahead a rule has to come true: a leap day comes at least every eight years."""


def rule_of(value: object) -> str:
    """Return a recurrence rule that names days, such as FREQ=WEEKLY;BYDAY=SU."""
    text = re.sub(r"\s+", "", as_text(value, "a recurrence rule")).upper().removeprefix("RRULE:").removesuffix(";")
    parts: dict[str, str] = {}
    for piece in text.split(";"):
        key, equals, content = piece.partition("=")
        if not equals:
            raise wrong(f"has the part {piece!r}, which is not KEY=VALUE", "Write, say, FREQ=WEEKLY;BYDAY=SU.")
        if key in parts:
            raise wrong(f"has {key} twice")
        parts[key] = content
        _refuse_part(key, content)
    _refuse_combination(parts)
    return text


def parts_of(rule: str) -> dict[str, str]:
    """Return the parts of a rule that was found sound."""
    return dict(piece.split("=", 1) for piece in rule.split(";"))


def _refuse_part(key: str, content: str) -> None:
    if key.startswith(("DTSTART", "RRULE")):
        raise wrong(f"has {key}", "Write the rule alone; the first day goes into `starts`.")
    if key not in _PARTS:
        raise wrong(f"has {key!r}, which is not known", meant(key, _PARTS))
    for item in [content] if key in _SINGLE else content.split(","):
        if not _PARTS[key].fullmatch(item):
            raise wrong(f"has {key}={content}, and {item!r} does not fit there", _EXAMPLES.get(key, ""))


_EXAMPLES: Final[Mapping[str, str]] = {
    "UNTIL": "Write the last day, UNTIL=20271231, or the last instant, UNTIL=20271231T235959Z.",
    "BYDAY": "Write MO, TU, WE, TH, FR, SA or SU; the second Tuesday of a month is FREQ=MONTHLY;BYDAY=2TU.",
    "INTERVAL": "Write a number from 1 on.",
    "COUNT": "Write a number from 1 on.",
}


def _refuse_combination(parts: Mapping[str, str]) -> None:
    frequency = parts.get("FREQ")
    if frequency is None:
        raise wrong("has no FREQ", f"Begin with one of: {', '.join(f'FREQ={name}' for name in FREQUENCIES)}.")
    if frequency not in FREQUENCIES:
        raise wrong(
            f"has FREQ={frequency}, but has to be one of: {', '.join(FREQUENCIES)}", meant(frequency, FREQUENCIES)
        )
    for key, allowed in _ONLY_WITH.items():
        if key in parts and frequency not in allowed:
            raise wrong(f"has {key}, which goes with FREQ={' or '.join(allowed)} only")
    if frequency not in {"MONTHLY", "YEARLY"} and re.search(r"[0-9]", parts.get("BYDAY", "")):
        raise wrong(f"has BYDAY={parts['BYDAY']}, and numbered days go with FREQ=MONTHLY or YEARLY only")
    _refuse_numbers(parts)
    if "COUNT" in parts and "UNTIL" in parts:
        raise wrong("has both COUNT and UNTIL", "Keep one of them.")
    if "UNTIL" in parts:
        _until(parts)
    if "BYSETPOS" in parts and not any(key.startswith("BY") and key not in {"BYSETPOS", *_HOURS} for key in parts):
        raise wrong("has BYSETPOS with nothing to choose from", "Add BYDAY or BYMONTHDAY.")
    _refuse_hours(parts)


def _refuse_hours(parts: Mapping[str, str]) -> None:
    times = [key for key in _HOURS if key in parts]
    if times and "BYHOUR" not in parts:
        raise wrong(f"has {times[0]} without BYHOUR", "Say the time of day with `at`.")
    if times and ("BYSETPOS" in parts or "COUNT" in parts):
        raise wrong(f"has {times[0]}, and also counts its days", "Say the time of day with `at`.")


def _refuse_numbers(parts: Mapping[str, str]) -> None:
    """Refuse the sixth Tuesday of a month, which dateutil answers with an IndexError or with an endless search."""
    within_month = parts.get("FREQ") == "MONTHLY" or "BYMONTH" in parts
    most, span = (5, "month") if within_month else (53, "year")
    for day in parts.get("BYDAY", "").split(","):
        if abs(int(day[:-2] or "0")) > most:
            raise wrong(f"has BYDAY={day}: the window never opens", f"A {span} has {most} of a weekday at most.")


def times_of(rule: str) -> tuple[time, ...]:
    """Return the times of day that a rule names itself; none when it names days only."""
    parts = parts_of(rule)
    if "BYHOUR" not in parts:
        return ()
    hours, minutes, seconds = (map(int, parts.get(key, "0").split(",")) for key in _HOURS)
    return tuple(sorted({time(hour, minute, second) for hour, minute, second in product(hours, minutes, seconds)}))


def days_of(rule: str, last: time = time.max, zone: str | None = None) -> str:
    """Return a rule without its times; where it ends at an instant, `last` is the latest start of its last day.

    An instant in UTC is one by the clock of `zone` first.
    """
    parts = {key: content for key, content in parts_of(rule).items() if key not in _HOURS}
    until = parts.get("UNTIL", "")
    if "T" in until:
        end = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        local = end.astimezone(ZoneInfo(zone)) if zone and until.endswith("Z") else end
        day = local.date() if last <= local.time().replace(microsecond=0) else local.date() - timedelta(days=1)
        parts["UNTIL"] = f"{day:%Y%m%d}"
    return ";".join(f"{key}={content}" for key, content in parts.items())


def needs_start(rule: str) -> str | None:
    """Return the part of a rule that is counted from a first day, which then has to be said; None without one."""
    parts = parts_of(rule)
    if int(parts.get("INTERVAL", "1")) > 1:
        return "INTERVAL"
    return "COUNT" if "COUNT" in parts else None


def never_opens(rule: str, starts: date | None) -> bool:
    """Tell whether a rule names no day at all in the eight years after it starts, such as 30 February."""
    parts = parts_of(rule)
    if _no_such_day(parts):
        return True
    first = starts or _ANCHOR
    last = min(_until(parts), first + _LOOKED_AT)
    kept = {key: content for key, content in parts.items() if key not in {"COUNT", "UNTIL", *_HOURS}}
    endless = ";".join(f"{key}={content}" for key, content in kept.items())
    probe = Window("probe", f"{endless};UNTIL={last:%Y%m%d}", time(), timedelta(hours=1), "UTC", starts)
    begin, end = (datetime.combine(day, time(), tzinfo=UTC) for day in (first, first + _LOOKED_AT))
    return next(occurrences(probe, begin, end), None) is None


def _until(parts: Mapping[str, str]) -> date:
    text = parts.get("UNTIL")
    return date.max if text is None else date_of(f"{text[:4]}-{text[4:6]}-{text[6:8]}")


def _no_such_day(parts: Mapping[str, str]) -> bool:
    """Tell whether no month of the rule has a day of the rule: dateutil would look for one until the year 9999."""
    days = [abs(int(day)) for day in parts.get("BYMONTHDAY", "1").split(",")]
    months = [int(month) for month in parts.get("BYMONTH", "1").split(",")]
    return not any(day <= monthrange(_ANCHOR.year, month)[1] for month in months for day in days)
