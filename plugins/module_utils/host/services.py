"""Services of the init system: what runs, and putting that back."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Iterable

from .command import finished
from .errors import HostError

_PROPERTIES = (
    "Id,Type,LoadState,ActiveState,SubState,UnitFileState,RemainAfterExit,BusName,TriggeredBy,NRestarts,"
    "ConditionResult,ConditionTimestampMonotonic,ActiveEnterTimestampMonotonic"
)
_PASSING = ("user@", "user-runtime-dir@", "patchtide-", "run-", "session-", "systemd-fsck@", "systemd-backlight@")


@dataclass(frozen=True)
class Service:
    """One loaded service as `systemctl show` tells it; `since` is when it became active (s, monotonic; 0: never)."""

    name: str
    active: str
    enabled: str
    lasting: bool
    on_demand: bool
    restarts: int
    skipped: bool = False
    since: float = 0.0

    @property
    def may_rest(self) -> bool:
        """Whether it is well although it does not run: it waits to be needed, or this boot has no work for it."""
        return (self.on_demand and self.active != "failed") or (self.skipped and self.active == "inactive")


def has_systemd() -> bool:
    """Whether systemd is this host's init."""
    return os.path.isdir("/run/systemd/system")


def services(known: Iterable[str] = ()) -> dict[str, Service]:
    """The services that are not at rest, and those in `known`; HostError when systemctl cannot be asked.

    systemd tells what it knows of a unit one by one, so it is not asked of the many that rest and that nobody awaits.
    """
    if not has_systemd():
        return {}
    found = _shown("--type=service")
    resting = sorted(set(known) - set(found))
    return {**found, **_shown("--", *resting)} if resting else found


def _shown(*which: str) -> dict[str, Service]:
    asked = finished(["systemctl", "show", "--no-pager", f"--property={_PROPERTIES}", *which], 60)
    if not asked.ok:
        raise HostError(f"systemctl show failed: {asked.why()}", "is systemd well on this host?", code="services")
    return parsed_services(asked.out)


def parsed_services(text: str) -> dict[str, Service]:
    """The services in the output of `systemctl show`: blocks of Key=value parted by empty lines."""
    found = {}
    for block in text.strip().split("\n\n"):
        fields = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        name = fields.get("Id", "")
        if not name or fields.get("LoadState") in ("not-found", "error", "bad-setting"):
            continue
        found[name] = Service(
            name=name,
            active=fields.get("ActiveState", ""),
            enabled=fields.get("UnitFileState", ""),
            lasting=_lasting(name, fields),
            on_demand=_on_demand(fields),
            restarts=int(fields.get("NRestarts") or 0),
            skipped=_skipped(fields),
            since=int(fields.get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
        )
    return found


def service_states(found: dict[str, Service]) -> dict[str, dict[str, str]]:
    """Services as the contract's `services` object, passing ones (oneshot, per user) left out."""
    return {name: {"active": one.active, "enabled": one.enabled} for name, one in sorted(found.items()) if one.lasting}


def activity_differences(
    before: dict[str, Any], now: dict[str, Service], ignored: Iterable[str] = ()
) -> list[tuple[str, str]]:
    """(unit, wanted state) for every lasting service that ran before and does not now, or the other way round."""
    wrong = []
    for name, state in sorted(before.items()):
        current = now.get(name)
        is_active = current is not None and current.active in ("active", "reloading", "refreshing")
        was_active = state["active"] in ("active", "reloading", "refreshing")
        if name in ignored or was_active == is_active or (current and current.may_rest):
            continue
        if was_active or (current and current.lasting):
            wrong.append((name, "active" if was_active else "inactive"))
    newly = [
        (name, "inactive") for name, one in sorted(now.items()) if _started_since(one, before) and name not in ignored
    ]
    return wrong + newly


def failed_starts(units: list[tuple[str, str]]) -> list[str]:
    """Start or stop each (unit, wanted state) and return a sentence for each that would not."""
    sentences = []
    if has_systemd():
        finished(["systemctl", "daemon-reload"], 60)
    for name, wanted in units:
        verb = "start" if wanted == "active" else "stop"
        if verb == "start":
            finished(["systemctl", "reset-failed", "--", name], 30)
        done = finished(["systemctl", verb, "--", name], 180)
        if not done.ok:
            sentences.append(f"{name} would not {verb}: {done.why()}")
    return sentences


def _lasting(name: str, fields: dict[str, str]) -> bool:
    """Whether the service is meant to go on running: no oneshot that ends by itself, none that comes with a login.

    A unit without a file (`systemd-run --unit=backup`) is somebody's errand: once it is over, nothing could start it.
    """
    if name.startswith(_PASSING) or fields.get("UnitFileState") == "transient":
        return False
    return fields.get("Type") != "oneshot" or fields.get("RemainAfterExit") == "yes"


def _on_demand(fields: dict[str, str]) -> bool:
    """Whether others start the service when they need it, so that it may rest: one that is enabled may not."""
    return bool(fields.get("BusName") or fields.get("TriggeredBy")) and fields.get("UnitFileState") != "enabled"


def _skipped(fields: dict[str, str]) -> bool:
    """Whether systemd left a task out because its conditions do not hold: what only a first boot does, for one."""
    asked = fields.get("ConditionTimestampMonotonic", "0") not in ("", "0")
    return fields.get("Type") == "oneshot" and asked and fields.get("ConditionResult") == "no"


def _started_since(one: Service, before: dict[str, Any]) -> bool:
    return one.lasting and not one.on_demand and one.active == "active" and one.name not in before
