"""Signatures under plans: made where a person asks for one, and asked for where the project names whom it trusts."""

from dataclasses import replace
from pathlib import Path

from patchtide.core.errors import UsageError
from patchtide.core.plan import Plan
from patchtide.core.settings import Settings
from patchtide.documents import is_sealed, signed_bytes
from patchtide.wiring import public_text, signed, verified

_HOW = "`patchtide plan --sign KEY -o FILE` writes a signed plan, which `patchtide run --plan FILE` carries out"
_NEXT = f"Have the plan signed with a key that `trust` names: {_HOW}; nothing on the hosts was touched."


def usable(key: Path | None) -> None:
    """Refuse a private key that could not sign later, now."""
    if key is not None:
        public_text(key)


def signed_plan(plan: Plan, key: Path | None) -> Plan:
    """Return the plan with one more signature, or as it is without a key."""
    if key is None:
        return plan
    return replace(plan, signatures=(*plan.signatures, signed(key, signed_bytes(plan))))


def refuse_unsigned(settings: Settings, key: Path | None) -> None:
    """Raise UsageError where a plan made now could not be carried out, before anything is asked of a host."""
    if settings.trust and key is None:
        hint = f"{_HOW}; or sign the one that is made now: `patchtide run --sign KEY`."
        raise UsageError("only signed plans are carried out here: the configuration has `trust`", hint=hint)


def vouched(plan: Plan, settings: Settings, where: str) -> str | None:
    """Return the name of the trusted key that signed exactly this plan, None where nobody has to; raises UsageError."""
    if not settings.trust:
        return None
    if not plan.signatures:
        raise UsageError("the plan is not signed, but the configuration has `trust`", where=where, hint=_NEXT)
    trusted = [Path(path) for path in settings.trust]
    name = verified(trusted, signed_bytes(plan), plan.signatures) if is_sealed(plan) else None
    if name is None:
        sentence = "no trusted key signed this plan as it is: it was changed, or signed by somebody else"
        raise UsageError(sentence, where=where, hint=_NEXT)
    return name
