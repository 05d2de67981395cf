"""A decision never travels without its reason."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes or no, with a short code for machines and a sentence for people; `until`: when to look again (UTC)."""

    ok: bool
    code: str
    reason: str
    until: datetime | None = None


def yes(code: str, reason: str) -> Verdict:
    """Return a verdict that lets things go on."""
    return Verdict(ok=True, code=code, reason=reason)


def no(code: str, reason: str, until: datetime | None = None) -> Verdict:
    """Return a verdict that holds things up, until a time when one is known."""
    return Verdict(ok=False, code=code, reason=reason, until=until)
