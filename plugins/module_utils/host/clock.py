"""The host's clock in the form the contract uses."""

from __future__ import annotations

import calendar
import os
import time
from pathlib import Path

_ZONES = "zoneinfo/"


def utc_now() -> str:
    """Now as an ISO 8601 UTC second, for example 2026-11-21T05:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def epoch(instant: str) -> float:
    """The seconds of the epoch at such an instant; 0 where it says none."""
    try:
        return float(calendar.timegm(time.strptime(instant, "%Y-%m-%dT%H:%M:%SZ")))
    except (TypeError, ValueError):
        return 0.0


def time_zone(etc: str = "/etc") -> str:
    """The zone that the host is set to, as localtime(5) tells it: without a link it is UTC; empty where nobody can say.

    Where the zone's file was copied, its name is in /etc/timezone, if anywhere.
    """
    link = os.path.join(etc, "localtime")
    if not os.path.lexists(link):
        return "UTC"
    if os.path.islink(link):
        return os.readlink(link).partition(_ZONES)[2]
    try:
        return Path(etc, "timezone").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
