"""Health checks as they are written: one kind each, with timings that do not contradict each other."""

import re
import shlex
from datetime import timedelta
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.scalars import (
    Duration,
    Line,
    Name,
    Names,
    Period,
    as_list,
    as_text,
    count_of,
    one_of,
    spelled,
    wrong,
)
from patchtide.config.section import Section

KINDS = ("http", "tcp", "services", "command")
UNCHANGED = "unchanged"

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:-]{0,252})")
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,254}")
_UNIT_TYPES = ("service", "socket", "target", "timer", "mount", "path", "slice", "scope", "device", "swap", "automount")
_SHELL_WORDS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"}
_PORTS: Final = (1, 65535)
_STATUSES: Final = (100, 599)


def _address(value: object) -> str:
    text = as_text(value, "a host name or an address")
    if not _HOST.fullmatch(text):
        raise wrong(f"is {text!r}, which is no host name and no address")
    return text


def _url_path(value: object) -> str:
    text = as_text(value, "the path of an address")
    if not re.fullmatch(r"/[!-~]*", text):
        raise wrong(f"is {text!r}, but has to begin with `/` and have no blanks", "Write blanks as %20.")
    return text


def _port(value: object) -> int:
    return count_of(value, *_PORTS)


def _status(value: object) -> int:
    return count_of(value, *_STATUSES)


def _scheme(value: object) -> str:
    return one_of(value, ("http", "https"))


def _units(value: object) -> tuple[str, ...] | str:
    if value == UNCHANGED:
        return UNCHANGED
    if not isinstance(value, list):
        raise wrong(f"is {spelled(value)!r}, but has to be `{UNCHANGED}` or a list of units", "Write [nginx, cron].")
    if not value:
        raise wrong("names no unit", f"Name one, or write `{UNCHANGED}`.")
    return tuple(_unit(item, position) for position, item in enumerate(value))


def _unit(value: object, position: int) -> str:
    text = value if isinstance(value, str) else ""
    if not _UNIT.fullmatch(text):
        raise wrong(f"{spelled(value)!r} is no unit name", "Write nginx, or nginx.service.", (position,))
    return text if text.rpartition(".")[2] in _UNIT_TYPES else f"{text}.service"


def _argv(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        words = [as_text(item, "a list of texts") for item in as_list(value)]
    else:
        words = _split(as_text(value, "a command, or the list of its words"))
    if not words or not words[0].strip():
        raise wrong("names no program")
    return tuple(words)


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise wrong(f"cannot be split into words: {str(error).lower()}", "Close the quotes.") from None
    shell = next((word for word in words if word in _SHELL_WORDS), None)
    if shell is not None:
        hint = "Put it into a script on the hosts, or write the command as a list of words."
        raise wrong(f"has {shell!r}, but commands run without a shell", hint)
    return words


def _integer(most: tuple[int, int]) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": most[0], "maximum": most[1]})


Port = Annotated[int, PlainValidator(_port), _integer(_PORTS)]
Status = Annotated[int, PlainValidator(_status), _integer(_STATUSES)]
Scheme = Annotated[str, PlainValidator(_scheme), WithJsonSchema({"enum": ["http", "https"]})]
UrlPath = Annotated[str, PlainValidator(_url_path), WithJsonSchema({"type": "string", "pattern": "^/"})]
Address = Annotated[str, PlainValidator(_address), WithJsonSchema({"type": "string"})]
Units = Annotated[
    tuple[str, ...] | str,
    PlainValidator(_units),
    WithJsonSchema({"anyOf": [{"const": UNCHANGED}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
Argv = Annotated[
    tuple[str, ...],
    PlainValidator(_argv),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


class HttpCheck(Section):
    """Asks a web address on the host and compares what comes back."""

    port: Port
    """The port on the host."""
    path: UrlPath = "/"
    """The path that is asked for."""
    status: Status = 200
    """The status code that a healthy service answers with."""
    scheme: Scheme = "http"
    """http or https."""
    host: Address = "127.0.0.1"
    """The name or address that is asked, as the host itself sees it."""
    contains: Line | None = None
    """A text that has to be in the answer."""


class TcpCheck(Section):
    """Opens a connection from the host."""

    port: Port
    """The port."""
    host: Address = "127.0.0.1"
    """The name or address, as the host itself sees it."""


class HealthCheck(Section):
    """One health check, which is of exactly one kind: http, tcp, services or command."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    name: Name
    """What the check is called in reports."""
    http: HttpCheck | None = None
    """Asks a web address on the host."""
    tcp: TcpCheck | None = None
    """Opens a connection on the host."""
    services: Units | None = None
    """Units that have to be active; `unchanged`: whatever was active before the update."""
    command: Argv | None = None
    """A program on the host that ends with 0 when all is well; words, no shell."""
    warm_up: Duration = timedelta(0)
    """How long the host is left alone before the first try."""
    every: Period = timedelta(seconds=1)
    """The time between two tries."""
    healthy_for: Duration = timedelta(0)
    """For how long the check has to hold without a break before it passes."""
    deadline: Period = timedelta(seconds=60)
    """How long all of it may take, warm-up included."""
    timeout: Period = timedelta(seconds=5)
    """How long one try may take."""
    tiers: Names = ()
    """The tiers whose hosts are judged by it; all when left out."""

    @property
    def kind(self) -> str:
        """The kind that is given: http, tcp, services or command."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, data: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever was written
        kinds = [kind for kind in KINDS if isinstance(data, dict) and kind in data]
        if len(kinds) > 1:
            raise wrong(f"has {' and '.join(kinds)}", "A check is of one kind: make two checks of it.", (kinds[1],))
        return data

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if not any(getattr(self, kind) is not None for kind in KINDS):
            raise wrong("checks nothing", f"Give it one of: {', '.join(KINDS)}.")
        if self.deadline < self.warm_up + self.healthy_for:
            raise wrong(
                f"can never pass: the deadline of {spelled(self.deadline)} is over before {spelled(self.warm_up)} of "
                f"warm-up and {spelled(self.healthy_for)} of health",
                "Give `deadline` more time.",
                _written_of(self, "deadline", "healthy_for", "warm_up"),
            )
        for key, span in (("every", self.every), ("timeout", self.timeout)):
            if span > self.deadline:
                message = f"has {key}: {spelled(span)}, longer than its deadline of {spelled(self.deadline)}"
                raise wrong(message, at=_written_of(self, key, "deadline"))
        return self


def _written_of(check: HealthCheck, *keys: str) -> tuple[str, ...]:
    """Return the first of the keys that the file has; a default has no line."""
    return next(((key,) for key in keys if key in check.model_fields_set), ())
