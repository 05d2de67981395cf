"""The host's clock in the form the contract uses."""

from __future__ import annotations

import time


def utc_now() -> str:
    """Now as an ISO 8601 UTC second, for example 2026-11-21T05:00:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
