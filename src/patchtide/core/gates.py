"""Gates: may a tier be worked on now, did it fail, is it proven? Each answer carries its reason."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from patchtide.core.approvals import NOTICE, approval_gate
from patchtide.core.packages import Package
from patchtide.core.plan import TierPlan
from patchtide.core.run import HostState, Run
from patchtide.core.steps import EndState
from patchtide.core.unclear import proof_gate, waivable_checks
from patchtide.core.verdict import Verdict, no, yes


def tier_gate(run: Run, tier: TierPlan, now: datetime, need: timedelta, hosts: Iterable[str] | None = None) -> Verdict:
    """Say whether work that takes up to `need` may begin on a tier now: proven, agreed to, announced, in its window.

    The window is one of all `hosts` at once, by default of the whole tier.
    """
    proven = proof_gate(run, tier)
    agreed = approval_gate(run, tier, now) if proven.ok else proven
    return agreed if not agreed.ok else run.plan.calendar(tier, hosts).may_begin(now, need)


def waivable(run: Run) -> dict[str, tuple[str, ...]]:
    """Return the things without which a person may let a run go on, each with the tiers that ask for it."""
    found: dict[str, tuple[str, ...]] = {}
    for tier in run.plan.tiers:
        for item in (*_asked_for(tier), *waivable_checks(run, tier)):
            found[item] = (*found.get(item, ()), tier.name)
    return found


def _asked_for(tier: TierPlan) -> Iterator[str]:
    if tier.approvals and tier.approvals.notice:
        yield NOTICE


def failures(run: Run, tier: TierPlan) -> tuple[HostState, ...]:
    """Return the tier's hosts that count against its failure budget, unreachable ones included."""
    return tuple(host for host in run.in_tier(tier.name) if host.failed)


def budget_verdict(run: Run, tier: TierPlan) -> Verdict:
    """Say whether a tier's failures are within its budget, over all its waves."""
    failed = failures(run, tier)
    allowed = tier.failure_budget.of(len(tier.hosts))
    counted = f"{len(failed)} of {len(tier.hosts)} hosts failed in tier {tier.name!r}, {allowed} allowed"
    if len(failed) <= allowed:
        return yes("within_budget", counted)
    first = failed[0]
    return no("budget", f"{counted}: {first.name}: {first.reason}")


def stop_verdict(run: Run) -> Verdict:
    """Say whether new hosts may be begun: not after an abort, a rollback request, nor beyond a tier's budget."""
    if run.aborted is not None:
        return no("aborted", f"aborted by {run.aborted.by}: {run.aborted.reason}")
    if run.asked:
        return no("rollback_asked", f"a person asked for a rollback of {', '.join(sorted(run.asked))}")
    for tier in run.plan.tiers:
        verdict = budget_verdict(run, tier)
        if not verdict.ok:
            return verdict
    return yes("go_on", "nothing stands against going on")


def shut_out(run: Run, host: str) -> str | None:
    """Return why a host may not get its change: a version in quarantine, or a file that no earlier tier has proven."""
    kept = _quarantined(run, host)
    if kept:
        return f"in quarantine: {', '.join(kept)}"
    missing = unproven(run, host)
    return f"not proven by an earlier tier: {missing}" if missing else None


def _quarantined(run: Run, host: str) -> list[str]:
    """Return what of a host's change is kept out: a person says so, or another tier learnt it; its own has a budget."""
    mine = run.hosts[host].tier
    versions = [package.exact for package, _ in run.plan.packages(host)] if run.quarantined else []
    return [version for version in versions if run.quarantined.get(version, mine) != mine]


def unproven(run: Run, host: str) -> str | None:
    """Return what of a host's change no earlier tier has done and kept, package by package; None when all is proven."""
    host_plan = run.plan.hosts[host]
    mine = run.hosts[host].tier
    if mine == run.plan.tiers[0].name:
        return None
    others = [
        other
        for other in run.hosts.values()
        if other.tier != mine and other.end is EndState.PATCHED
        if run.plan.hosts[other.name].platform == host_plan.platform
    ]
    proven = {(file.name, file.arch, file.version, file.sha256) for other in others for file in other.installed}
    # A patched host lost exactly what its plan says: anything else would have failed there.
    lost = {removal.key for other in others for removal in run.plan.hosts[other.name].removes}
    files = [file for file, _ in run.plan.packages(host)]
    elsewhere = set(run.plan.attested.files) if run.plan.attested else set()
    rest = [f for f in files if f.sha256 not in elsewhere | run.plan.standing.keys()]
    missing = [f.exact for f in rest if (f.name, f.arch, f.version, f.sha256) not in proven]
    missing += [f"the removal of {removal.key}" for removal in host_plan.removes if removal.key not in lost]
    return ", ".join(missing) or None


def provers(run: Run, file: Package) -> tuple[str, ...]:
    """Return the hosts that have installed exactly this file in the run and kept it."""
    wanted = (file.name, file.arch, file.version, file.sha256)
    return tuple(
        host.name
        for host in run.hosts.values()
        if host.end is EndState.PATCHED
        if any((f.name, f.arch, f.version, f.sha256) == wanted for f in host.installed)
    )
