"""probe: everything the controller has to know of a host, in one call."""

from __future__ import annotations

import platform as python_platform
import socket
from dataclasses import replace
from typing import Any

from . import host
from .advisories import informed
from .answer import Answer, Call
from .boot import fingerprint, restart_expected
from .checks import checks as named_checks
from .clock import time_zone, utc_now
from .confirm import armed_runs
from .errors import HostError, summed_up
from .inspection import journal_view, reboot_owed
from .journal import Journal
from .measurements import measurements
from .names import named_version
from .options import CHECKS
from .packagemanager import Outlook, PackageManager, Trouble, Wanted
from .seen import Past
from .services import service_states, services

SCHEMA = "patchtide/probe/v1"
BLANK: dict[str, Any] = {
    "schema": SCHEMA,
    "platform": {},
    "machine_id": "",
    "hostname": "",
    "kernel": "",
    "boot": "",
    "clock": "",
    "timezone": "",
    "pending": [],
    "installed": {},
    "held": [],
    "kept_back": [],
    "services": {},
    "space": {},
    "reboot": {"owed": False, "why": []},
    "trouble": [],
    "notes": [],
    "measurements": [],
    "journal": None,
}


def probe(
    refresh: bool,
    run: str | None,
    checks: list[Any],
    without: list[Any],
    advisories: bool = False,
    check_mode: bool = False,
) -> Answer:
    """The host's report; lists that could not be refreshed, or hashes that are missing, are a failure.

    With `advisories` the pending updates are fetched, for what their changelogs say; what stays unknown is noted.
    """
    host.require_root()
    wanted = named_checks(checks)
    unwanted = [Wanted(one.name, one.arch, one.version) for one in map(named_version, without)]
    journal = Journal(run) if run else None
    manager = host.package_manager()
    trouble = manager.troubles() + host.read_only() + _unconfirmed(run)
    blocking = manager.refresh() if refresh and not check_mode else []
    outlook = _outlook(manager, unwanted)
    blocking += outlook.trouble
    outlook, notes = informed(manager, outlook) if advisories and not check_mode else (outlook, [])
    report = _report(manager, outlook, trouble + blocking, journal)
    report["notes"] = [one.as_dict() for one in notes]
    report["measurements"] = measurements([one.functional() for one in wanted], Past(report["services"]))
    # What stands in the way tells more than the answer that could not be had for it.
    return Answer(report, failure=summed_up([one.reason for one in (*trouble, *blocking)]) if blocking else "")


def _unconfirmed(run: str | None) -> list[Trouble]:
    """Other runs whose update is not confirmed on this host: it may go back at any moment."""
    hint = "wait until the host has restored itself, or end that run"
    others = [name for name in armed_runs() if name != run]
    return [Trouble("unconfirmed", f"the update of run {name} is not confirmed here", hint) for name in others]


def _outlook(manager: PackageManager, without: list[Wanted]) -> Outlook:
    """The pending updates; where they cannot be told, the trouble that says why."""
    try:
        return manager.outlook(without)
    except HostError as error:
        return Outlook(trouble=(Trouble(error.code, error.reason, error.hint),))


def _report(
    manager: PackageManager, outlook: Outlook, trouble: list[Trouble], journal: Journal | None
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "platform": host.platform(manager),
        "machine_id": host.machine_id(),
        "hostname": socket.gethostname(),
        "kernel": python_platform.release(),
        "boot": fingerprint(),
        "clock": utc_now(),
        "timezone": time_zone(),
        "pending": [replace(one, restart=restart_expected(one.name)).as_dict() for one in outlook.pending],
        "installed": {one.key: one.version for one in manager.installed().values() if one.present},
        "held": list(outlook.held),
        "kept_back": list(outlook.kept_back),
        "services": service_states(services()),
        "space": host.space(),
        "reboot": reboot_owed(),
        "trouble": [one.as_dict() for one in trouble],
        "notes": [],
        "measurements": [],
        "journal": journal_view(journal) if journal and journal.exists() else None,
    }


CALL = Call(
    {
        "refresh": {"type": "bool", "default": True},
        "advisories": {"type": "bool", "default": False},
        "run": {"type": "str"},
        "without": {"type": "list", "elements": "dict", "default": []},
        "checks": CHECKS,
    },
    lambda given, check_mode: probe(**given, check_mode=check_mode),
    BLANK,
)
