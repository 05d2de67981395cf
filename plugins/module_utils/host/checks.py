"""What a health check is, read from the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .errors import HostError

KINDS = ("http", "tcp", "services", "command")
_HOST = re.compile(r"[A-Za-z0-9_.:-]{1,253}")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,254}")
_DAY = 86_400
_TIMES = {"warm_up": 0.0, "every": 1.0, "healthy_for": 0.0, "deadline": 60.0, "timeout": 5.0}


@dataclass(frozen=True)
class Check:
    """One health check, times in seconds: first look after warm_up, then every so often, good after healthy_for."""

    name: str
    kind: str
    warm_up: float
    every: float
    healthy_for: float
    deadline: float
    timeout: float
    host: str = "127.0.0.1"
    port: int = 0
    path: str = "/"
    scheme: str = "http"
    status: int = 200
    contains: str | None = None
    units: tuple[str, ...] | None = None
    argv: tuple[str, ...] = ()
    exit: int = 0

    def once(self) -> Check:
        """The same check as a single look with one retry."""
        return replace(self, warm_up=0.0, healthy_for=0.0, every=1.0, deadline=1.0)


def checks(values: object) -> list[Check]:
    """The checks of the contract; HostError naming the check and the key that is wrong."""
    if not isinstance(values, list):
        raise HostError(f"checks has to be a list, not {type(values).__name__}", code="input")
    found = [_check(value) for value in values]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HostError(f"checks named twice: {', '.join(twice)}", code="input")
    return found


def _check(value: Any) -> Check:
    if not isinstance(value, dict):
        raise HostError(f"a check has to be a mapping, not {value!r}", code="input")
    name = value.get("name")
    kind = value.get("kind")
    if not isinstance(name, str) or not name:
        raise HostError(f"a check without a name: {value!r}", code="input")
    if kind not in KINDS:
        raise HostError(f"check {name!r} has no kind {kind!r}", f"one of {', '.join(KINDS)}", code="input")
    times: dict[str, Any] = {key: _seconds(name, key, value.get(key), default) for key, default in _TIMES.items()}
    if times["every"] <= 0 or times["timeout"] <= 0:
        raise HostError(f"check {name!r}: every and timeout have to be more than 0 s", code="input")
    return Check(name=name, kind=kind, **times, **_particulars(name, kind, value))


def _particulars(name: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
    if kind == "services":
        return {"units": _units(name, value.get("units", "unchanged"))}
    if kind == "command":
        argv = value.get("argv")
        if (
            not isinstance(argv, list)
            or not argv
            or not all(isinstance(word, str) and "\0" not in word for word in argv)
        ):
            raise HostError(f"check {name!r}: argv has to be a list of words", "there is no shell", code="input")
        return {"argv": tuple(argv), "exit": _whole(name, "exit", value.get("exit"), 0, 255, 0)}
    host = value.get("host") or "127.0.0.1"
    if not isinstance(host, str) or not _HOST.fullmatch(host):
        raise HostError(f"check {name!r}: not a host: {host!r}", code="input")
    address = {"host": host, "port": _whole(name, "port", value.get("port"), 1, 65535, None)}
    return address if kind == "tcp" else {**address, **_http(name, value)}


def _http(name: str, value: dict[str, Any]) -> dict[str, Any]:
    path = value.get("path") or "/"
    scheme = value.get("scheme") or "http"
    contains = value.get("contains")
    if not isinstance(path, str) or not re.fullmatch(r"/[!-~]*", path):
        raise HostError(f"check {name!r}: path has to begin with / and hold no blanks: {path!r}", code="input")
    if scheme not in ("http", "https"):
        raise HostError(f"check {name!r}: scheme has to be http or https, not {scheme!r}", code="input")
    if contains is not None and not isinstance(contains, str):
        raise HostError(f"check {name!r}: contains has to be text", code="input")
    status = _whole(name, "status", value.get("status"), 100, 599, 200)
    return {"path": path, "scheme": scheme, "status": status, "contains": contains}


def _units(name: str, units: object) -> tuple[str, ...] | None:
    if units == "unchanged":
        return None
    if not isinstance(units, list) or not units or not all(isinstance(u, str) and _UNIT.fullmatch(u) for u in units):
        raise HostError(f"check {name!r}: units has to be `unchanged` or a list of unit names", code="input")
    return tuple(unit if "." in unit else f"{unit}.service" for unit in units)


def _seconds(name: str, key: str, value: object, default: float) -> float:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _DAY:
        raise HostError(f"check {name!r}: {key} has to be seconds from 0 to 86400, not {value!r}", code="input")
    return float(value)


def _whole(name: str, key: str, value: object, low: int, high: int, default: int | None) -> int:
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise HostError(f"check {name!r}: {key} has to be a number from {low} to {high}, not {value!r}", code="input")
    return value
