"""Bundles in use: their files gathered, their signatures judged, and what a plan may rely on."""

from collections.abc import Mapping
from datetime import datetime

from patchtide.core.bundle import Bundle, Manifest, attested
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.plan import Attested, Plan
from patchtide.core.steps import Step
from patchtide.documents import digest_of_text
from patchtide.engine.desk import Desk
from patchtide.engine.supply import borrow
from patchtide.ports import Deed


def gathered(manifest: Manifest, plan: Plan, desk: Desk, now: datetime) -> dict[str, str]:
    """Return the path of each of a bundle's files, borrowed from hosts where the depot lacks it; raises PatchtideError.

    Asked are the hosts that have proven a file; for a plan that was not carried out, those that were to get it first.
    """
    files = {file.sha256: file for some in manifest.patch_set.values() for file in some}
    held = desk.depot.held(files)
    missing = {name: file for name, file in files.items() if name not in held}
    lenders = {name: manifest.provenance.proven.get(name) or _planned_for(plan, name) for name in missing}
    marker = f"bundle-{now:%Y%m%dt%H%M%S}"
    why = borrow(missing.values(), lenders, Deed(marker, Step.STAGE, {}, marker, 0.0, plan.inventory), desk)
    held |= desk.depot.held(missing)
    if gone := [file.exact for name, file in files.items() if name not in held]:
        raise PatchtideError(
            f"nobody has {', '.join(gone)} any more: {why}", hint="Run the plan again, then export it."
        )
    return held


def _planned_for(plan: Plan, name: str) -> tuple[str, ...]:
    first = plan.tiers[0].hosts
    return tuple(host for host in first if any(file.sha256 == name for file, _ in plan.packages(host)))


def refuse_unwanted(bundle: Bundle, key: str | None, known: Mapping[str, str], *, untrusted: bool) -> None:
    """Raise UsageError for a bundle that no trusted key signed, unless that is fine, or that would replace another.

    `key` names the trusted key that fits; `known` has the texts of the bundles that are here, by name.
    """
    if key is None and not untrusted:
        what = "is signed, but by no key that is trusted here" if bundle.signatures else "is not signed"
        hint = "Name its key under `trust` in patchtide.yml, or import it with --untrusted: it proves nothing then."
        raise UsageError(f"the bundle {what}", hint=hint)
    name = bundle.manifest.name
    if known.get(name, bundle.text) != bundle.text:
        raise UsageError(f"another bundle {name!r} is here", hint=f"Remove it first: `patchtide bundle remove {name}`.")


def relied_on(bundle: Bundle, key: str | None) -> Attested:
    """Return what a plan may rely on when it is made from a bundle now."""
    return attested(bundle, digest_of_text(bundle.text), key)


def refuse_outdated(plan: Plan, now: Attested) -> None:
    """Raise UsageError when a plan relies on a bundle that does not say the same, or is not trusted, any more."""
    if plan.attested is not None and plan.attested != now:
        raise UsageError(
            f"the plan relies on the bundle {plan.attested.bundle!r}, which is not here as it was then",
            hint="Import it again, look at `trust` in patchtide.yml, and plan anew.",
        )
