"""Gates: may a tier be worked on now, did it fail, is it proven? Each answer carries its reason."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from patchtide.core.approvals import NOTICE, approval_gate, asked_of, excused
from patchtide.core.checklist import checklist_gate
from patchtide.core.emergency import may_begin, second_person_gate
from patchtide.core.events import exactly
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.listing import listed
from patchtide.core.packages import Package
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import Amount
from patchtide.core.run import Run
from patchtide.core.unclear import proof_gate, waivable_checks
from patchtide.core.verdict import Verdict, no, yes

REQUEST = "request"
RESERVED = frozenset({REQUEST, NOTICE})
"""Things that are waived by these words, so nothing else is called so."""


def tier_gate(run: Run, tier: TierPlan, now: datetime, need: timedelta, hosts: Iterable[str] | None = None) -> Verdict:
    """Say whether work that takes up to `need` may begin on a tier now: proven, agreed to, go, in its window.

    The window is one of all `hosts` at once, by default of the whole tier.
    """
    shut = next((verdict for verdict in _held_by(run, tier, now) if not verdict.ok), None)
    return shut or may_begin(run, tier, now, need, hosts)


def _held_by(run: Run, tier: TierPlan, now: datetime) -> Iterator[Verdict]:
    yield pause_gate(run)
    yield proof_gate(run, tier)
    yield request_gate(run, tier, now)
    yield approval_gate(run, tier, now)
    yield second_person_gate(run)
    yield checklist_gate(run, tier, now)


def pause_gate(run: Run) -> Verdict:
    """Say whether anything new may begin: not while a person holds the run."""
    if run.paused is None:
        return yes("not_paused", "nobody holds the run")
    return no("paused", f"paused by {run.paused.by}: {run.paused.reason}")


def request_gate(run: Run, tier: TierPlan, now: datetime) -> Verdict:
    """Say whether a tier that wants a change request has one for this very plan."""
    terms = asked_of(run, tier, now)
    if not terms.request or excused(run, tier, REQUEST, terms):
        return yes("no_request_needed", "no change request is waited for")
    mine = [word for word in run.said.requests if word.digest == run.plan.digest]
    sound = [word for word in mine if not word.doubt]
    if sound:
        return yes("requested", f"asked for by {sound[-1].by} with {sound[-1].id}")
    doubt = f"; {mine[-1].id} does not count: {mine[-1].doubt}" if mine else ""
    by = f", {terms.why}" if terms.why else ""
    return no(REQUEST, f"tier {tier.name!r} wants a change request for this plan{by}, and there is none{doubt}")


def waivable(run: Run, now: datetime) -> dict[str, tuple[str, ...]]:
    """Return the things without which a person may let a run go on now, each with the tiers that ask for it."""
    found: dict[str, tuple[str, ...]] = {}
    for tier in run.plan.tiers:
        for item in (*_asked_for(run, tier, now), *waivable_checks(run, tier)):
            found[item] = (*found.get(item, ()), tier.name)
    return found


def _asked_for(run: Run, tier: TierPlan, now: datetime) -> Iterator[str]:
    terms = asked_of(run, tier, now)
    if terms.request:
        yield REQUEST
    if terms.approvals and terms.approvals.notice:
        yield NOTICE
    yield from (item.name for item in tier.checklist)


def failures(run: Run, tier: TierPlan) -> tuple[HostState, ...]:
    """Return the tier's hosts that count against its failure budget, unreachable ones included."""
    return tuple(run.hosts.having(Trait.FAILED, tier.name))


def budget_verdict(run: Run, tier: TierPlan) -> Verdict:
    """Say whether failures are within a tier's budgets, over all its waves and in each, and within the run's."""
    return within_budget(run.plan, tier, tuple(run.hosts.having(Trait.FAILED)))


def within_budget(plan: Plan, tier: TierPlan, failed: Sequence[HostState]) -> Verdict:
    """Say whether a tier may go on when these hosts failed."""
    mine = [host for host in failed if host.tier == tier.name]
    verdicts = [_within(mine, f"tier {tier.name!r}", tier.size, tier.failure_budget)]
    for number in sorted({host.wave for host in mine}) if tier.wave_budget is not None else ():
        where, size = f"wave {number + 1} of tier {tier.name!r}", len(tier.waves[number])
        verdicts.append(_within([host for host in mine if host.wave == number], where, size, tier.wave_budget))
    verdicts.append(_within(failed, "the run", len(plan.hosts), plan.failure_budget))
    return next((verdict for verdict in verdicts if not verdict.ok), verdicts[0])


def _within(failed: Sequence[HostState], where: str, total: int, budget: Amount | None) -> Verdict:
    allowed = total if budget is None else budget.of(total)
    counted = f"{len(failed)} of {total} hosts failed in {where}, {allowed} allowed"
    if len(failed) <= allowed:
        return yes("within_budget", counted)
    return no("budget", f"{counted}: {failed[0].name}: {failed[0].reason}")


def foreseen(plan: Plan, tier: TierPlan) -> Verdict:
    """Say whether a tier will begin at all, as far as its plan knows: hosts that get nothing count as failed."""
    places = ((name, number) for number, wave in enumerate(tier.waves) for name in wave)
    refused = [
        HostState(name, tier.name, reason=reason, wave=number)
        for name, number in places
        if (reason := plan.hosts[name].refused) is not None
    ]
    return within_budget(plan, tier, refused)


def stop_verdict(run: Run) -> Verdict:
    """Say whether new hosts may be begun: not after an abort, a rollback request, nor beyond a tier's budget."""
    if run.aborted is not None:
        return no("aborted", f"aborted by {run.aborted.by}: {run.aborted.reason}")
    if run.asked:
        return no("rollback_asked", f"a person asked for a rollback of {listed(sorted(run.asked))}")
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
    files = [file for file, _ in run.plan.packages(host)]
    elsewhere = run.plan.standing.keys() | (run.plan.attested.files if run.plan.attested else ())
    needed = {exactly(file): file.exact for file in files if file.sha256 not in elsewhere}
    needed |= {(removal.key,): f"the removal of {removal.key}" for removal in host_plan.removes}
    for other in _keepers(run, mine, host_plan.platform):  # as a rule the first one has it all
        if not needed:
            break
        # A patched host lost exactly what its plan says: anything else would have failed there.
        lost = [(removal.key,) for removal in run.plan.hosts[other.name].removes]
        for proven in [*map(exactly, other.installed), *lost]:
            needed.pop(proven, None)
    return ", ".join(needed.values()) or None


def _keepers(run: Run, mine: str, platform: str) -> Iterator[HostState]:
    """Yield the hosts of other tiers that have their update and kept it."""
    others = (tier.name for tier in run.plan.tiers if tier.name != mine)
    hosts = (host for tier in others for host in run.hosts.having(Trait.PATCHED, tier))
    return (host for host in hosts if run.plan.hosts[host.name].platform == platform)


def provers(run: Run, file: Package) -> tuple[str, ...]:
    """Return the hosts that have installed exactly this file in the run and kept it."""
    wanted = exactly(file)
    return tuple(host.name for host in run.hosts.having(Trait.PATCHED) if wanted in map(exactly, host.installed))
