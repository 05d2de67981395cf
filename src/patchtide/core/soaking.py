"""Soaking: what was patched is judged again and again before anything follows it."""

from datetime import datetime

from patchtide.core.actions import Action, Do, Wait
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step


def soak(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """After its last wave a tier is judged again and again until its soak has passed."""
    hosts = run.in_tier(tier.name)
    patched = [host for host in hosts if host.end is EndState.PATCHED]
    left = [host.left_at for host in patched if host.left_at is not None]
    if not tier.soak or not left or run.aborted is not None or not all(host.settled for host in hosts):
        return None
    over = max(left) + tier.soak
    judged = {h.name: h.verified_at for h in patched if h.verified_at is not None and h.verified_at < over}
    if not judged:
        return None
    due = min(over, *(at + tier.soak_every for at in judged.values()))
    if due <= now:
        return Do(Step.VERIFY, tuple(judged), "soak")  # all at once, whoever was judged first
    return Wait(due, "soak", f"tier {tier.name!r} soaks until {over:%Y-%m-%d %H:%M:%S} UTC", tier.name)
