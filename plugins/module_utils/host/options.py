"""What modules may be given, as Ansible's argument specification, and how that is read without Ansible's library."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping

from .errors import HostError
from .kinds import KINDS, PRIORITIES

Options = Dict[str, Dict[str, Any]]

_CHECK: Options = {
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "required": True, "choices": list(KINDS)},
    "warm_up": {"type": "float", "default": 0},
    "every": {"type": "float", "default": 1},
    "healthy_for": {"type": "float", "default": 0},
    "deadline": {"type": "float", "default": 60},
    "timeout": {"type": "float", "default": 5},
    "failures": {"type": "int", "default": 1},
    "host": {"type": "str", "default": "127.0.0.1"},
    "port": {"type": "int"},
    "path": {"type": "str", "default": "/"},
    "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
    "status": {"type": "int", "default": 200},
    "contains": {"type": "str"},
    "lacks": {"type": "str"},
    "matches": {"type": "str"},
    "headers": {"type": "dict"},
    "certificate_days": {"type": "int"},
    "latency_ms": {"type": "int"},
    "p50_within": {"type": "float"},
    "p95_within": {"type": "float"},
    "samples": {"type": "int", "default": 30},
    "query": {"type": "str"},
    "type": {"type": "str", "choices": ["A", "AAAA"], "default": "A"},
    "server": {"type": "str"},
    "answers": {"type": "list", "elements": "str"},
    "units": {"type": "raw", "default": "unchanged"},
    "crash_window": {"type": "float", "default": 0},
    "items": {"type": "raw", "default": "unchanged"},
    "free": {"type": "float"},
    "used_within": {"type": "float"},
    "min": {"type": "float"},
    "max": {"type": "float"},
    "priority": {"type": "str", "choices": list(PRIORITIES), "default": "err"},
    "rate_within": {"type": "float"},
    "argv": {"type": "list", "elements": "str"},
    "exit": {"type": "int", "default": 0},
    "password_file": {"type": "str", "no_log": False},
    "url": {"type": "str"},
    "api": {"type": "str", "choices": ["prometheus", "alertmanager"], "default": "prometheus"},
    "labels": {"type": "dict"},
    "ignore": {"type": "list", "elements": "str"},
}
CHECKS: dict[str, Any] = {"type": "list", "elements": "dict", "default": [], "options": _CHECK}
_TRUE = ("yes", "on", "1", "true", "t", "y")
_FALSE = ("no", "off", "0", "false", "f", "n")


def understood(options: Options, given: Mapping[str, Any], inside: str = "") -> dict[str, Any]:
    """Every option with its value: what was given, converted as Ansible does it, or the default.

    HostError names the option that is missing, unknown or of another kind. The rules are those of
    `ansible.module_utils.common.validation`, but that a dict in a text is JSON, and that nothing is as if not given.
    """
    unknown = sorted(set(given) - set(options))
    if unknown:
        raise HostError(f"there is no option {inside}{unknown[0]}", f"there are {', '.join(sorted(options))}", "input")
    return {name: _value(option, given.get(name), inside + name) for name, option in options.items()}


def _value(option: Mapping[str, Any], given: Any, name: str) -> Any:
    """An option's value; a list and what is in it is understood one by one."""
    value = option.get("default") if given is None else given
    if value is None:
        if option.get("required"):
            raise HostError(f"option {name} is missing", code="input")
        return None
    value = _typed(option.get("type", "str"), value, name)
    if option.get("elements"):
        inner = {**option, "type": option["elements"], "elements": None, "default": None, "required": True}
        return [_value(inner, one, f"{name}[{place}]") for place, one in enumerate(value)]
    if "options" in option:
        return understood(option["options"], value, f"{name}.")
    if "choices" in option and value not in option["choices"]:
        raise HostError(f"option {name} is {value!r}", f"it may be {', '.join(option['choices'])}", "input")
    return value


def _typed(kind: str, value: Any, name: str) -> Any:
    try:
        return _TYPES[kind](value)
    except (TypeError, ValueError, OverflowError):
        given = type(value).__name__  # its kind is all that is told of a value, which may be a secret
        raise HostError(f"option {name} has to be of type {kind}, and is of type {given}", code="input") from None


def _int(value: Any) -> int:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and "." not in value:
        return int(value)
    if not float(value).is_integer():
        raise ValueError(value)
    return int(float(value))


def _bool(value: Any) -> bool:
    word = str(int(value)) if value in (0, 1) else value.strip().lower() if isinstance(value, str) else ""
    if word not in _TRUE + _FALSE:
        raise ValueError(value)
    return word in _TRUE


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, (str, int, float)):
        return str(value).split(",")
    raise ValueError(value)


def _dict(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, dict):
        raise TypeError(value)
    return found


_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "str": str,
    "int": _int,
    "float": float,
    "bool": _bool,
    "list": _list,
    "dict": _dict,
    "raw": lambda value: value,
}
