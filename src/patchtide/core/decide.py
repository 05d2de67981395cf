"""What comes next. One pure, total function: the real run, the simulator, `status` and `why-not` all ask it."""

from collections.abc import Iterable
from datetime import datetime

from patchtide.core.actions import Action, Ask, Do, End, Quarantine, Settle
from patchtide.core.gates import pause_gate, shut_out, stop_verdict
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.leaving import leaving
from patchtide.core.lost import given_up, look, patience, ready
from patchtide.core.outcome import ending, outcome
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.soaking import monitor, soak
from patchtide.core.steps import EndState, Step
from patchtide.core.turns import between
from patchtide.core.wave import in_wave


def decide(run: Run, now: datetime) -> Action:
    """Return the one thing to do next, given all that is known; nobody is working on any host when this is asked."""
    return (
        _already_over(run)
        or _quarantine(run)
        or _idle(run)
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
    back = tuple(run.hosts.having(Trait.UNTOLD))
    if not back:
        return None
    first = back[0]
    hosts = tuple(host.name for host in back if host.tier == first.tier)
    versions = {package.exact for name in hosts for package, _ in run.plan.packages(name)}
    return Quarantine(tuple(sorted(versions)), hosts, f"put back on {first.name}: {first.reason}")


def _idle(run: Run) -> Action | None:
    """Hosts for which the plan has nothing end before anything is done."""
    pointless = (host.name for host in run.hosts.having(Trait.IDLE))
    idle = tuple(name for name in pointless if run.plan.hosts[name].refused is None)
    return Settle(idle, EndState.UNTOUCHED, "nothing to do: no update of the patch set applies") if idle else None


def _refused(run: Run, tier: str | None = None) -> Action | None:
    """Hosts that the plan refuses end when their tier's turn comes: until then they stop nobody else's."""
    reasons = {host.name: run.plan.hosts[host.name].refused for host in run.hosts.having(Trait.IDLE, tier)}
    first = next((reason for reason in reasons.values() if reason is not None), None)
    hosts = tuple(name for name, reason in reasons.items() if reason == first)
    return Settle(hosts, EndState.UNTOUCHED, first, failed=True) if first is not None else None


def _stop(run: Run) -> Action | None:
    """Once a budget is exceeded, or a person said so, whatever has not begun stays as it is."""
    verdict = stop_verdict(run)
    if verdict.ok:
        return None
    if (refused := _refused(run)) is not None:
        return refused
    hosts = tuple(host.name for host in run.hosts.having(Trait.UNBEGUN))
    return Settle(hosts, EndState.UNTOUCHED, verdict.reason) if hosts else None


def _next_in_tiers(run: Run, now: datetime) -> Action | None:
    """The first tier in which anything is left to do: a later one waits until this one is proven."""
    for tier in run.plan.tiers:
        action = _in_tier(run, tier, now)
        if action is not None:
            return action
        if run.hosts.count(Trait.UNSETTLED, tier.name):
            return None
    return None


def _in_tier(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    return _refused(run, tier.name) or _stage(run, tier, now) or _first_wave(run, tier, now) or soak(run, tier, now)


def _stage(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    hosts = tuple(run.hosts.having(Trait.TO_STAGE, tier.name))
    due = ready(hosts, Step.STAGE, now)
    held = pause_gate(run)
    if due and not held.ok:
        return Ask(held.code, held.reason, tier.name)
    return _shut_out(run, hosts) or (Do(Step.STAGE, due) if due else None)


def _shut_out(run: Run, hosts: Iterable[HostState]) -> Action | None:
    """Production gets what test proved and nobody put back, or nothing: asked of those whose turn it is."""
    whys = {host.name: shut_out(run, host.name) for host in hosts if host.unbegun}
    why = next((why for why in whys.values() if why), None)
    return Settle(tuple(name for name in whys if whys[name] == why), EndState.UNTOUCHED, why) if why else None


def _first_wave(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """Waves go one after the other: the first one that has unsettled hosts."""
    first = next(run.hosts.having(Trait.UNSETTLED, tier.name), None)
    if first is None:
        return None
    wave = tuple(run.hosts[name] for name in tier.waves[first.wave])
    return _shut_out(run, wave) or between(run, tier, first.wave, now) or in_wave(run, tier, wave, now)
