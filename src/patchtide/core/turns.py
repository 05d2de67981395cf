"""Between two waves: the canaries have soaked and were patched, and the pause has passed."""

from collections.abc import Sequence
from datetime import datetime

from patchtide.core.actions import Action, Settle, Wait
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.soaking import judged_again, last_left
from patchtide.core.steps import EndState


def between(run: Run, tier: TierPlan, number: int, now: datetime) -> Action | None:
    """Return what has to happen before a wave (counted from 0) may begin: the canaries' soak, and the pause."""
    wave = [run.hosts[name] for name in tier.waves[number]]
    if not number or not all(host.settled or host.unbegun for host in wave):
        return None
    proven = _canaries(run, tier, now) if number >= tier.canaries > 0 else None
    return proven or _pause(run, tier, number, now)


def _canaries(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    canaries = tuple(run.hosts[name] for name in tier.canary_hosts)
    said = ("soak", f"the canary of tier {tier.name!r} soaks", tier.name)
    patched = tuple(host for host in canaries if host.patched)
    if not patched:
        return _unproven(run, tier, canaries)
    soaks = tier.canary_soak and all(host.settled for host in canaries)
    return judged_again(patched, last_left(patched, tier.canary_soak), tier.soak_every, now, said) if soaks else None


def _unproven(run: Run, tier: TierPlan, canaries: Sequence[HostState]) -> Action:
    """Canaries of which none was patched show nothing about those who come after them."""
    first = canaries[0]
    why = f"no canary of tier {tier.name!r} was patched ({first.name}: {first.reason}), so nothing shows what it does"
    return Settle(tuple(host.name for host in run.hosts.having(Trait.UNBEGUN, tier.name)), EndState.UNTOUCHED, why)


def _pause(run: Run, tier: TierPlan, number: int, now: datetime) -> Action | None:
    before = (run.hosts[name].left_at for wave in tier.waves[:number] for name in wave)
    over = max((at for at in before if at is not None), default=now - tier.pause) + tier.pause
    if over <= now:
        return None
    return Wait(over, "pause", f"tier {tier.name!r} pauses between waves until {over:%Y-%m-%d %H:%M:%S} UTC", tier.name)
