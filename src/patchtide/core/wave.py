"""Inside a wave: its hosts go step by step together, past the gates on the way in, and always to an end."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from patchtide.core.actions import Action, Ask, Do, Settle, Wait
from patchtide.core.backups import before, renewed
from patchtide.core.gates import stop_verdict, tier_gate
from patchtide.core.hoststate import HostState
from patchtide.core.lost import ready
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.unclear import unclear
from patchtide.core.undoing import leave, undo
from patchtide.core.verdict import Verdict
from patchtide.core.wall import entering_need, need

_NEVER = frozenset({"no_window", "never_open", "no_zone", "impact"})
_FORWARD = (Step.PATCH, Step.REBOOT, Step.VERIFY)


def in_wave(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime) -> Action | None:
    """The hosts of a wave go step by step together; what began is always finished, gate or no gate."""
    names = _working(wave)
    room = need(run.plan, tier.name, names).total
    stop = stop_verdict(run)
    gate = tier_gate(run, tier, now, room + entering_need(run.plan, tier.name, names), names) if stop.ok else stop
    entering = ready(wave, Step.ENTER, now)
    harm = any(host.next is Step.ROLLBACK for host in wave)  # while it is put back, nothing begins beside it
    if entering and gate.ok and not harm:
        return renewed(run, tier, entering, now) or Do(Step.ENTER, entering, gate.reason)
    return (
        _too_late(run, tier, wave, now, room)
        or _forward((host for host in wave if not harm or _begun(host)), now)
        or undo(run, tier, wave, now)
        or leave(wave, now)
        or unclear(run, tier, wave)
        or (before(run, tier, entering, _shut(tier, wave, gate, now), now) if entering and not gate.ok else None)
    )


def _working(wave: Iterable[HostState]) -> list[str]:
    return [host.name for host in wave if not host.settled]


def _begun(host: HostState) -> bool:
    return host.next is not Step.PATCH or host.reattach


def _shut(tier: TierPlan, wave: Sequence[HostState], gate: Verdict, now: datetime) -> Action:
    """Nobody waits in maintenance mode for a gate, and nobody waits for a window that never opens."""
    inside = ready((host for host in wave if host.entered), Step.ENTER, now)
    if inside:
        return Do(Step.LEAVE, inside, gate.reason)
    if gate.code in _NEVER:
        hosts = tuple(host.name for host in wave if host.unbegun)
        return Settle(hosts, EndState.UNTOUCHED, gate.reason, failed=True)
    return _hold(gate.code, gate.reason, gate.until, tier.name)


def _too_late(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime, room: timedelta) -> Action | None:
    """An update that has not begun does not begin when its window has no room for it, or the run was stopped."""
    waiting = ready((host for host in wave if not host.reattach), Step.PATCH, now)
    if not waiting:
        return None
    verdict = stop_verdict(run)
    verdict = tier_gate(run, tier, now, room, _working(wave)) if verdict.ok else verdict
    return None if verdict.ok else Do(Step.LEAVE, waiting, verdict.reason)


def _forward(wave: Iterable[HostState], now: datetime) -> Action | None:
    hosts_of_wave = tuple(wave)
    for step in _FORWARD:
        hosts = ready(hosts_of_wave, step, now)
        if hosts:
            return Do(step, hosts)
    return None


def _hold(code: str, reason: str, until: datetime | None, tier: str) -> Action:
    return Ask(code, reason, tier) if until is None else Wait(until, code, reason, tier)
