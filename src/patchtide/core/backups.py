"""When hosts are backed up again: their turn comes later than their backup counts."""

from collections.abc import Sequence
from datetime import datetime

from patchtide.core.actions import Action, Do, Settle, Wait
from patchtide.core.backup import MOST, outdated
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step


def renewed(run: Run, tier: TierPlan, hosts: Sequence[str], at: datetime) -> Action | None:
    """Hosts whose backup is too old at an instant are backed up again; one for which that never ends stays as it is."""
    backup = run.plan.backup_of(tier.name)
    if backup is None:
        return None
    old = outdated(backup, ((name, run.hosts[name].backed_up) for name in hosts), at)
    hopeless = tuple(name for name in old if run.hosts[name].backups >= MOST)
    if hopeless:
        why = f"it was backed up {MOST} times, and each backup was older than {backup.max_age} when its turn came"
        return Settle(hopeless, EndState.UNTOUCHED, why, failed=True)
    return Do(Step.STAGE, old, "the backup would be too old") if old else None


def before(run: Run, tier: TierPlan, hosts: Sequence[str], action: Action, now: datetime) -> Action:
    """Hosts that wait for a window are backed up again right before it opens, where that is needed."""
    backup = run.plan.backup_of(tier.name)
    if backup is None or not isinstance(action, Wait):
        return action
    again = renewed(run, tier, hosts, action.until)
    if again is None:
        return action
    begin = action.until - backup.timeout
    reason = f"{action.reason}; hosts are backed up again before that"
    return again if begin <= now else Wait(begin, action.code, reason, action.tier)
