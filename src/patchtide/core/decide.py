"""What comes next. One pure, total function: the real run, the simulator, `status` and `why-not` all ask it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from patchtide.core.gates import budget_verdict, shut_out, stop_verdict, tier_gate
from patchtide.core.outcome import ending, outcome
from patchtide.core.plan import TierPlan
from patchtide.core.policy import OnFailure, ReturnBy
from patchtide.core.run import HostState, Run
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.verdict import Verdict

_ENTER_MARGIN = timedelta(minutes=1)
"""What entering maintenance mode may cost of a window, so that the update itself still finds its room."""

_STAGE_TRIES = 3
_UNHEARD_TRIES = 5
"""How often in a row a step may go unanswered on a host that answers when it is looked at."""

_LONGEST_PAUSE = 60
"""Seconds between two tries of a host that does not answer, at the most."""

_NEVER = frozenset({"no_window", "never_open"})
_FORWARD = (Step.PATCH, Step.REBOOT, Step.VERIFY)


@dataclass(frozen=True, slots=True)
class Do:
    """Carry out a step on hosts, all at once."""

    step: Step
    hosts: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Settle:
    """Write down that hosts end here, untouched by any further step; `failed` counts against the budget."""

    hosts: tuple[str, ...]
    end: EndState
    reason: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass until an instant (UTC), and why."""

    until: datetime
    code: str
    reason: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """Go on once a person has answered."""

    code: str
    reason: str
    tier: str = ""


@dataclass(frozen=True, slots=True)
class End:
    """The run is over."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Write down that these `package=version`, from which hosts were put back, stay out from now on."""

    versions: tuple[str, ...]
    hosts: tuple[str, ...]
    reason: str


Action: TypeAlias = Do | Settle | Wait | Ask | End | Quarantine


def decide(run: Run, now: datetime) -> Action:
    """Return the one thing to do next, given all that is known; nobody is working on any host when this is asked."""
    return (
        _already_over(run)
        or _quarantine(run)
        or _refusal(run)
        or _stop(run)
        or _given_up(run, now)
        or _look(run, now)
        or _next_in_tiers(run, now)
        or _patience(run)
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
    hosts = tuple(host.name for host in run.hosts.values() if _waiting(host))
    return Settle(hosts, EndState.UNTOUCHED, verdict.reason) if hosts else None


def _waiting(host: HostState) -> bool:
    """Tell whether nothing has begun on a host that would have to be brought to an end."""
    return host.next in {Step.STAGE, Step.ENTER} and host.started is None and not host.entered


def _given_up(run: Run, now: datetime) -> Action | None:
    """Hosts that did not answer for too long are counted as failed; one that was begun needs a person."""
    for host in run.hosts.values():
        if host.lost_since is None or host.settled or not _out_of_patience(run, host, now):
            continue
        begun = host.changed or host.entered
        end = EndState.QUARANTINED if begun else EndState.UNTOUCHED
        why = f"{_where(host)}: {host.lost_why}"
        return Settle((host.name,), end, f"{host.reason}; {why}" if host.failed else why, failed=True)
    return None


def _where(host: HostState) -> str:
    step = host.started or host.next
    return f"lost during {step}" if host.changed else f"did not answer to {step}"


def _out_of_patience(run: Run, host: HostState, now: datetime) -> bool:
    if host.next is Step.STAGE:
        return host.tries >= _STAGE_TRIES
    if host.unheard >= _UNHEARD_TRIES:
        return True
    return host.lost_since is not None and now >= host.lost_since + _looked_for(run, host)


def _looked_for(run: Run, host: HostState) -> timedelta:
    """A host that may be about to restore itself is looked for until it must have done that."""
    limits = run.plan.limits
    alone = host.changed and bool(limits.confirm)
    return limits.lost + (run.plan.wall(host.tier) if alone else timedelta(0))


def _look(run: Run, now: datetime) -> Action | None:
    """A step that was started and not answered leaves a host in doubt: its own journal knows."""
    doubtful = tuple(host.name for host in run.hosts.values() if host.started is not None and _due(host, now))
    return Do(Step.PROBE, doubtful, "in doubt: what does the host's journal say?") if doubtful else None


def _due(host: HostState, now: datetime) -> bool:
    if host.lost_since is None:
        return True
    return now >= _next_try(host) or (host.last_try is not None and now < host.last_try)  # the clock was set back


def _next_try(host: HostState) -> datetime:
    tried = host.last_try or host.lost_since or datetime.min.replace(tzinfo=UTC)
    return tried + timedelta(seconds=min(_LONGEST_PAUSE, 2**host.tries))


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
    return _shut_out(run, tier) or _stage(run, tier, now) or _first_wave(run, tier, now) or _soak(run, tier, now)


def _shut_out(run: Run, tier: TierPlan) -> Action | None:
    """Production gets what test proved and nobody put back, or nothing."""
    for host in run.in_tier(tier.name):
        if _waiting(host) and (why := shut_out(run, host.name)):
            return Settle((host.name,), EndState.UNTOUCHED, why)
    return None


def _stage(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    hosts = _at(run.in_tier(tier.name), Step.STAGE, now)
    return Do(Step.STAGE, hosts) if hosts else None


def _at(hosts: Iterable[HostState], step: Step, now: datetime) -> tuple[str, ...]:
    return tuple(host.name for host in hosts if host.next is step and host.started is None and _due(host, now))


def _first_wave(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """Waves go one after the other: the first one that has unsettled hosts."""
    for names in tier.waves:
        wave = tuple(run.hosts[name] for name in names)
        if any(not host.settled for host in wave):
            return _in_wave(run, tier, wave, now)
    return None


def _in_wave(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime) -> Action | None:
    """The hosts of a wave go step by step together; what began is always finished, gate or no gate."""
    need = run.plan.wall(tier.name)
    stop = stop_verdict(run)
    gate = tier_gate(run, tier, now, need + _ENTER_MARGIN) if stop.ok else stop
    entering = _at(wave, Step.ENTER, now)
    harm = any(host.next is Step.ROLLBACK for host in wave)  # while it is put back, nothing begins beside it
    if entering and gate.ok and not harm:
        return Do(Step.ENTER, entering, gate.reason)
    return (
        _too_late(run, tier, wave, now, need)
        or _forward((host for host in wave if not harm or _begun(host)), now)
        or _undo(run, tier, wave, now)
        or _leave(wave, now)
        or (_shut(run, tier, wave, gate, now) if entering and not gate.ok else None)
    )


def _begun(host: HostState) -> bool:
    return host.next is not Step.PATCH or host.reattach


def _shut(run: Run, tier: TierPlan, wave: Sequence[HostState], gate: Verdict, now: datetime) -> Action:
    """Nobody waits in maintenance mode for a gate, and nobody waits for a window that never opens."""
    inside = _at((host for host in wave if host.entered), Step.ENTER, now)
    if inside:
        return Do(Step.LEAVE, inside, gate.reason)
    if gate.code in _NEVER:
        hosts = tuple(host.name for host in run.in_tier(tier.name) if _waiting(host))
        return Settle(hosts, EndState.UNTOUCHED, gate.reason, failed=True)
    return _hold(gate.code, gate.reason, gate.until, tier.name)


def _too_late(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime, need: timedelta) -> Action | None:
    """An update that has not begun does not begin when its window has no room for it, or the run was stopped."""
    waiting = _at((host for host in wave if not host.reattach), Step.PATCH, now)
    if not waiting:
        return None
    verdict = stop_verdict(run)
    verdict = tier_gate(run, tier, now, need) if verdict.ok else verdict
    return None if verdict.ok else Do(Step.LEAVE, waiting, verdict.reason)


def _forward(wave: Iterable[HostState], now: datetime) -> Action | None:
    hosts_of_wave = tuple(wave)
    for step in _FORWARD:
        hosts = _at(hosts_of_wave, step, now)
        if hosts:
            return Do(step, hosts)
    return None


def _undo(run: Run, tier: TierPlan, wave: Sequence[HostState], now: datetime) -> Action | None:
    """Hosts that were harmed are put back; beyond the budget, so is everything else that their wave changed."""
    harmed = _at(wave, Step.ROLLBACK, now)
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
            return _leave(wave, now) or Ask("on_failure", reason, tier.name)
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
    healthy = tuple(
        host.name
        for host in wave
        if not host.failed and not host.rolled_back and EndState.PATCHED in {host.fate, host.end}
        if host.started is None and _due(host, now)
    )
    hosts = tuple(host.name for host in wave if host.name in {*harmed, *healthy})
    return Do(Step.ROLLBACK, hosts, f"rolled back with its wave: {verdict.reason}") if hosts else None


def _leave(wave: Sequence[HostState], now: datetime) -> Action | None:
    hosts = _at(wave, Step.LEAVE, now)
    return Do(Step.LEAVE, hosts) if hosts else None


def _hold(code: str, reason: str, until: datetime | None, tier: str) -> Action:
    return Ask(code, reason, tier) if until is None else Wait(until, code, reason, tier)


def _soak(run: Run, tier: TierPlan, now: datetime) -> Action | None:
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


def _patience(run: Run) -> Action | None:
    """Nothing else can be done now, but hosts that did not answer will be tried again."""
    lost = [host for host in run.hosts.values() if host.lost_since is not None and not host.settled]
    if not lost:
        return None
    first = min(lost, key=_next_try)
    return Wait(_next_try(first), "lost", f"{first.name} does not answer: {first.lost_why}", first.tier)
