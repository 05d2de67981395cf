"""measure: checks of a host that are made from elsewhere, the controller mostly; nothing is kept here."""

from __future__ import annotations

from typing import Any

from .answer import Answer, Call
from .checks import checks as named_checks
from .errors import HostError
from .measurements import by_name, measurements
from .seen import Past

BLANK: dict[str, Any] = {"measurements": []}
_ADDRESSED = ("http", "tcp")


def measure(checks: list[Any], past: list[Any] | None, host: str, address: str) -> Answer:
    """Every check measured; `past` is what the same checks measured before the update, None to measure just that.

    `{host}` and `{address}` in texts become the name and the address of the host that is judged.
    """
    wanted = named_checks([_about(check, host, address) for check in checks])
    if past is not None and not all(isinstance(one, dict) and "name" in one for one in past):
        raise HostError("past has to be a list of measurements", "hand over what was measured before", code="input")
    known = None if past is None else by_name(past)
    return Answer({"measurements": measurements(wanted, Past(baseline=known))})


def _about(check: Any, host: str, address: str) -> Any:
    if not isinstance(check, dict):
        return check
    named = {key: _filled(value, host, address) for key, value in check.items() if key != "name"}
    if check.get("kind") in _ADDRESSED and not named.get("host"):
        named["host"] = address
    return {**named, "name": check.get("name")}


def _filled(value: Any, host: str, address: str) -> Any:
    if isinstance(value, str):
        return value.replace("{host}", host).replace("{address}", address)
    if isinstance(value, list):
        return [_filled(item, host, address) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, host, address) for key, item in value.items()}
    return value


CALL = Call(
    {
        "checks": {"type": "list", "elements": "dict", "required": True},
        "past": {"type": "list", "elements": "dict"},
        "host": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
    },
    lambda given, _: measure(**given),
    BLANK,
)
