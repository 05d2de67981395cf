"""A bundle: a patch set, who has proven it, and its files, for fleets that have no mirror."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from patchtide.core.gates import provers
from patchtide.core.packages import Package
from patchtide.core.plan import Attested, Plan
from patchtide.core.run import Run
from patchtide.core.signature import Signature

SCHEMA = "patchtide/bundle/v1"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LARGEST = 8**11
"""Bytes: what a tar header can say."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a patch set comes from: the plan's digest, and the run whose hosts have installed and kept its files.

    `proven` names these hosts by each file's sha256; a bundle of a plan that was not carried out has neither.
    """

    plan: str
    run: str = ""
    tiers: tuple[str, ...] = ()
    proven: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself; `files` are its members: sizes in bytes by sha256."""

    schema: str
    name: str
    created_at: datetime
    created_by: str
    patch_set: Mapping[str, tuple[Package, ...]]
    provenance: Provenance
    files: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest with the very text that was signed, and its signatures."""

    manifest: Manifest
    text: str
    signatures: tuple[Signature, ...]


def of_run(run_id: str, run: Run) -> Manifest | None:
    """Return the manifest of what a run has proven, or None when none of its hosts has kept anything."""
    proven = {
        file.sha256: hosts for files in run.plan.patch_set.values() for file in files if (hosts := provers(run, file))
    }
    patch_set = {
        platform: kept
        for platform, files in run.plan.patch_set.items()
        if (kept := tuple(file for file in files if file.sha256 in proven))
    }
    if not patch_set:
        return None
    names = {name for hosts in proven.values() for name in hosts}
    tiers = tuple(tier.name for tier in run.plan.tiers if names & set(tier.hosts))
    provenance = Provenance(run.plan.digest, run_id, tiers, proven)
    return _manifest(run_id, run.ended_at or run.opened_at, run.opened_by, patch_set, provenance)


def of_plan(plan: Plan) -> Manifest:
    """Return the manifest of a plan's patch set, which nobody has proven."""
    name = f"plan-{plan.digest.removeprefix('sha256:')[:12]}"
    return _manifest(name, plan.created_at, plan.created_by, plan.patch_set, Provenance(plan.digest))


def _manifest(
    name: str, at: datetime, by: str, patch_set: Mapping[str, tuple[Package, ...]], provenance: Provenance
) -> Manifest:
    files = {file.sha256: file.size for some in patch_set.values() for file in some}
    return Manifest(SCHEMA, name, at, by, patch_set, provenance, files)


def misfit(manifest: Manifest) -> str | None:
    """Say what in a manifest does not fit together, or None: names become paths, and sizes become room on a disk."""
    if manifest.schema != SCHEMA:
        return f"its schema is not {SCHEMA!r}"
    if not _NAME.fullmatch(manifest.name):
        return f"{manifest.name!r} cannot name a bundle"
    if odd := [
        name for name, size in manifest.files.items() if not _SHA256.fullmatch(name) or not 0 <= size < _LARGEST
    ]:
        return f"{odd[0]!r} is no file of a bundle"
    named = {file.sha256: file.size for files in manifest.patch_set.values() for file in files}
    if named != dict(manifest.files):
        return "its files are not those of its patch set"
    if not set(manifest.provenance.proven) <= set(named):
        return "it says that files were proven which are not in it"
    return None


def attested(bundle: Bundle, digest: str, key: str | None) -> Attested:
    """Return what a plan may rely on: what was proven, if a trusted key (by its name) says so, and else nothing."""
    manifest = bundle.manifest
    files = tuple(sorted(manifest.provenance.proven)) if key else ()
    return Attested(manifest.name, digest, manifest.provenance.run, key or "", files)
