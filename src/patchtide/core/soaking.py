"""Soaking and monitoring: what was patched is judged again and again, before anything follows it and after it all."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from patchtide.core.actions import Action, Do, Wait
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import Step


def soak(run: Run, tier: TierPlan, now: datetime) -> Action | None:
    """After its last wave a tier is judged again and again until its soak has passed."""
    if not tier.soak or run.aborted is not None or run.hosts.count(Trait.UNSETTLED, tier.name):
        return None
    hosts = tuple(run.hosts.having(Trait.PATCHED, tier.name))
    said = ("soak", f"tier {tier.name!r} soaks", tier.name)
    return judged_again(hosts, last_left(hosts, tier.soak), tier.soak_every, now, said)


def monitor(run: Run, now: datetime) -> Action | None:
    """After the last wave of all, everything that was patched is judged again for a while, tier by tier."""
    if not run.plan.monitor or run.aborted is not None or run.hosts.count(Trait.UNSETTLED):
        return None
    over = last_left(run.hosts.having(Trait.PATCHED), run.plan.monitor)
    waits: list[Wait] = []
    for tier in run.plan.tiers:
        hosts = tuple(run.hosts.having(Trait.PATCHED, tier.name))
        said = ("monitor", "every wave is done; what was patched is watched", tier.name)
        action = judged_again(hosts, over, run.plan.monitor_every, now, said)
        if isinstance(action, Do):
            return action
        waits += [action] if action else []
    return min(waits, key=lambda wait: wait.until, default=None)


def soaks(run: Run) -> Iterator[tuple[str, str, datetime]]:
    """Yield what soaks and until when: a tier with "canary" or "", and ("", "") for everything that is watched."""
    if run.aborted is not None:
        return
    for tier in run.plan.tiers:
        canaries = [run.hosts[name] for name in tier.canary_hosts]
        if not run.hosts.count(Trait.UNSETTLED, tier.name):
            yield from _soaking(tier.name, "", run.hosts.having(Trait.PATCHED, tier.name), tier.soak)
        elif canaries and all(host.settled for host in canaries):
            yield from _soaking(tier.name, "canary", (h for h in canaries if h.patched), tier.canary_soak)
    if not run.hosts.count(Trait.UNSETTLED):
        yield from _soaking("", "", run.hosts.having(Trait.PATCHED), run.plan.monitor)


def _soaking(
    tier: str, what: str, patched: Iterable[HostState], span: timedelta
) -> Iterator[tuple[str, str, datetime]]:
    over = last_left(patched, span) if span else None
    if over is not None:
        yield tier, what, over


def last_left(patched: Iterable[HostState], span: timedelta) -> datetime | None:
    """Return when a span is over that begins when the last of these hosts left maintenance mode."""
    left = [host.left_at for host in patched if host.left_at is not None]
    return max(left) + span if left else None


def judged_again(
    patched: Sequence[HostState], over: datetime | None, every: timedelta, now: datetime, said: tuple[str, str, str]
) -> Do | Wait | None:
    """Judge hosts again and again until then; `said`: the code, the words and the tier of the waiting."""
    if over is None:
        return None
    judged = {h.name: h.verified_at for h in patched if h.verified_at is not None and h.verified_at < over}
    if not judged:
        return None
    due = min(over, *(at + every for at in judged.values()))
    code, word, tier = said
    if due <= now:
        return Do(Step.VERIFY, tuple(judged), code)  # all at once, whoever was judged first
    return Wait(due, code, f"{word} until {over:%Y-%m-%d %H:%M:%S} UTC", tier)
