"""The pages of what is written down: plan and events."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from scripts.reference.markdown import Schema, anchor, code, paragraphs, table, wrapped

from patchtide.core import events
from patchtide.core.fleet import Host
from patchtide.core.health import Check
from patchtide.core.packages import Package, Pending, Platform
from patchtide.core.patchset import Probe
from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.policy import Amount
from patchtide.core.settings import Settings, TierSettings
from patchtide.documents import plan_text, sealed


def plan_page() -> str:
    """Return the fields of a plan document, with an example."""
    schema = TypeAdapter(Plan).json_schema(mode="serialization")
    return "\n".join(
        [
            "# The plan document\n",
            wrapped(
                """`patchtide plan -o plan.json` writes it, `patchtide run --plan plan.json` carries it out. It is JSON
                with sorted keys, so two plans can be compared line by line. `digest` is `sha256:` and the SHA-256 of
                the canonical JSON text (sorted keys, no blanks) of everything else but `signatures`; a plan whose
                digest does not fit is refused. A signature is Ed25519, over the line `patchtide/plan/v1` and the line
                of the digest. [plan.schema.json](plan.schema.json) is the JSON schema, which `patchtide plan --schema`
                prints too. Instants (UTC) and durations are written as in ISO 8601."""
            ),
            *kind_sections({"Plan": schema, **schema["$defs"]}),
            f"\n## Example\n\n```json\n{plan_text(example()).rstrip()}\n```",
        ]
    )


def kind_sections(schemas: Mapping[str, Schema], *, by_kind: bool = False) -> Iterator[str]:
    """Yield a heading, the docstring and the fields of each kind of value; every field is always written."""
    for name, schema in schemas.items():
        fields = schema.get("properties", {})
        title = fields.get("kind", {}).get("const", name) if by_kind else name
        yield f"\n## {title}\n\n{paragraphs(schema.get('description', ''))}\n"
        if "enum" in schema:
            yield f"One of: {', '.join(code(item) for item in schema['enum'])}."
        else:
            yield table(("field", "type"), ((code(key), field_kind(value)) for key, value in fields.items()))


def field_kind(value: Schema) -> str:
    """Return the type of a field as a JSON reader sees it."""
    match value:
        case {"$ref": str(ref)}:
            name = ref.rpartition("/")[2]
            return f"[{name}]({anchor(name)})"
        case {"const": const}:
            return code(const)
        case {"anyOf": list(choices)}:
            return " or ".join(field_kind(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"list of {several(field_kind(items))}"
        case {"type": "object", "additionalProperties": dict(inside)}:
            return f"mapping of texts to {several(field_kind(inside))}"
        case {"type": "array", "prefixItems": _} | {"type": "array"}:
            return "list"
        case {"format": str(form)}:
            return {"date-time": "instant"}.get(form, form)
        case _:
            return {"string": "text", "object": "mapping"}.get(value.get("type", ""), str(value.get("type", "any")))


def several(kind: str) -> str:
    """Return a type's plural, where it has one."""
    return f"{kind}s" if kind == "text" else kind.replace("list of", "lists of")


def example() -> Plan:
    """Return a small plan, made as real ones are."""
    file = Package(
        "nginx", "amd64", "1.22.1-9+deb12u3", "nginx_1.22.1-9+deb12u3_amd64.deb", 527456, "5" * 64, "Debian-Security",
        "stable-security", security=True,
    )  # fmt: skip
    platform = Platform("debian", "12", "amd64", "apt", "bookworm")
    names = {"test": "test-1", "production": "prod-1"}
    found = {
        host: Probe(platform, letter * 32, "6.1.0-28-amd64", "", (Pending(file, "1.22.1-9+deb12u2"),))
        for host, letter in zip(names.values(), "ab", strict=True)
    }
    settings = Settings(
        path="patchtide.yml",
        inventory=("/srv/fleet/inventory/hosts.yml",),
        state="/srv/fleet/.patchtide",
        tiers=(
            TierSettings("test", "env_test", always=True, soak=timedelta(hours=2)),
            TierSettings("production", "env_prod", always=True, failure_budget=Amount(percent=2)),
        ),
        windows={},
        blackouts=(),
        checks=(Check("units", "services", {"units": "unchanged"}),),
    )
    members = {tier: (Host(host),) for tier, host in names.items()}
    return sealed(planned(settings, members, found, datetime(2026, 11, 21, 5, tzinfo=UTC), "alice"))


def events_page() -> str:
    """Return the kinds of events and their fields."""
    union = TypeAdapter(events.Event).json_schema(mode="serialization")
    defs = union["$defs"]
    kinds = [item["$ref"].rpartition("/")[2] for item in union["anyOf"]]
    of_plan = {"Plan", *TypeAdapter(Plan).json_schema(mode="serialization")["$defs"]}
    parts = [name for name in defs if name not in kinds and name not in of_plan]
    told = {name: defs[name] for name in (*kinds, *parts)}
    text = "\n".join(kind_sections(told, by_kind=True))
    for name in of_plan:
        text = text.replace(f"[{name}]({anchor(name)})", f"[{name}](plan.md{anchor(name)})")
    return "\n".join(
        [
            "# Events\n",
            wrapped(
                """The log, `.patchtide/log.db`, is an SQLite file with one table, `events`: `run_id`, `seq` (from 1 in
                each run), `at`, `kind`, `body` (the event as one line of JSON) and `hash` (SHA-256 over the hash before
                it and the body). Events are only ever added; what is known of a run is what its events add up to. To
                read a run's:"""
            ),
            "\n    sqlite3 -readonly .patchtide/log.db \"SELECT body FROM events WHERE run_id = 'RUN' ORDER BY seq\"",
            text,
        ]
    )
