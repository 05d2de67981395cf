"""The kinds of health checks and what each may be told: every setting is looked at before it is used."""

from __future__ import annotations

import re
from typing import Any, Callable

from .errors import HostError

Rule = Callable[[str, str, Any], Any]
UNCHANGED = "unchanged"
REQUIRED = object()
PRIORITIES = ("emerg", "alert", "crit", "err", "warning")
_HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}")
_URL = re.compile(r"https?://[!-~]+")
_MOST_SAMPLES = 1000


def own_settings(name: str, kind: object, value: dict[str, Any]) -> dict[str, Any]:
    """What a check of this kind is told, sound and complete; HostError naming the check and the key that is wrong."""
    rules = KINDS.get(kind) if isinstance(kind, str) else None
    if rules is None:
        raise HostError(f"check {name!r} has no kind {kind!r}", f"one of {', '.join(KINDS)}", code="input")
    return {key: rule(name, key, value.get(key)) for key, rule in rules.items()}


def refusal(name: str, key: str, wanted: str, value: object) -> HostError:
    """The error that says what a key of a check has to be."""
    return HostError(f"check {name!r}: {key} has to be {wanted}, not {value!r}", code="input")


def _number(low: float, high: float, default: Any, whole: bool = False) -> Rule:
    kinds = (int,) if whole else (int, float)
    word = "whole number" if whole else "number"

    def rule(name: str, key: str, value: Any) -> Any:
        value = default if value is None else value
        if value is None:
            return None
        plain = isinstance(value, kinds) and not isinstance(value, bool)
        if not plain or not low <= float(value) <= high:
            shown = None if value is REQUIRED else value
            raise refusal(name, key, f"a {word} from {low} to {high}", shown)
        return value

    return rule


def _text(default: object = None, pattern: str = r"[^\0]+", wanted: str = "text") -> Rule:
    def rule(name: str, key: str, value: Any) -> Any:
        value = default if value is None else value
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.DOTALL):
            raise refusal(name, key, wanted, None if value is REQUIRED else value)
        return value

    return rule


def _choice(default: str, options: tuple[str, ...]) -> Rule:
    def rule(name: str, key: str, value: Any) -> Any:
        value = default if value is None else value
        if value not in options:
            raise refusal(name, key, f"one of {', '.join(options)}", value)
        return value

    return rule


def _pattern(name: str, key: str, value: Any) -> Any:
    if value is None:
        return None
    try:
        return re.compile(value)
    except (TypeError, re.error) as error:
        raise refusal(name, key, f"a regular expression ({error})", value) from error


def _words(required: bool) -> Rule:
    def rule(name: str, key: str, value: Any) -> Any:
        if value is None and not required:
            return ()
        good = isinstance(value, list) and all(isinstance(word, str) and "\0" not in word for word in value)
        if not good or (required and not value):
            raise refusal(name, key, "a list of words (there is no shell)", value)
        return tuple(value)

    return rule


def _mapping(name: str, key: str, value: Any) -> Any:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise refusal(name, key, "a mapping of texts", value)
    return dict(value)


def _items(name: str, key: str, value: Any) -> Any:
    if value in (None, UNCHANGED):
        return None
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise refusal(name, key, f"`{UNCHANGED}` or a list of names", value)
    return tuple(value)


def _units(name: str, key: str, value: Any) -> Any:
    items = _items(name, key, value)
    if items is not None and not all(_UNIT.fullmatch(unit) for unit in items):
        raise refusal(name, key, f"`{UNCHANGED}` or a list of unit names", value)
    return None if items is None else tuple(unit if "." in unit else f"{unit}.service" for unit in items)


_ADDRESS = _text("127.0.0.1", _HOST.pattern, "a host name or an address")
_PORT = _number(1, 65535, REQUIRED, whole=True)
_SHARE = _number(0, 100, None)
_SAMPLES = _number(5, _MOST_SAMPLES, 30, whole=True)
_FOLDER = _text("/", r"/[^\0]*", "an absolute path")
_SAID: dict[str, Rule] = {"contains": _text(), "lacks": _pattern, "matches": _pattern}
_LIMITS: dict[str, Rule] = {"min": _number(-1e300, 1e300, None), "max": _number(-1e300, 1e300, None)}

KINDS: dict[str, dict[str, Rule]] = {
    "http": {
        "host": _ADDRESS,
        "port": _PORT,
        "path": _text("/", r"/[!-~]*", "a path that begins with / and holds no blanks"),
        "scheme": _choice("http", ("http", "https")),
        "status": _number(100, 599, 200, whole=True),
        **_SAID,
        "headers": _mapping,
        "certificate_days": _number(1, 3650, None, whole=True),
        "latency_ms": _number(1, 3_600_000, None, whole=True),
        "p50_within": _SHARE,
        "p95_within": _SHARE,
        "samples": _SAMPLES,
    },
    "tcp": {"host": _ADDRESS, "port": _PORT},
    "dns": {
        "query": _text(REQUIRED, _HOST.pattern, "a name"),
        "type": _choice("A", ("A", "AAAA")),
        "server": _text(None, _HOST.pattern, "a host name or an address"),
        "port": _number(1, 65535, 53, whole=True),
        "answers": _words(required=False),
    },
    "services": {"units": _units, "crash_window": _number(0, 86_400, 0)},
    "processes": {"items": _items},
    "listeners": {"items": _items},
    "mounts": {"items": _items},
    "disk": {"path": _FOLDER, "free": _number(0, 100, REQUIRED)},
    "inodes": {"path": _FOLDER, "free": _number(0, 100, REQUIRED)},
    "memory": {"free": _number(0, 100, 0), "used_within": _SHARE, "samples": _SAMPLES},
    "load": {"max": _number(0, 10_000, REQUIRED)},
    "journal": {
        "units": _units,
        "priority": _choice("err", PRIORITIES),
        "max": _number(0, 1e9, REQUIRED),
        "rate_within": _number(0, 100, None),
        "samples": _SAMPLES,
    },
    "command": {
        "argv": _words(required=True),
        "exit": _number(0, 255, 0, whole=True),
        "lacks": _pattern,
        "matches": _pattern,
    },
    "sql": {
        "argv": _words(required=True),
        "password_file": _text(None, r"/[^\0]+", "an absolute path"),
        "matches": _pattern,
    },
    "prometheus": {"url": _text(REQUIRED, _URL.pattern, "an address"), "query": _text(REQUIRED), **_LIMITS},
    "alerts": {
        "url": _text(REQUIRED, _URL.pattern, "an address"),
        "api": _choice("prometheus", ("prometheus", "alertmanager")),
        "labels": _mapping,
        "ignore": _words(required=False),
    },
}
"""What each kind may be told, by key; a key that is not given has its usual value."""
