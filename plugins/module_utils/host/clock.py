"""The host's clock in the form the contract uses."""

from __future__ import annotations

import calendar
import time


def utc_now() -> str:
    """Now as an ISO 8601 UTC second, for example 2026-11-21T05:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def epoch(instant: str) -> float:
    """The seconds of the epoch at such an instant; 0 where it says none."""
    try:
        return float(calendar.timegm(time.strptime(instant, "%Y-%m-%dT%H:%M:%SZ")))
    except (TypeError, ValueError):
        return 0.0
