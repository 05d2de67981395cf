"""Tables as plain text and as Markdown."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from patchtide.report.words import one_line

_GAP = "  "
_NARROWEST = 24


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns and rows of text; the last column may be long and is wrapped."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table whose cells are one line each, without control characters."""
    return Table(tuple(columns), tuple(tuple(one_line(cell) for cell in row) for row in rows))


def aligned(shown: Table, width: int = 0) -> str:
    """Return a table as aligned text; with a width (characters) the last column is wrapped under itself."""
    lines = [tuple(column.upper() for column in shown.columns), *shown.rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(shown.columns) - 1)]
    indent = sum(widths) + len(_GAP) * len(widths)
    return "\n".join(text for line in lines for text in _wrapped(line, widths, indent, width))


def _wrapped(line: Sequence[str], widths: Sequence[int], indent: int, width: int) -> list[str]:
    head = "".join(cell.ljust(size) + _GAP for cell, size in zip(line, widths, strict=False))
    room = width - indent
    last = textwrap.wrap(line[-1], room) if width and room >= _NARROWEST else [line[-1]]
    first, *more = last or [""]
    return [(head + first).rstrip(), *(" " * indent + text for text in more)]


def markdown(shown: Table) -> str:
    """Return a table in Markdown; what Markdown or HTML would read as markup is escaped."""
    head = [shown.columns, tuple("---" for _ in shown.columns)]
    return "\n".join("| " + " | ".join(map(marked, row)) + " |" for row in [*head, *shown.rows])


def marked(text: str) -> str:
    """Return a text as Markdown that shows exactly that text."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for mark in "|`*_[]":
        escaped = escaped.replace(mark, "\\" + mark)
    return "---" if text == "---" else escaped
