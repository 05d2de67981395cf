"""What is wrong with a file: sentences with their lines, all of them at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from patchtide.core.errors import UsageError

Loc: TypeAlias = tuple[str | int, ...]
"""Where a value is in a document: keys and indices from the root."""

_MOST = 20
"""How many problems are told at once; more help nobody."""

_VERBS = {"is", "has", "can", "cannot", "asks", "goes", "ends", "looks", "checks", "names", "shuts"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot stay as it is: a line (1 is the first), a sentence, and what to do about it."""

    line: int
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem whose line is not known yet: `loc` says which value it is about."""

    loc: Loc
    message: str
    hint: str = ""


def refusal(path: Path, problems: Iterable[Problem]) -> UsageError:
    """Return the error that tells all problems of a file; `where` is the line of the first."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
    first = ordered[0]
    where = f"{shown_path(path)}:{first.line}"
    if len(ordered) == 1:
        return UsageError(first.message, where=where, hint=first.hint)
    lines = [f"line {problem.line}: {_with_hint(problem)}" for problem in ordered[:_MOST]]
    if len(ordered) > _MOST:
        lines.append(f"and {len(ordered) - _MOST} more")
    return UsageError("\n  ".join([f"{len(ordered)} problems:", *lines]), where=where)


def _with_hint(problem: Problem) -> str:
    return f"{problem.message}. {problem.hint}" if problem.hint else problem.message


def shown_path(path: Path) -> str:
    """Return a path as a person here would write it: relative when it lies below the current folder."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)


def sentence(place: str, message: str) -> str:
    """Return a message with the place that it is about, as one sentence where it is the rest of one."""
    if not place:
        return message
    return f"{place} {message}" if message.partition(" ")[0] in _VERBS else f"{place}: {message}"


def line_of(loc: Loc, lines: Mapping[Loc, int]) -> int:
    """Return the line of a value, or of the nearest thing around it that is written down."""
    while loc and loc not in lines:
        loc = loc[:-1]
    return lines.get(loc, 1)


def dotted(loc: Loc, data: object) -> str:
    """Return where a value is in words, such as `tiers.production.waves`; list items go by their name."""
    parts: list[str] = []
    for key in loc:
        item = _item(data, key)
        name = item.get("name") if isinstance(key, int) and isinstance(item, Mapping) else None
        parts.append(name if isinstance(name, str) and name else str(key))
        data = item
    return ".".join(parts)


def _item(data: object, key: str | int) -> object:
    match data:
        case Mapping():
            return data.get(key)
        case list() if isinstance(key, int) and key < len(data):
            return data[key]
        case _:
            return None
