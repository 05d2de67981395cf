"""What each host is asked to do in a step: plain data, one document per host."""

from collections.abc import Mapping

from patchtide.core.backup import Backup
from patchtide.core.health import HOST, Check
from patchtide.core.maintenance import TASKS, Hook, named
from patchtide.core.packages import Package
from patchtide.core.plan import Plan
from patchtide.core.policy import RestartPolicy, ReturnBy
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.core.wall import confirm_within, heard_within


def request(run_id: str, run: Run, step: Step, host: str, attempt: int, together: int = 1) -> dict[str, object]:
    """Return the parameters of a step for one host, with which so many go `together`; durations are in seconds."""
    tier = run.hosts[host].tier
    limits, within = run.plan.limits, confirm_within(run.plan, tier, together)
    asked: dict[str, object] = {"run": run_id, "attempt": attempt}
    match step:
        case Step.PROBE:
            return {**asked, "refresh": False, "advisories": False, "checks": [], "without": []}
        case Step.STAGE:
            files = {"packages": _packages(run.plan, host), "removes": _removes(run.plan, host)}
            proof = {"returns": str(run.plan.returns(tier)), "backup": _backup(run.plan.backup_of(tier))}
            return {**asked, **files, "supply": {}, **proof, "machine_id": run.plan.hosts[host].machine_id}
        case Step.ENTER:
            return {**asked, "state": "entered", "actions": _actions(run, host), "hooks": _hooks(run.plan, tier)}
        case Step.LEAVE:
            return {**asked, "state": "left", "hooks": _hooks(run.plan, tier)}
        case Step.PATCH:
            change = {"packages": _packages(run.plan, host), "removes": _removes(run.plan, host)}
            timed = {"deadline": limits.patch, "confirm": within, "way_back": limits.rollback}
            timing = {name: each.total_seconds() for name, each in timed.items()}
            entering = {"enter": run.plan.enters_with_update(tier), "actions": _actions(run, host)}
            return {**asked, **change, **entering, "checks": _checks(run, tier), **timing, **_restarts(run.plan)}
        case Step.REBOOT:
            rest = (within - limits.patch * run.plan.rounds(together)).total_seconds() if within else 0.0
            return {**asked, "reboot_timeout": limits.reboot.total_seconds(), "confirm": rest}
        case Step.VERIFY:
            leave = run.hosts[host].entered and run.plan.leaves_with_verification(tier)
            return {**asked, "checks": _checks(run, tier), "enforce": False, "confirm": True, "leave": leave}
        case Step.ROLLBACK:
            back = heard_within(run.plan, tier, together).total_seconds()
            spans = {"deadline": limits.rollback.total_seconds(), "reboot_timeout": limits.reboot.total_seconds()}
            return {**asked, "checks": _checks(run, tier), **spans, "confirm": back}


def time_allowed(run: Run, step: Step, tier: str, hosts: int = 1) -> float:
    """Return how many seconds a step may take on so many hosts before nothing more is expected of it.

    It is the step's own limits, as often as it has to begin until all of them have done it, and some grace.
    """
    limits = run.plan.limits
    spans = (check.warm_up + check.deadline + check.timeout for check in run.plan.checks_of(tier))
    checks = sum(span.total_seconds() for span in spans)
    match step:
        case Step.PATCH:
            own = limits.patch.total_seconds() + checks + _entering_seconds(run, tier)
        case Step.ROLLBACK:
            switched = run.plan.returns(tier) is ReturnBy.SNAPSHOT
            own = limits.rollback.total_seconds() + checks + (limits.reboot.total_seconds() if switched else 0)
        case Step.REBOOT:
            own = limits.reboot.total_seconds()
        case Step.VERIFY:
            own = checks + _SHORT_SECONDS
        case Step.STAGE:
            backup = run.plan.backup_of(tier)
            own = _STAGE_SECONDS + (2 * backup.timeout.total_seconds() if backup is not None else 0)
        case Step.PROBE:
            own = _SHORT_SECONDS
        case Step.ENTER | Step.LEAVE:
            own = _entering_seconds(run, tier)
    return own * run.plan.rounds(hosts) + _GRACE_SECONDS


def _entering_seconds(run: Run, tier: str) -> float:
    """Return how long entering maintenance mode may take on one host, or leaving it, with what it does besides."""
    return _SHORT_SECONDS + sum(hook.timeout.total_seconds() for hook in run.plan.maintenance.of(tier).hooks)


_STAGE_SECONDS = 1800.0
_SHORT_SECONDS = 300.0
_GRACE_SECONDS = 120.0


def _backup(backup: Backup | None) -> dict[str, object] | None:
    """Return how a host is backed up; who runs a file of tasks is not the host itself."""
    if backup is None:
        return None
    if isinstance(backup.verify, str):
        return {"tasks": [path for path in (backup.run, backup.verify) if path is not None]}
    made = list(backup.run) if backup.run is not None else None
    return {"run": made, "verify": list(backup.verify), "timeout": backup.timeout.total_seconds()}


def _actions(run: Run, host: str) -> list[dict[str, object]]:
    """Return what the host does itself to enter maintenance mode."""
    mine = run.plan.maintenance.of(run.hosts[host].tier)
    flags: list[dict[str, object]] = [
        {"kind": "flag", "path": one.path, "content": one.content, "mode": one.mode} for one in mine.flags
    ]
    commands = [_command(hook, host) for hook in mine.hooks if not isinstance(hook.enter, str)]
    return [*flags, *commands]


def _command(hook: Hook, host: str) -> dict[str, object]:
    halves = {"enter": [named(word, host) for word in hook.enter], "leave": [named(word, host) for word in hook.leave]}
    return {"kind": "command", "name": hook.name, **halves, "timeout": hook.timeout.total_seconds()}


def _hooks(plan: Plan, tier: str) -> list[dict[str, object]]:
    """Return the pairs of files with tasks; an older plan has one pair, which has no name."""
    mine = [hook for hook in plan.maintenance.of(tier).hooks if isinstance(hook.enter, str)]
    older = [Hook(TASKS, plan.enter_hook, plan.leave_hook)] if plan.enter_hook and plan.leave_hook else []
    return [{"name": hook.name, "enter": hook.enter, "leave": hook.leave} for hook in (*mine, *older)]


def _restarts(plan: Plan) -> dict[str, object]:
    return {"renew": plan.restarts.policy is RestartPolicy.WHEN_STALE, "keep": list(plan.restarts.keep)}


def _packages(plan: Plan, host: str) -> list[dict[str, object]]:
    return [package_request(package, previous) for package, previous in plan.packages(host)]


def package_request(package: Package, previous: str | None) -> dict[str, object]:
    """Return a package file as the host program takes it, with the version that it replaces."""
    return {
        "name": package.name,
        "arch": package.arch,
        "version": package.version,
        "filename": package.filename,
        "size": package.size,
        "sha256": package.sha256,
        "previous": previous,
    }


def _removes(plan: Plan, host: str) -> list[dict[str, str]]:
    parted = ((one.key.rpartition(":"), one.version) for one in plan.hosts[host].removes)
    return [{"name": name, "arch": arch, "version": version} for (name, _, arch), version in parted]


def _checks(run: Run, tier: str) -> list[dict[str, object]]:
    return [check_request(check) for check in run.plan.checks_of(tier) if check.source == HOST]


def check_request(check: Check) -> dict[str, object]:
    """Return a health check as the host program takes it."""
    timings: Mapping[str, object] = {
        name: getattr(check, name).total_seconds()
        for name in ("warm_up", "every", "healthy_for", "deadline", "timeout")
    }
    return {"name": check.name, "kind": check.kind, "failures": check.failures, **timings, **check.settings}
