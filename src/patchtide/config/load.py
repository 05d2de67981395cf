"""From a file to settings, or to one error that tells everything that is wrong with it, line by line."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from patchtide.config.ical import Events, calendars
from patchtide.config.mean import calendar_meant, settings_meant
from patchtide.config.problems import Fault, Loc, Problem, dotted, line_of, refusal, sentence, shown_path
from patchtide.config.schema import CalendarFile, ConfigFile
from patchtide.config.sound import calendar_faults, expired, file_faults, missing_files
from patchtide.config.written import Written, written
from patchtide.core.meant import meant
from patchtide.core.settings import Settings

F = TypeVar("F", bound=BaseModel)


def settings_of(path: Path, state: Path | None = None, *, today: date | None = None, planning: bool = True) -> Settings:
    """Return the settings that a file holds; raises UsageError naming every problem with its line.

    `state` overrides where the log lives. What only a new plan minds (an exclusion that is over, a file that is gone,
    what an iCalendar file holds) is left alone without `planning`, so that a run can always be looked at, resumed and
    rolled back.
    """
    path = path.absolute()
    file, source = file_and_source(path)
    faults: Iterable[Fault] = file_faults(file)
    read: dict[Loc, Events] = {}
    if planning:
        now = datetime.combine(today, time(), UTC) if today else datetime.now(tz=UTC)
        read, unread = _calendars(file, path, now)
        faults = chain(faults, missing_files(file, path.parent), expired(file, now.date()), unread)
    _refuse(faults, source, path)
    return _located(settings_meant(file, path, read, state), source, path)


def _calendars(file: CalendarFile, path: Path, now: datetime) -> tuple[dict[Loc, Events], list[Fault]]:
    found = dict(calendars(file, path.parent, now))
    read = {loc: events for loc, events in found.items() if isinstance(events, Events)}
    return read, [fault for fault in found.values() if isinstance(fault, Fault)]


def _located(settings: Settings, source: Written, path: Path) -> Settings:
    """Return settings whose tiers know the line on which they stand: some mistakes show only with the inventory."""
    places = [f"{shown_path(path)}:{line_of(('tiers', i), source.lines)}" for i, _ in enumerate(settings.tiers)]
    tiers = tuple(replace(tier, where=where) for tier, where in zip(settings.tiers, places, strict=True))
    return replace(settings, tiers=tiers)


def calendar_settings_of(path: Path, now: datetime | None = None) -> Settings:
    """Return settings with tiers, windows and blackouts only; the other parts may be missing and are not looked at.

    `now` (UTC) is as of when iCalendar files are read.
    """
    path = path.absolute()
    source = written(path)
    _refuse(_unknown_keys(source), source, path)
    calendar = {key: value for key, value in source.data.items() if key in CalendarFile.model_fields}
    file = _validated(CalendarFile, Written(calendar, source.lines), path)
    read, unread = _calendars(file, path, now or datetime.now(tz=UTC))
    _refuse(chain(calendar_faults(file), unread), source, path)
    return calendar_meant(file, path, read)


def blackout_settings_of(path: Path, now: datetime) -> Settings:
    """Return settings whose blackouts are as they stand at an instant (UTC); of what else there is nothing is asked."""
    path = path.absolute()
    source = written(path)
    calendar = {key: value for key, value in source.data.items() if key in CalendarFile.model_fields}
    file = _validated(CalendarFile, Written(calendar, source.lines), path)
    read, unread = _calendars(file, path, now)
    _refuse((fault for fault in unread if fault.loc[0] == "blackouts"), source, path)
    return calendar_meant(file, path, read)


def file_and_source(path: Path) -> tuple[ConfigFile, Written]:
    """Return a file's content with what it was read from; what its parts have to do with each other is not checked."""
    source = written(path)
    return _validated(ConfigFile, source, path), source


def _validated(model: type[F], source: Written, path: Path) -> F:
    try:
        return model.model_validate(source.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        # A list whose items are all wrong counts as empty too, which nobody needs to be told.
        faults = [_fault(detail, model) for detail in details if detail["type"] != "too_short" or not detail["input"]]
    _refuse(faults, source, path)
    raise AssertionError  # a ValidationError has at least one error, and each is a fault


def _refuse(faults: Iterable[Fault], source: Written, path: Path) -> None:
    problems = [_problem(fault, source) for fault in faults]
    if problems:
        raise refusal(path, problems)


def _problem(fault: Fault, source: Written) -> Problem:
    message = sentence(dotted(fault.loc, source.data), fault.message)
    return Problem(line_of(fault.loc, source.lines), message, fault.hint)


def _unknown_keys(source: Written) -> Iterator[Fault]:
    for key in source.data:
        if key not in _keys(ConfigFile):
            yield _unknown((key,), ConfigFile)


def _fault(detail: ErrorDetails, model: type[BaseModel]) -> Fault:
    loc = tuple(key for key in detail["loc"] if key != "[key]")
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "patchtide":
            return Fault((*loc, *context["at"]), context["message"], context["hint"])
        case "extra_forbidden":
            return _unknown(loc, _model_at(model, loc[:-1]))
        case "missing":
            return Fault(loc, "is missing", _described(_model_at(model, loc[:-1]), str(loc[-1])))
        case "too_short":
            return Fault(loc, "is an empty list", "One is needed at least.")
        case "dict_type" | "model_type" | "model_attributes_type":
            return Fault(loc, "has to be a mapping of keys to values")
        case "list_type" | "tuple_type":
            return Fault(loc, "has to be a list", "Begin each item with `- `.")
        case _:
            return Fault(loc, detail["msg"])


def _unknown(loc: Loc, model: type[BaseModel] | None) -> Fault:
    return Fault(loc, "is an unknown key", meant(str(loc[-1]), _keys(model)) if model else "")


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _described(model: type[BaseModel] | None, key: str) -> str:
    fields = model.model_fields.items() if model else ()
    return next((field.description or "" for name, field in fields if key in {name, field.alias}), "")


def _model_at(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """Return the section that describes the mapping at a place in the document."""
    found: type[BaseModel] | None = model
    for key in loc:
        if found is None:
            return None
        fields = {field.alias or name: field for name, field in found.model_fields.items()}
        # An index, or the name of a window, stays within the section that its list or mapping is made of.
        found = _section_in(fields[str(key)].annotation) if key in fields else found
    return found


def _section_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((section for part in get_args(annotation) if (section := _section_in(part))), None)
