"""What comes next. One pure, total function: the real run, the simulator, `status` and `why-not` all ask it."""

from collections.abc import Iterable
from datetime import datetime

from patchtide.core.actions import Action, Do, End, Quarantine, Settle
from patchtide.core.gates import shut_out, stop_verdict
from patchtide.core.leaving import leaving
from patchtide.core.lost import given_up, look, patience, ready
from patchtide.core.outcome import ending, outcome
from patchtide.core.plan import TierPlan
from patchtide.core.run import HostState, Run
from patchtide.core.soaking import monitor, soak
from patchtide.core.steps import EndState, Step
from patchtide.core.wave import in_wave


def decide(run: Run, now: datetime) -> Action:
    """Return the one thing to do next, given all that is known; nobody is working on any host when this is asked."""
    return (
        _already_over(run)
        or _quarantine(run)
        or _refusal(run)
        or _stop(run)
        or given_up(run, now)
        or leaving(run, now)
        or look(run, now)
        or _next_in_tiers(run, now)
        or patience(run)
        or monitor(run, now)
        or End(outcome(run), ending(run))
    )


def _already_over(run: Run) -> Action | None:
    return End(run.outcome, run.reason) if run.outcome is not None else None


def _quarantine(run: Run) -> Action | None:
    """What had to be put back stays out of every later tier, and of every later run."""
    back = [host for host in run.hosts.values() if host.rolled_back and host.changed and not host.told]
    if not back:
        return None
    first = back[0]
    hosts = tuple(host.name for host in back if host.tier == first.tier)
    versions = {package.exact for name in hosts for package, _ in run.plan.packages(name)}
    return Quarantine(tuple(sorted(versions)), hosts, f"put back on {first.name}: {first.reason}")


def _refusal(run: Run) -> Action | None:
    """Hosts that the plan gives nothing to end before anything is done to them."""
    for host in _fresh(run):
        planned = run.plan.hosts[host.name]
        if planned.refused is not None:
            return Settle((host.name,), EndState.UNTOUCHED, planned.refused, failed=True)
    idle = tuple(host.name for host in _fresh(run) if not run.plan.hosts[host.name].changes)
    return Settle(idle, EndState.UNTOUCHED, "nothing to do: no update of the patch set applies") if idle else None


def _fresh(run: Run) -> Iterable[HostState]:
    """Yield the hosts to which nothing has been done yet."""
    return (host for host in run.hosts.values() if host.next is Step.STAGE and host.tries == 0)


def _stop(run: Run) -> Action | None:
    """Once a budget is exceeded, or a person said so, whatever has not begun stays as it is."""
    verdict = stop_verdict(run)
    if verdict.ok:
        return None
    hosts = tuple(host.name for host in run.hosts.values() if host.unbegun)
    return Settle(hosts, EndState.UNTOUCHED, verdict.reason) if hosts else None


def _next_in_tiers(run: Run, now: datetime) -> Action | None:
    """The first tier in which anything is left to do: a later one waits until this one is proven."""
    for tier in run.plan.tiers:
        action = _in_tier(run, tier, now)
        if action is not None:
            return action
        if any(not host.settled for host in run.in_tier(tier.name)):
            return None
    return None


def _in_tier(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    return _shut_out(run, tier) or _stage(run, tier, now) or _first_wave(run, tier, now) or soak(run, tier, now)


def _shut_out(run: Run, tier: TierPlan) -> Action | None:
    """Production gets what test proved and nobody put back, or nothing."""
    for host in run.in_tier(tier.name):
        if host.unbegun and (why := shut_out(run, host.name)):
            return Settle((host.name,), EndState.UNTOUCHED, why)
    return None


def _stage(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    hosts = ready(run.in_tier(tier.name), Step.STAGE, now)
    return Do(Step.STAGE, hosts) if hosts else None


def _first_wave(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """Waves go one after the other: the first one that has unsettled hosts."""
    for names in tier.waves:
        wave = tuple(run.hosts[name] for name in names)
        if any(not host.settled for host in wave):
            return in_wave(run, tier, wave, now)
    return None
