"""The page of the configuration, from its JSON schema."""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from scripts.reference.markdown import Schema, anchor, as_dict, code, table, wrapped

from patchtide.config import cron, points, scalars
from patchtide.config.show import json_schema

KINDS: tuple[tuple[str, Any, Callable[[Any], object]], ...] = (
    ("duration", scalars.Duration, scalars.duration_of),
    ("number of hosts", scalars.Budget, scalars.amount_of),
    ("time of day", scalars.Clock, scalars.clock_of),
    ("date", scalars.Date, scalars.date_of),
    ("moment", points.Moment, points.moment_of),
    ("day, time or moment", points.Point, points.point_of),
    ("offset", points.Offset, points.offset_of),
    ("crontab line", points.CronLine, cron.cron_of),
    ("days of the week", points.Weekdays, points.weekdays_of),
    ("named days", points.NamedDays, points.named_of),
    ("times of day", points.Clocks, points.clocks_of),
    ("name", scalars.Name, scalars.name_text),
    ("time zone", scalars.Zone, scalars.zone_of),
)


def configuration_page() -> str:
    """Return every key of patchtide.yml with type, default and meaning."""
    schema = json_schema()
    rows = [(kind, (inspect.getdoc(read) or "").removeprefix("Return ").rstrip(".")) for kind, _, read in KINDS]
    parts = [
        "# Configuration: patchtide.yml\n",
        wrapped(
            """`patchtide config validate` checks the file, `patchtide config show` prints every value that holds and
            where it was written, `patchtide config schema` prints the JSON schema for an editor. A key that is not
            listed here is refused. Paths are relative to the file."""
        ),
        "\n## Kinds of values\n",
        table(("kind", "is"), rows),
        *sections(schema, "patchtide.yml", as_dict(schema["$defs"])),
    ]
    return "\n".join(parts)


def sections(section: Schema, path: str, defs: Schema) -> Iterator[str]:
    """Yield a section's table, then those of the sections in it."""
    yield f"\n## {path}\n\n{wrapped(section.get('description', ''))}\n"
    base = "" if path == "patchtide.yml" else f"{path}."
    inner: list[tuple[str, str]] = []
    rows = []
    for key, value in section["properties"].items():
        place = f"{base}{key}"
        below = section_in(value)
        if below:
            place += {"items": "[]", "patternProperties": ".NAME"}.get(below[0], "")
            inner.append((place, below[1]))
        kind = f"[{place}]({anchor(place)})" if below else kind_of(value)
        meaning = value.get("description") or (defs[below[1]]["description"] if below else "")
        rows.append((code(key), kind, default_of(key, section, defs), meaning))
    yield table(("key", "type", "default", "meaning"), rows)
    for place, name in inner:
        yield from sections(defs[name], place, defs)


def section_in(value: Schema) -> tuple[str, str] | None:
    """Return how (itself, `items` or `patternProperties`) a value is made of a section, and of which one."""
    named: Schema = next(iter(value.get("patternProperties", {}).values()), {})
    for way, inside in (("", value), ("items", value.get("items", {})), ("patternProperties", named)):
        if isinstance(inside, Mapping) and "$ref" in inside:
            return way, inside["$ref"].rpartition("/")[2]
    return None


def default_of(key: str, section: Schema, defs: Schema) -> str:
    """Return what holds when a key is left out."""
    if key in section.get("required", ()):
        return "required"
    value = section["properties"][key]
    if "$ref" in value and "required" not in defs[value["$ref"].rpartition("/")[2]]:
        return "see there"
    return code(value["default"]) if "default" in value else "none"


@cache
def known_kinds() -> dict[str, str]:
    """Return the kinds of values by the schema that stands for them."""
    return {json.dumps(TypeAdapter(kind).json_schema(), sort_keys=True): word for word, kind, _ in KINDS}


def kind_of(value: Schema) -> str:
    """Return what may be written for a key."""
    bare = {key: item for key, item in value.items() if key not in {"default", "description"}}
    known = known_kinds().get(json.dumps(bare, sort_keys=True))
    if known:
        return known
    if "enum" in bare:
        return ", ".join(code(item) for item in bare["enum"])
    if "anyOf" in bare:
        return " or ".join(kind_of(item) for item in bare["anyOf"])
    if "const" in bare:
        return code(bare["const"])
    if bare.get("type") == "array":
        inner = kind_of(bare["items"])
        return "list of texts" if inner == "text" else f"list of {inner}"
    if bare.get("type") == "integer" and "maximum" in bare:
        return f"{bare['minimum']} to {bare['maximum']}"
    return {"string": "text", "integer": "number"}.get(bare.get("type", ""), str(bare.get("type")))
