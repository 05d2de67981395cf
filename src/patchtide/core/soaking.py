"""Soaking and monitoring: what was patched is judged again and again, before anything follows it and after it all."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from patchtide.core.actions import Action, Do, Wait
from patchtide.core.hosts import Trait
from patchtide.core.plan import TierPlan
from patchtide.core.run import HostState, Run
from patchtide.core.steps import Step


def soak(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """After its last wave a tier is judged again and again until its soak has passed."""
    if not tier.soak or run.aborted is not None or run.hosts.count(Trait.UNSETTLED, tier.name):
        return None
    hosts = tuple(run.hosts.having(Trait.PATCHED, tier.name))
    return _judged_again(hosts, tier.soak, tier.soak_every, now, ("soak", f"tier {tier.name!r} soaks", tier.name))


def monitor(run: Run, now: datetime) -> Action | None:
    """After the last wave of all, everything that was patched is judged again and again for a while."""
    if not run.plan.monitor or run.aborted is not None or run.hosts.count(Trait.UNSETTLED):
        return None
    hosts = tuple(run.hosts.having(Trait.PATCHED))
    said = ("monitor", "every wave is done; what was patched is watched", "")
    return _judged_again(hosts, run.plan.monitor, run.plan.monitor_every, now, said)


def _judged_again(
    patched: Sequence[HostState], span: timedelta, every: timedelta, now: datetime, said: tuple[str, str, str]
) -> Action | None:
    left = [host.left_at for host in patched if host.left_at is not None]
    if not left:
        return None
    over = max(left) + span
    judged = {h.name: h.verified_at for h in patched if h.verified_at is not None and h.verified_at < over}
    if not judged:
        return None
    due = min(over, *(at + every for at in judged.values()))
    code, word, tier = said
    if due <= now:
        return Do(Step.VERIFY, tuple(judged), code)  # all at once, whoever was judged first
    return Wait(due, code, f"{word} until {over:%Y-%m-%d %H:%M:%S} UTC", tier)
