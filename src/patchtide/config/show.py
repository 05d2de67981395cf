"""What holds in the end, and where each value comes from; and the schema by which editors check the file."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from patchtide.config.load import file_and_source
from patchtide.config.problems import Loc, dotted, shown_path
from patchtide.config.scalars import spelled
from patchtide.config.schema import ConfigFile
from patchtide.config.written import Written
from patchtide.core.policy import Amount

SCHEMA_ID = "urn:patchtide:config:v1"
DEFAULT = "default"
NOTHING = "-"
"""How a value is shown that is not set and has no default."""


def shown(path: Path) -> tuple[tuple[str, str, str], ...]:
    """Return every value as (dotted key, text, `file:line` or `default`); raises UsageError.

    A value that is wrong only beside others (a window that a tier asks for and nobody defined) is shown all the same.
    """
    path = path.absolute()
    file, source = file_and_source(path)
    return tuple(
        (dotted(loc, source.data), text, _origin(loc, source, path)) for loc, text in _leaves(file, (), source.data)
    )


def _origin(loc: Loc, source: Written, path: Path) -> str:
    return f"{shown_path(path)}:{source.lines[loc]}" if loc in source.lines else DEFAULT


def _leaves(value: object, loc: Loc, data: object) -> Iterator[tuple[Loc, str]]:
    match value:
        case BaseModel():
            for key, item in _fields(value, data):
                yield from _leaves(item, (*loc, key), data.get(key) if isinstance(data, Mapping) else None)
        case dict():
            for key, item in value.items():
                yield from _leaves(item, (*loc, key), data.get(key) if isinstance(data, Mapping) else None)
        case tuple() if any(isinstance(item, BaseModel) for item in value):
            items = data if isinstance(data, list) else [None] * len(value)
            for position, item in enumerate(value):
                yield from _leaves(item, (*loc, position), items[position])
        case None | "":
            yield loc, NOTHING
        case _:
            yield loc, spelled(value)


def _fields(section: BaseModel, data: object) -> Iterator[tuple[str, object]]:
    """Yield what a section holds by its key; of alternatives that nobody chose there is nothing to show."""
    for name, field in type(section).model_fields.items():
        key = field.alias or name
        item = getattr(section, name)
        if item is not None or (isinstance(data, Mapping) and key in data):
            yield key, item


class _Schema(GenerateJsonSchema):
    """The schema as users write the file: no nulls, defaults in the file's own words, no titles that repeat keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002  # pydantic's own type is private
        """Say that no key needs a title of its own."""
        return False

    def nullable_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401  # pydantic's own type is private
        """Return the schema of a key that may be left out: a key that is there has a value."""
        inner: dict[str, Any] = self.generate_inner(schema["schema"])
        return inner

    def default_schema(self, schema: Any) -> dict[str, Any]:  # noqa: ANN401  # pydantic's own type is private
        """Return a key's schema with its default as it would be written; nothing is no default."""
        inner: dict[str, Any] = self.generate_inner(schema["schema"])
        default = schema.get("default")
        return inner if default in (None, "", ()) else {**inner, "default": _plain(default)}


def _plain(value: object) -> object:
    match value:
        case tuple():
            return [_plain(item) for item in value]
        case int():
            return value
        case Amount(count=int(count)):
            return count
        case _:
            return spelled(value)


def json_schema() -> dict[str, object]:
    """Return the JSON schema of patchtide.yml; its descriptions are the docstrings of the sections' fields."""
    body = ConfigFile.model_json_schema(by_alias=True, schema_generator=_Schema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return {**head, **body, "title": "patchtide.yml"}
