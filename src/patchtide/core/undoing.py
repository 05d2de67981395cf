"""The way back of a wave: what was harmed is put back, and beyond the budget the rest of its wave too."""

from collections.abc import Sequence
from datetime import datetime

from patchtide.core.actions import Action, Ask, Do
from patchtide.core.gates import budget_verdict
from patchtide.core.lost import due, ready
from patchtide.core.plan import TierPlan
from patchtide.core.policy import OnFailure, ReturnBy
from patchtide.core.run import HostState, Run
from patchtide.core.steps import EndState, Step


def undo(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime) -> Action | None:
    """Hosts that were harmed are put back; beyond the budget, so is everything else that their wave changed."""
    harmed = ready(wave, Step.ROLLBACK, now)
    asked = tuple(name for name in harmed if name in run.asked or run.hosts[name].reverted)
    if asked:  # a person wants it, or the host did it already and is only to be judged
        return Do(Step.ROLLBACK, asked, run.hosts[asked[0]].reason)
    if not harmed:
        return _condemned(run, tier, wave, now)
    if tier.returns is ReturnBy.NONE:
        return Do(Step.LEAVE, harmed, "left as it is: its tier has no way back (return: none)")
    match tier.on_failure:
        case OnFailure.ROLLBACK:
            return _condemned(run, tier, wave, now, harmed) or Do(Step.ROLLBACK, harmed, "the update did harm")
        case OnFailure.ASK if run.aborted is None:
            reason = f"roll back {', '.join(harmed)}? {run.hosts[harmed[0]].reason}"
            return leave(wave, now) or Ask("on_failure", reason, tier.name)
        case _:
            return Do(Step.LEAVE, harmed, f"left as it is: on_failure is {tier.on_failure}")


def _condemned(
    run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime, harmed: tuple[str, ...] = ()
) -> Action | None:
    """The healthy hosts of a wave whose update did more harm than the budget allows go back with the others."""
    verdict = budget_verdict(run, tier)
    harm = any(host.failed and host.changed for host in wave)
    if verdict.ok or not harm or tier.on_failure is not OnFailure.ROLLBACK or tier.returns is ReturnBy.NONE:
        return None
    healthy = {
        host.name
        for host in wave
        if not host.failed and not host.rolled_back and EndState.PATCHED in {host.fate, host.end}
        if host.started is None and due(host, now)
    }
    back = healthy.union(harmed)
    hosts = tuple(host.name for host in wave if host.name in back)
    return Do(Step.ROLLBACK, hosts, f"rolled back with its wave: {verdict.reason}") if hosts else None


def leave(wave: Sequence[HostState], now: datetime) -> Action | None:
    """Take the hosts of a wave out of maintenance mode that have nothing else to do there."""
    hosts = ready(wave, Step.LEAVE, now)
    return Do(Step.LEAVE, hosts) if hosts else None
