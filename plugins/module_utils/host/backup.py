"""Only after a good backup: made and verified by commands of the host's owner, before anything is touched."""

from __future__ import annotations

from typing import Any, Mapping

from .command import finished


def trouble(asked: Mapping[str, Any]) -> str:
    """Make a backup and verify it; why there is no good one, empty when there is.

    With `proven` somebody else has just done both.
    """
    if asked.get("proven"):
        return ""
    if not asked.get("verify"):
        return "no good backup: nothing verifies it"
    for half in ("run", "verify"):
        argv = [str(word) for word in asked.get(half) or []]
        done = finished(argv, float(asked.get("timeout", 3600))) if argv else None
        if done is not None and not done.ok:
            return f"no good backup: {half}: {done.why()}"
    return ""
