"""How a run ends: one outcome for scripts, one sentence for people."""

from collections import Counter

from patchtide.core.gates import failures, stop_verdict
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome


def ending(run: Run) -> str:
    """Return how many hosts ended in which state and, where the run was stopped, why."""
    ends = Counter(host.end for host in run.hosts.values())
    told = ", ".join(f"{ends[end]} {end}" for end in EndState if end in ends)
    stop = stop_verdict(run)
    return told if stop.ok else f"{told}; {stop.reason}"


def outcome(run: Run) -> Outcome:
    """Return the outcome of a run in which nothing is left to do; the worst that happened names it."""
    ends = {host.end for host in run.hosts.values()}
    if EndState.QUARANTINED in ends:
        return Outcome.NEEDS_PERSON
    stopped = not stop_verdict(run).ok
    if EndState.ROLLED_BACK in ends and (stopped or run.asked):
        return Outcome.ROLLED_BACK
    if stopped:
        return Outcome.UNREACHABLE if _only_unreachable(run) else Outcome.HALTED
    failed = any(failures(run, tier) for tier in run.plan.tiers)
    untested = any(host.end is EndState.UNTOUCHED and run.plan.hosts[host.name].changes for host in run.hosts.values())
    return Outcome.PARTLY if failed or untested else Outcome.DONE


def _only_unreachable(run: Run) -> bool:
    failed = [host for tier in run.plan.tiers for host in failures(run, tier)]
    return bool(failed) and all(host.lost_since is not None or run.plan.hosts[host.name].unreachable for host in failed)
