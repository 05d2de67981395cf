"""Markdown from values: tables, lists, paragraphs whose lines are not too long."""

import inspect
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

WIDEST = 130

Schema = Mapping[str, Any]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def bullet(text: str) -> str:
    """Return a list item whose lines are not too long."""
    return wrapped(text, "* ", "  ")


def wrapped(text: str, first: str = "", later: str = "") -> str:
    """Return a text as one paragraph whose lines are not too long."""
    return textwrap.fill(
        " ".join(text.split()),
        WIDEST,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def prose(thing: object) -> str:
    """Return a thing's docstring as paragraphs."""
    return paragraphs(inspect.getdoc(thing) or "")


def paragraphs(text: str) -> str:
    """Return a docstring as paragraphs that say null for None, as JSON does."""
    return "\n\n".join(wrapped(re.sub(r"\bNone\b", "null", part)) for part in text.split("\n\n"))


def code(value: object) -> str:
    """Return a value as Markdown code, as it would be written in a file."""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def anchor(heading: str) -> str:
    """Return the link that a renderer gives to a heading."""
    return "#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def as_dict(value: object) -> dict[str, Any]:
    """Return a mapping as one that can be looked into."""
    if not isinstance(value, dict):
        raise TypeError(f"{value!r} is no mapping")
    return value
