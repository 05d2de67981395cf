"""iCalendar files (RFC 5545) as a source of windows and blackouts: read whole and understood, or refused."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from patchtide.config.problems import Fault, Loc
from patchtide.config.scalars import spelled
from patchtide.core.calendar import HORIZON
from patchtide.files import opened

if TYPE_CHECKING:
    from patchtide.config.schema import CalendarFile
    from patchtide.config.times import Blackout, Window

MOST_BYTES = 4 * 1024 * 1024
"""A longer file is refused before it is parsed."""

_MOST_EVENTS = 20_000
_BACK = timedelta(days=40)
_AHEAD = 2 * HORIZON
"""How far events are looked up: a run that waits for its window for a year still knows what is in its way."""

_TOO_OFTEN = ("SECONDLY", "MINUTELY")
_INSTALL = "Install them: `pip install 'patchtide[ical]'`."


@dataclass(frozen=True, slots=True)
class Events:
    """Beginning and end of each event (without an offset: by the local clock), and how far (UTC) was looked."""

    spans: tuple[tuple[datetime, datetime], ...]
    known_until: datetime


class _RefusedError(Exception):
    """Why a file cannot be relied on, and what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def calendars(file: "CalendarFile", folder: Path, now: datetime) -> Iterator[tuple[Loc, Events | Fault]]:
    """Yield what each iCalendar file of a configuration holds around an instant, or why it cannot be relied on."""
    named: Mapping[Loc, Window | Blackout] = {
        **{("windows", name): window for name, window in file.windows.items()},
        **{("blackouts", position): blackout for position, blackout in enumerate(file.blackouts)},
    }
    for loc, one in named.items():
        if one.ical is not None:
            try:
                yield loc, _events(one, folder / one.ical, now, sure=loc[0] == "windows")
            except _RefusedError as error:
                yield loc, Fault((*loc, "ical"), f"{one.ical!r} {error}", error.hint)


def _events(one: "Window | Blackout", path: Path, now: datetime, *, sure: bool) -> Events:
    calendar = _parsed(path)
    known_until = now + _AHEAD
    found = _expanded(calendar, now - _BACK, known_until)
    wanted = [event for event in found if _counts(event, one.events, sure=sure)]
    spans = tuple(sorted((_span(event) for event in wanted), key=str))
    _refuse_old(spans, one, path, now)
    return Events(spans, known_until)


def _parsed(path: Path) -> Any:  # noqa: ANN401  # imported late, where there is one
    try:
        from icalendar import Calendar  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise _RefusedError("cannot be read: the packages for iCalendar files are missing", _INSTALL) from None
    try:
        with opened(path) as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise _RefusedError(f"cannot be read: {why}", "The path is relative to this file.") from None
    if len(raw) > MOST_BYTES:
        raise _RefusedError(f"is longer than {MOST_BYTES // 1024} kB", "Is this the right file?")
    try:
        calendar = Calendar.from_ical(raw.decode())
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _RefusedError(f"is no iCalendar file: {_said(error)}", _EXPORT) from None
    _refuse_broken(calendar)
    return calendar


_EXPORT = "Export it again, as .ics: nothing is open while nobody can tell what it says."


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _refuse_broken(calendar: Any) -> None:  # noqa: ANN401
    """Refuse what the parser leaves out without a word: a date that is none, a zone that nobody knows."""
    if calendar.name != "VCALENDAR":
        raise _RefusedError(f"is no calendar, but a {calendar.name}", _EXPORT)
    for part in calendar.walk():
        if part.errors:
            prop, why = part.errors[0]
            raise _RefusedError(
                f"has an event that cannot be read: {prop or 'a line'}: {_said(Exception(why))}", _EXPORT
            )
    for event in calendar.walk("VEVENT"):
        _refuse_event(event, _title(event))


def _title(event: Any) -> str:  # noqa: ANN401
    return str(event.get("SUMMARY", event.get("UID", "?")))


_ONCE = ("DTSTART", "DTEND", "DURATION", "STATUS", "SUMMARY", "UID", "RECURRENCE-ID")


def _refuse_event(event: Any, title: str) -> None:  # noqa: ANN401
    for key in _ONCE:
        if isinstance(event.get(key), list):
            raise _RefusedError(f"has an event with two of {key}: {title!r}", _EXPORT)
    if "DTSTART" not in event:
        raise _RefusedError(f"has an event without a beginning: {title!r}", _EXPORT)
    for key in ("DTSTART", "DTEND"):
        _refuse_zone(event.get(key), title)
    if "DTEND" in event:
        begin, end = (_moment(event[key].dt) for key in ("DTSTART", "DTEND"))
        if (begin.tzinfo is None) != (end.tzinfo is None) or end <= begin:
            raise _RefusedError(f"has an event that does not end after it begins: {title!r}", "Give it an end.")
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if {str(often).upper() for often in rule.get("FREQ", ())} & set(_TOO_OFTEN):
            raise _RefusedError(f"has an event every minute or second: {title!r}")


def _refuse_zone(value: Any, title: str) -> None:  # noqa: ANN401
    if value is None:
        return
    zone = value.params.get("TZID")
    if zone and isinstance(value.dt, datetime) and value.dt.tzinfo is None:
        raise _RefusedError(f"has the event {title!r} in a time zone that nobody knows: {zone!r}", _EXPORT)


def _expanded(calendar: Any, start: datetime, end: datetime) -> list[Any]:  # noqa: ANN401
    try:
        import recurring_ical_events  # noqa: PLC0415  # an extra, and slow to import
    except ImportError:
        raise _RefusedError("cannot be read: the packages for iCalendar files are missing", _INSTALL) from None
    try:
        found = list(recurring_ical_events.of(calendar).between(start, end))
    except Exception as error:  # noqa: BLE001  # whatever a file brings a library to: it is not understood
        raise _RefusedError(f"has events that cannot be understood: {_said(error)}", _EXPORT) from None
    if len(found) > _MOST_EVENTS:
        raise _RefusedError(f"has more than {_MOST_EVENTS} events")
    return found


def _counts(event: Any, pattern: str | None, *, sure: bool) -> bool:  # noqa: ANN401
    """Tell whether an event is meant: none that is cancelled, and nothing is opened by a tentative one."""
    status = str(event.get("STATUS", "")).upper()
    if status == "CANCELLED" or (sure and status == "TENTATIVE"):
        return False
    return pattern is None or fnmatchcase(str(event.get("SUMMARY", "")), pattern)


def _span(event: Any) -> tuple[datetime, datetime]:  # noqa: ANN401
    begin, end = _moment(event["DTSTART"].dt), _moment(event["DTEND"].dt)
    if end <= begin:
        raise _RefusedError(f"has an event of no length: {_title(event)!r}", "Give it an end.")
    return begin, end


def _moment(value: date) -> datetime:
    """Return an instant in UTC, or a time of the local clock for whole days and floating times."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value.astimezone(UTC) if value.tzinfo else value


def _refuse_old(
    spans: Iterable[tuple[datetime, datetime]], one: "Window | Blackout", path: Path, now: datetime
) -> None:
    """Refuse a calendar that nobody keeps any more: what is not in it may have been forgotten."""
    if one.valid_for is not None:
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if datetime.now(UTC) - changed > one.valid_for:
            message = f"has expired: it is from {changed:%Y-%m-%d %H:%M} UTC, and valid for {spelled(one.valid_for)}"
            raise _RefusedError(message, "Fetch it again.")
    elif not any((end if end.tzinfo else end.replace(tzinfo=UTC)) > now for _, end in spans):
        message = f"has expired: it has no event after {now:%Y-%m-%d %H:%M} UTC"
        raise _RefusedError(message, "Bring it up to date, or say with `valid_for` how old the file may be.")
