"""Values as JSON documents and back, and the digest that shows that a plan is the one that was agreed to."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from patchtide.core import checkpoint, plan
from patchtide.core.brief import Brief, Waiting
from patchtide.core.checkpoint import Checkpoint
from patchtide.core.errors import UsageError
from patchtide.core.events import Event, RunOpened
from patchtide.core.memory import Memory, memory_of, run_of
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.said import ChangeRequested, Word
from patchtide.core.steps import Outcome

if TYPE_CHECKING:
    from pydantic import TypeAdapter

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> "TypeAdapter[Any]":
    """Return what reads and writes values of a kind; who only lists runs does not wait for pydantic."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def plain(value: object) -> Any:
    """Return a value as plain JSON data: texts, numbers, lists and dicts; instants in ISO 8601."""
    kind: Any = type(value)
    return _adapter(kind).dump_python(value, mode="json")


def parsed(kind: type[T], data: object, *, what: str, where: str = "") -> T:
    """Return plain JSON data as a value of a kind; raises UsageError naming the first part that does not fit."""
    from pydantic import ValidationError

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


@cache
def _event() -> "TypeAdapter[Any]":
    from pydantic import Field

    return _adapter(Annotated[Event, Field(discriminator="kind")])


def event_text(event: Event) -> str:
    """Return an event as one line of JSON."""
    return json.dumps(plain(event), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def event_of(text: str) -> Event:
    """Return the event that a line of JSON holds; raises ValueError for one that this release does not know."""
    event: Event = _event().validate_json(text)
    return event


def memory_text(run: Run) -> str:
    """Return what is to be remembered of a run as a line of JSON, without what is as always."""
    return _adapter(Memory).dump_json(memory_of(run), exclude_defaults=True).decode()


def remembered(text: str, opening: str) -> Run:
    """Return the run that a text remembers; `opening` is its first event. Raises ValueError for what is neither."""
    return run_of(_adapter(Memory).validate_json(text), _adapter(RunOpened).validate_json(opening).plan)


def brief_text(line: Brief) -> str:
    """Return a run in a line as a line of JSON."""
    return _adapter(Brief).dump_json(line).decode()


def brief_of(text: str) -> Brief:
    """Return the run in a line that a line of JSON holds: thousands of them, so it is read as it was written."""
    data = json.loads(text)
    data |= {name: _instant(data[name]) for name in ("opened_at", "ended_at")}
    outcome, held = data["outcome"], data["held"]
    waiting = Waiting(**{**held, "until": _instant(held["until"])}) if held else None
    return Brief(**{**data, "outcome": outcome and Outcome(outcome), "held": waiting})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def digest_of(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of a document without `digest` and `signatures`, over its canonical JSON text."""
    rest = {key: value for key, value in document.items() if key not in ("digest", "signatures")}
    text = json.dumps(rest, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def digest_of_text(text: str) -> str:
    """Return the SHA-256 of a text."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


D = TypeVar("D", Plan, Checkpoint)


def sealed(found: D) -> D:
    """Return a document with its digest."""
    return replace(found, digest=digest_of(plain(found)))


def is_sealed(found: Plan | Checkpoint) -> bool:
    """Tell whether a document's digest is its own."""
    return found.digest == digest_of(plain(found))


def signed_bytes(found: Plan | Checkpoint) -> bytes:
    """Return what a signature of a document is made of: its digest, and which kind of document has it."""
    return f"{plan.SCHEMA if isinstance(found, Plan) else checkpoint.SCHEMA}\n{found.digest}\n".encode()


def word_bytes(run_id: str, word: Word) -> bytes:
    """Return what a signature of a person's word is made of: all of it, and the run to which it was said.

    A change request belongs to its plan, in whichever runs that is carried out.
    """
    said = plain(replace(word, signature=None, doubt=""))
    place = "" if isinstance(word, ChangeRequested) else run_id
    return f"patchtide/word/v1\n{place}\n{json.dumps(said, sort_keys=True, ensure_ascii=False)}\n".encode()


def plan_schema() -> dict[str, Any]:
    """Return the JSON schema of a plan document."""
    body = _adapter(Plan).json_schema(mode="serialization")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:patchtide:plan:v1"}
    return {**head, **body, "title": "A plan of Patchtide"}


def document_text(found: Plan | Checkpoint) -> str:
    """Return a sealed document as stable, diffable JSON text."""
    return json.dumps(plain(found), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


plan_text = document_text


def plan_of(text: str, where: str) -> Plan:
    """Return the plan that a file holds; raises UsageError when it is not one or its digest does not fit."""
    hint = "Make a new one with `patchtide plan -o FILE`."
    found = parsed(Plan, _sealed_data(text, plan.SCHEMA, "plan", where, hint), what="not a plan", where=where)
    problem = plan.misfit(found)
    if problem is not None:
        raise UsageError(f"the plan does not fit together: {problem}", where=where, hint=hint)
    return found


def checkpoint_of(text: str, where: str) -> Checkpoint:
    """Return the checkpoint that a file holds; raises UsageError when it is not one or its digest does not fit."""
    hint = "Name a file that `patchtide audit checkpoint -o FILE` wrote."
    data = _sealed_data(text, checkpoint.SCHEMA, "checkpoint", where, hint)
    found = parsed(Checkpoint, data, what="not a checkpoint", where=where)
    problem = checkpoint.misfit(found)
    if problem is not None:
        raise UsageError(f"the checkpoint does not fit together: {problem}", where=where, hint=hint)
    return found


def _sealed_data(text: str, schema: str, what: str, where: str, hint: str) -> dict[str, Any]:
    """Return a JSON document with a digest that fits, as plain data; raises UsageError."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"not a {what}: {error.msg}", where=f"{where}:{error.lineno}", hint=hint) from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets in brackets
        raise UsageError(f"not a {what}: {error}", where=where, hint=hint) from None
    if not isinstance(data, dict) or data.get("schema") != schema:
        raise UsageError(f"not a {what}: `schema` is not {schema!r}", where=where, hint=hint)
    if "digest" not in data or data["digest"] != _digest_or_none(data):
        raise UsageError(f"the {what} was changed after it was made: its digest does not fit", where=where, hint=hint)
    return data


def _digest_or_none(data: Mapping[str, object]) -> str | None:
    try:
        return digest_of(data)
    except (ValueError, RecursionError):  # a text with half a character, too deep to be written again
        return None
