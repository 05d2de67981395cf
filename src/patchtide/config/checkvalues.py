"""Single values of health checks: ports, addresses, patterns, shares, commands. Each says what it wants instead."""

import re
import shlex
from typing import Annotated, Final

from pydantic import PlainValidator, WithJsonSchema

from patchtide.config.scalars import as_list, as_text, count_of, line_text, one_of, spelled, wrong

UNCHANGED = "unchanged"

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.:-]{0,252})")
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9:_.\\@-]{0,254}")
_UNIT_TYPES = ("service", "socket", "target", "timer", "mount", "path", "slice", "scope", "device", "swap", "automount")
_SHELL_WORDS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"}
_PORTS: Final = (1, 65535)
_STATUSES: Final = (100, 599)
_HUNDRED = 100
_SHARE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)%")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_URL = re.compile(r"https?://[A-Za-z0-9_.:\[\]-]+(/[!-~]*)?")
_SECRET = re.compile(r"(?i)^(-p.+|--password=.+|.*://[^/@\s:]*:[^/@\s]+@.*|.*\b(password|passwd|pwd)=\S+.*)$")


class Percent(float):
    """A part of one that is shown as it is written: 20%."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return it as a percentage."""
        return f"{self * _HUNDRED:g}%"


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


def argv_of(value: object) -> tuple[str, ...]:
    """Return the words of a command, written as a list of words or as one text."""
    if isinstance(value, list):
        words = [as_text(item, "a list of texts") for item in as_list(value)]
    else:
        words = _split(as_text(value, "a command, or the list of its words"))
    if not words or not words[0].strip():
        raise wrong("names no program")
    return tuple(words)


def _client(value: object) -> tuple[str, ...]:
    words = argv_of(value)
    secret = next((position for position, word in enumerate(words) if position and _SECRET.match(word)), None)
    if secret is not None:
        hint = "Everybody on the host can read it there: put it into a file there, and name that as `password_file`."
        raise wrong("has a password on its command line", hint, (secret,) if isinstance(value, list) else ())
    return words


def _items(value: object) -> tuple[str, ...] | str:
    if value == UNCHANGED:
        return UNCHANGED
    names = tuple(line_text(item) for item in as_list(value))
    if not names:
        raise wrong("names nothing", f"Name one, or write `{UNCHANGED}`.")
    return names


def _pattern(value: object) -> str:
    text = as_text(value, "a regular expression")
    try:
        re.compile(text)
    except re.error as error:
        raise wrong(f"is {text!r}, which is no regular expression: {error}") from None
    return text


def _patterns(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise wrong("has to be a mapping of names to regular expressions")
    return {line_text(name): _pattern(text) for name, text in value.items()}


def _share(value: object) -> Percent:
    text = as_text(value, "a percentage")
    found = _SHARE.fullmatch(text)
    if found is None:
        raise wrong(f"is {text!r}, but has to be a percentage, such as 20%")
    return Percent(round(float(found[1]) / _HUNDRED, 6))


def _part(value: object) -> Percent:
    share = _share(value)
    if share > 1:
        raise wrong(f"is {value}, more than there is")
    return share


def _decimal(value: object) -> float:
    text = as_text(value, "a number")
    if not _DECIMAL.fullmatch(text):
        raise wrong(f"is {text!r}, but has to be a number in plain digits")
    return float(text)


def _positive(value: object) -> float:
    number = _decimal(value)
    if number < 0:
        raise wrong(f"is {value}, less than nothing")
    return number


def _url(value: object) -> str:
    text = as_text(value, "an address")
    if not _URL.fullmatch(text):
        raise wrong(f"is {text!r}, which is no address", "Write http://prometheus:9090, without a password in it.")
    return text


def _folder(value: object) -> str:
    text = line_text(value)
    if not text.startswith("/"):
        raise wrong(f"is {text!r}, but has to be an absolute path")
    return text


def whole(bounds: tuple[int, int]) -> tuple[PlainValidator, WithJsonSchema]:
    """Return what makes a field a whole number between two bounds."""
    return PlainValidator(lambda value: count_of(value, *bounds)), _integer(bounds)


def word(*choices: str) -> tuple[PlainValidator, WithJsonSchema]:
    """Return what makes a field one of some words."""
    return PlainValidator(lambda value: one_of(value, choices)), WithJsonSchema({"enum": list(choices)})


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


_TEXTS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


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
    PlainValidator(argv_of),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


Client = Annotated[tuple[str, ...], PlainValidator(_client), WithJsonSchema(_TEXTS)]
Items = Annotated[tuple[str, ...] | str, PlainValidator(_items), WithJsonSchema(_TEXTS)]
Pattern = Annotated[str, PlainValidator(_pattern), WithJsonSchema({"type": "string", "format": "regex"})]
Patterns = Annotated[
    dict[str, str],
    PlainValidator(_patterns),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string", "format": "regex"}}),
]
_PERCENT_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?%$"})
Share = Annotated[Percent, PlainValidator(_share), _PERCENT_SCHEMA]
Part = Annotated[Percent, PlainValidator(_part), _PERCENT_SCHEMA]
Decimal = Annotated[float, PlainValidator(_decimal), WithJsonSchema({"type": "number"})]
Positive = Annotated[float, PlainValidator(_positive), WithJsonSchema({"type": "number", "minimum": 0})]
Url = Annotated[str, PlainValidator(_url), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Folder = Annotated[str, PlainValidator(_folder), WithJsonSchema({"type": "string", "pattern": "^/"})]
Addresses = Annotated[
    tuple[str, ...], PlainValidator(lambda value: tuple(map(_address, as_list(value)))), WithJsonSchema(_TEXTS)
]
Lines = Annotated[
    tuple[str, ...], PlainValidator(lambda value: tuple(map(line_text, as_list(value)))), WithJsonSchema(_TEXTS)
]
