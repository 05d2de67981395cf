"""Values as JSON documents and back, and the digest that shows that a plan is the one that was agreed to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from patchtide.core.errors import UsageError
from patchtide.core.events import Event
from patchtide.core.plan import SCHEMA, Plan, misfit

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def plain(value: object) -> Any:
    """Return a value as plain JSON data: texts, numbers, lists and dicts; instants in ISO 8601."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def parsed(kind: type[T], data: object, *, what: str, where: str = "") -> T:
    """Return plain JSON data as a value of a kind; raises UsageError naming the first part that does not fit."""
    wanted: Any = kind
    try:
        value: T = _adapter(wanted).validate_json(json.dumps(data))
    except (TypeError, RecursionError) as error:
        raise UsageError(f"{what}: not plain data: {error}", where=where) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{what}: {place or 'document'}: {first['msg']}", where=where) from None
    return value


_EVENT: TypeAdapter[Any] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def event_text(event: Event) -> str:
    """Return an event as one line of JSON."""
    return json.dumps(plain(event), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def event_of(text: str) -> Event:
    """Return the event that a line of JSON holds; raises ValueError for one that this release does not know."""
    event: Event = _EVENT.validate_json(text)
    return event


def digest_of(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of a document without `digest` and `signatures`, over its canonical JSON text."""
    rest = {key: value for key, value in document.items() if key not in ("digest", "signatures")}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def digest_of_text(text: str) -> str:
    """Return the SHA-256 of a text."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def sealed(plan: Plan) -> Plan:
    """Return the plan with its digest."""
    return replace(plan, digest=digest_of(plain(plan)))


def is_sealed(plan: Plan) -> bool:
    """Tell whether a plan's digest is its own."""
    return plan.digest == digest_of(plain(plan))


def signed_bytes(plan: Plan) -> bytes:
    """Return what a signature of a plan is made of: the digest, and that it is a plan's."""
    return f"{SCHEMA}\n{plan.digest}\n".encode()


def plan_schema() -> dict[str, Any]:
    """Return the JSON schema of a plan document."""
    body = _adapter(Plan).json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:patchtide:plan:v1"}
    return {**head, **body, "title": "A plan of Patchtide"}


def plan_text(plan: Plan) -> str:
    """Return a sealed plan as stable, diffable JSON text."""
    return json.dumps(plain(plan), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def plan_of(text: str, where: str) -> Plan:
    """Return the plan that a file holds; raises UsageError when it is not one or its digest does not fit."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"not a plan: {error.msg}", where=f"{where}:{error.lineno}", hint=_AGAIN) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"not a plan: `schema` is not {SCHEMA!r}", where=where, hint=_AGAIN)
    if document.get("digest") != digest_of(document):
        raise UsageError("the plan was changed after it was made: its digest does not fit", where=where, hint=_AGAIN)
    plan = parsed(Plan, document, what="not a plan", where=where)
    problem = misfit(plan)
    if problem is not None:
        raise UsageError(f"the plan does not fit together: {problem}", where=where, hint=_AGAIN)
    return plan


_AGAIN = "Make a new one with `patchtide plan -o FILE`."
