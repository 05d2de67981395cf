"""The way back of a wave: what was harmed is put back, and beyond the budget the rest of its wave too."""

from collections.abc import Sequence
from datetime import datetime

from patchtide.core.actions import Action, Ask, Do
from patchtide.core.gates import budget_verdict
from patchtide.core.hoststate import HostState
from patchtide.core.lost import due, ready
from patchtide.core.plan import TierPlan
from patchtide.core.policy import OnFailure, ReturnBy
from patchtide.core.run import Run
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
        case OnFailure.ROLLBACK | OnFailure.ROLLBACK_TIER:
            return _condemned(run, tier, wave, now, harmed) or Do(Step.ROLLBACK, harmed, "the update did harm")
        case OnFailure.ASK if run.aborted is None:
            reason = f"roll back {', '.join(harmed)}? {run.hosts[harmed[0]].reason}"
            return leave(wave, now) or Ask("on_failure", reason, tier.name)
        case _:
            return Do(Step.LEAVE, harmed, f"left as it is: on_failure is {tier.on_failure}")


def _condemned(
    run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime, harmed: tuple[str, ...] = ()
) -> Action | None:
    """The healthy hosts whose update did more harm to others than the budget allows go back with them."""
    verdict = budget_verdict(run, tier)
    whole = tier.on_failure is OnFailure.ROLLBACK_TIER
    among = run.in_tier(tier.name) if whole else wave
    harm = any(host.failed and host.changed for host in among)
    if verdict.ok or not harm or tier.on_failure not in _GO_BACK or tier.returns is ReturnBy.NONE:
        return None
    wanted = {*harmed, *(host.name for host in among if _is_healthy(host) and due(host, now))}
    hosts = tuple(host.name for host in among if host.name in wanted)
    why = f"rolled back with its {'tier' if whole else 'wave'}: {verdict.reason}"
    return Do(Step.ROLLBACK, hosts, why) if hosts else None


_GO_BACK = frozenset({OnFailure.ROLLBACK, OnFailure.ROLLBACK_TIER})


def _is_healthy(host: HostState) -> bool:
    """Tell whether a host is, or is about to be, patched and well."""
    patched = EndState.PATCHED in {host.fate, host.end}
    return patched and not host.failed and not host.rolled_back and host.started is None


def leave(wave: Sequence[HostState], now: datetime) -> Action | None:
    """Take the hosts of a wave out of maintenance mode that have nothing else to do there."""
    hosts = ready(wave, Step.LEAVE, now)
    return Do(Step.LEAVE, hosts) if hosts else None
