"""Hosts that do not answer: when they are asked again, what is asked of one in doubt, when nobody hopes any more."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from patchtide.core.actions import Action, Do, Settle, Wait
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.wall import longest

_STAGE_TRIES = 3
_UNHEARD_TRIES = 5
"""How often in a row a step may go unanswered on a host that answers when it is looked at."""

_LONGEST_PAUSE = 60
"""Seconds between two tries of a host that does not answer, at the most."""


def given_up(run: Run, now: datetime) -> Action | None:
    """Hosts that did not answer for too long are counted as failed; one that was begun needs a person."""
    for host in run.hosts.having(Trait.LOST):
        if not _out_of_patience(run, host, now):
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
    together = len(run.plan.wave_of(host.name))
    return limits.lost + (longest(run.plan, host.tier, together) if alone else timedelta(0))


def look(run: Run, now: datetime) -> Action | None:
    """A step that was started and not answered leaves a host in doubt: its own journal knows."""
    doubtful = tuple(host.name for host in run.hosts.having(Trait.IN_DOUBT) if due(host, now))
    return Do(Step.PROBE, doubtful, "in doubt: what does the host's journal say?") if doubtful else None


def due(host: HostState, now: datetime) -> bool:
    """Tell whether a host is to be tried now: it answers, or its pause is over."""
    if host.lost_since is None:
        return True
    return now >= _next_try(host) or (host.last_try is not None and now < host.last_try)  # the clock was set back


def _next_try(host: HostState) -> datetime:
    tried = host.last_try or host.lost_since or datetime.min.replace(tzinfo=UTC)
    return tried + timedelta(seconds=min(_LONGEST_PAUSE, 2**host.tries))


def ready(hosts: Iterable[HostState], step: Step, now: datetime) -> tuple[str, ...]:
    """Return which of the hosts a step comes next for, and may be begun on now."""
    idle = (host for host in hosts if host.next is step and host.started is None and not host.unclear)
    return tuple(host.name for host in idle if due(host, now))


def patience(run: Run) -> Action | None:
    """Nothing else can be done now, but hosts that did not answer will be tried again."""
    lost = tuple(run.hosts.having(Trait.LOST))
    if not lost:
        return None
    first = min(lost, key=_next_try)
    return Wait(_next_try(first), "lost", f"{first.name} does not answer: {first.lost_why}", first.tier)
