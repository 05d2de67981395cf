"""Maintenance mode as it is written: load balancers, alerts, a flag file, and pairs of one's own."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Final, Self
from urllib.parse import urlsplit

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.checkvalues import argv_of
from patchtide.config.problems import Loc
from patchtide.config.scalars import Line, Name, Names, Period, as_text, line_text, one_of, spelled, wrong
from patchtide.config.section import Section
from patchtide.core.maintenance import HOST, SHORT, DrainTo, Matcher, WhenLate

CONTROLLER = "controller"

_WORD = re.compile(r"[A-Za-z0-9_.:-]+")
_ENDPOINT = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})")
_MATCHER = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(?:\"([^\"]*)\"|([^\"]+))")
_MODE = re.compile(r"0?[0-7]{3}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LEASES: Final = (timedelta(seconds=10), timedelta(hours=1))
_LONGEST_CONTENT: Final = 65_536
_LAST_PORT: Final = 65_535
_TEXT = WithJsonSchema({"type": "string"})


def _templated(text: str) -> str:
    """Return a text in which only what stands for a host's name is in braces."""
    odd = next((part for part in _PLACEHOLDER.findall(text) if part not in {HOST, SHORT}), None)
    if odd is not None:
        raise wrong(f"has {odd!r}, which stands for nothing", f"Only {HOST} and {SHORT} are known.")
    return text


def _names_host(text: str) -> bool:
    return HOST in text or SHORT in text


def _socket(value: object) -> str:
    text = line_text(value)
    found = _ENDPOINT.fullmatch(text)
    if text.startswith("/") or (found and 0 < int(found[2]) <= _LAST_PORT):
        return text
    raise wrong(f"is {text!r}, but has to be the path of a socket or host:port", "Write /run/haproxy/admin.sock.")


def _word(value: object) -> str:
    text = line_text(value)
    if not _WORD.fullmatch(text):
        raise wrong(f"is {text!r}, which is no name in HAProxy")
    return text


def _server(value: object) -> str:
    text = _templated(line_text(value))
    if not _names_host(text):
        raise wrong(f"is {text!r}, which is one server for every host", f"Have {HOST} or {SHORT} in it.")
    if not _WORD.fullmatch(text.replace(HOST, "x").replace(SHORT, "x")):
        raise wrong(f"is {text!r}, which is no name in HAProxy")
    return text


def _url(value: object) -> str:
    text = line_text(value)
    try:
        parts = urlsplit(text)
        sound = parts.scheme in {"http", "https"} and parts.hostname and (parts.port is None or parts.port)
    except ValueError:
        sound = False
    if not sound or " " in text or parts.query or parts.fragment:
        raise wrong(f"is {text!r}, which is no address of a server", "Write http://alerts.example:9093.")
    if "@" in parts.netloc:
        raise wrong("has a password in it, which would be recorded", "Give it by `authorization`.")
    return text


def _matcher(value: object) -> Matcher:
    text = _templated(line_text(value))
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, which is no matcher", 'Write instance="{host}:9100", or instance=~"{host}(:.*)?".')
    name, operator, quoted, plain = found.groups()
    matcher = Matcher(name, quoted if quoted is not None else plain, "~" in operator, operator in {"=", "=~"})
    if matcher.regex:
        _refuse_no_regex(matcher.value)
    return matcher


def _refuse_no_regex(value: str) -> None:
    try:
        re.compile(value.replace(HOST, "x").replace(SHORT, "x"))
    except (re.error, RecursionError, OverflowError) as error:
        raise wrong(f"has {value!r}, which is no regular expression: {error}") from None


def _written(matcher: Matcher) -> str:
    operator = ("=" if matcher.equal else "!") + ("~" if matcher.regex else "" if matcher.equal else "=")
    return f'{matcher.name}{operator}"{matcher.value}"'


def _path(value: object) -> str:
    text = line_text(value)
    if not text.startswith("/") or text.endswith("/") or ".." in text.split("/") or "{" in text:
        raise wrong(f"is {text!r}, but has to be the absolute path of a file on the hosts")
    return text


def _mode(value: object) -> str:
    text = as_text(value, "a file mode")
    if not _MODE.fullmatch(text):
        raise wrong(f"is {text!r}, which is no file mode", "Write 0644.")
    return text.rjust(4, "0")


def _content(value: object) -> str:
    text = as_text(value)
    if len(text.encode()) > _LONGEST_CONTENT:
        raise wrong(f"is longer than {_LONGEST_CONTENT // 1024} kB")
    return text


def _variable(value: object) -> str:
    text = line_text(value)
    if not _VARIABLE.fullmatch(text):
        raise wrong(f"is {text!r}, which is no name of an environment variable")
    return text


def deed_of(value: object) -> tuple[str, ...] | str:
    """Return the path of a file of tasks, or the words of a command."""
    if isinstance(value, str) and value.endswith((".yml", ".yaml")) and not value.split()[1:]:
        return line_text(value)
    return tuple(_templated(word) for word in argv_of(value))


def is_tasks(deed: tuple[str, ...] | str) -> bool:
    """Return whether a pair's half is a file of tasks."""
    return isinstance(deed, str)


Deed = Annotated[
    tuple[str, ...] | str,
    PlainValidator(deed_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
_Matcher = Annotated[Matcher, PlainValidator(_matcher), PlainSerializer(_written, return_type=str), _TEXT]


class Authorization(Section):
    """Where the value of the authorization header is read when it is needed; it is never recorded."""

    env: Annotated[str | None, PlainValidator(_variable), _TEXT] = None
    """The environment variable that holds it, for example `Bearer ...`."""
    file: Line | None = None
    """The file that holds it, relative to this file."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise wrong("has to name one of `env` and `file`")
        return self


class Haproxy(Section):
    """A server of an HAProxy backend that is out of service while its host is worked on."""

    socket: Annotated[str, PlainValidator(_socket), _TEXT]
    """The runtime API with `level admin`: a path, or host:port."""
    on: Line | None = None
    """The inventory host that reaches the socket; the controller when left out."""
    backend: Annotated[str, PlainValidator(_word), _TEXT]
    """The backend that the hosts are servers of."""
    server: Annotated[str, PlainValidator(_server), _TEXT] = HOST
    """What a host is called there: `{host}` is its inventory name, `{short}` that up to the first dot."""
    servers: dict[Line, Annotated[str, PlainValidator(_word), _TEXT]] = Field(default_factory=dict)
    """Hosts that are called otherwise there, by their inventory name."""
    state: Annotated[DrainTo, PlainValidator(lambda value: DrainTo(one_of(value, tuple(DrainTo))))] = DrainTo.DRAIN
    """`drain`: who has a session keeps coming; `maint`: nobody does."""
    deadline: Period = timedelta(minutes=1)
    """How long sessions have to end; a wave's window has to have room for it."""
    when_late: Annotated[WhenLate, PlainValidator(lambda value: WhenLate(one_of(value, tuple(WhenLate))))] = (
        WhenLate.REFUSE
    )
    """What becomes of a host whose sessions do not end in time: `refuse` leaves it untouched, `go_on` updates it."""
    tiers: Names = ()
    """The tiers whose hosts are servers there; all when left out."""


class Alertmanager(Section):
    """A silence for the alerts of a host while it is worked on; it lapses by itself when nobody renews it."""

    url: Annotated[str, PlainValidator(_url), _TEXT]
    """The address of Alertmanager."""
    matchers: Annotated[tuple[_Matcher, ...], Field(min_length=1)]
    """The labels of a host's alerts, as amtool takes them: `instance=~"{host}(:[0-9]+)?"`."""
    lease: Period = timedelta(minutes=5)
    """How long a silence lasts that is not renewed: from 10s to 1h."""
    authorization: Authorization | None = None
    """Where the authorization header comes from."""
    tiers: Names = ()
    """The tiers whose alerts are silenced; all when left out."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if not _LEASES[0] <= self.lease <= _LEASES[1]:
            raise wrong(f"is {spelled(self.lease)}, but has to be from 10s to 1h", at=("lease",))
        if not any(matcher.equal and _names_host(matcher.value) for matcher in self.matchers):
            message = "has no matcher for the host: alerts of other hosts would be silenced, too"
            raise wrong(message, 'Add instance="{host}:9100", or what your alerts have.', ("matchers",))
        return self


class FlagFile(Section):
    """A file that is on a host while it is worked on: for a health page, a status page, or other programs."""

    path: Annotated[str, PlainValidator(_path), _TEXT]
    """Where it is; its folder has to be there."""
    content: Annotated[str, PlainValidator(_content), _TEXT] = ""
    """What is in it."""
    mode: Annotated[
        str, PlainValidator(_mode), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}]})
    ] = "0644"
    """Its file mode."""
    tiers: Names = ()
    """The tiers whose hosts get it; all when left out."""


class HookPair(Section):
    """Somebody's own pair: a command, or a file of Ansible tasks; both may run again after an interruption."""

    name: Name
    """What it is called where it goes wrong."""
    enter: Deed
    """What is done before the update."""
    leave: Deed
    """What takes that back."""
    on: Annotated[str, PlainValidator(lambda value: one_of(value, ("host", CONTROLLER)))] = "host"
    """Where a command runs: on the `host` as root, or once for each host on the `controller`."""
    timeout: Period = timedelta(minutes=1)
    """How long a command may take."""
    tiers: Names = ()
    """The tiers whose hosts have it; all when left out."""

    @model_validator(mode="after")
    def _alike(self) -> Self:
        if is_tasks(self.enter) != is_tasks(self.leave):
            raise wrong("has a command and a file of tasks", "Write both as one or as the other.", ("leave",))
        if is_tasks(self.enter) and self.on == CONTROLLER:
            raise wrong("names tasks, which run for the host", "Use `delegate_to` in them.", ("on",))
        return self


class Maintenance(Section):
    """What is done around a host's update; what was entered is left, whatever happens."""

    enter: Line | None = None
    """A file of tasks that runs on a host before its update."""
    leave: Line | None = None
    """The file of tasks that takes that back."""
    haproxy: tuple[Haproxy, ...] = ()
    """Load balancers that send a host nothing while it is worked on."""
    alertmanager: tuple[Alertmanager, ...] = ()
    """Where a host's alerts are silenced while it is worked on."""
    flag: FlagFile | None = None
    """A file that is on a host while it is worked on."""
    hooks: tuple[HookPair, ...] = ()
    """Pairs of one's own, in the order in which they are entered."""

    @model_validator(mode="after")
    def _both(self) -> Self:
        for one, other in (("enter", "leave"), ("leave", "enter")):
            if getattr(self, one) is None and getattr(self, other) is not None:
                raise wrong("is missing", f"What `{other}` does has to have its counterpart.", (one,))
        return self

    def concerned(self) -> Iterator[tuple[Loc, tuple[str, ...]]]:
        """Yield the tiers that each part names, and where the part is."""
        yield from ((("haproxy", i), one.tiers) for i, one in enumerate(self.haproxy))
        yield from ((("alertmanager", i), one.tiers) for i, one in enumerate(self.alertmanager))
        yield from ((("hooks", i), one.tiers) for i, one in enumerate(self.hooks))
        if self.flag is not None:
            yield ("flag",), self.flag.tiers

    def deeds(self) -> Iterator[tuple[Loc, tuple[str, ...] | str | None]]:
        """Yield both halves of each hook, and where they are."""
        yield from ((("enter",), self.enter), (("leave",), self.leave))
        for position, hook in enumerate(self.hooks):
            yield from ((("hooks", position, "enter"), hook.enter), (("hooks", position, "leave"), hook.leave))
