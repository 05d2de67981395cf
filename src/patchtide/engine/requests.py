"""What each host is asked to do in a step: plain data, one document per host."""

from collections.abc import Mapping

from patchtide.core.health import HOST, Check
from patchtide.core.packages import Package
from patchtide.core.plan import Plan
from patchtide.core.policy import RestartPolicy, ReturnBy
from patchtide.core.run import Run
from patchtide.core.steps import Step


def request(run_id: str, run: Run, step: Step, host: str, attempt: int) -> dict[str, object]:
    """Return the parameters of a step for one host; durations are in seconds."""
    tier = run.hosts[host].tier
    limits, within = run.plan.limits, run.plan.confirm_within(tier)
    asked: dict[str, object] = {"run": run_id, "attempt": attempt}
    match step:
        case Step.PROBE:
            return {**asked, "refresh": False, "advisories": False, "checks": [], "without": []}
        case Step.STAGE:
            files = {"packages": _packages(run.plan, host), "removes": _removes(run.plan, host)}
            machine = run.plan.hosts[host].machine_id
            return {**asked, **files, "supply": {}, "returns": str(run.plan.returns(tier)), "machine_id": machine}
        case Step.ENTER:
            return {**asked, "state": "entered", "hook": run.plan.enter_hook}
        case Step.LEAVE:
            return {**asked, "state": "left", "hook": run.plan.leave_hook}
        case Step.PATCH:
            change = {"packages": _packages(run.plan, host), "removes": _removes(run.plan, host)}
            spans = {"deadline": limits.patch.total_seconds(), "confirm": within.total_seconds()}
            return {**asked, **change, "checks": _checks(run, tier), **spans, **_restarts(run.plan)}
        case Step.REBOOT:
            rest = (within - limits.patch).total_seconds() if within else 0.0
            return {**asked, "reboot_timeout": limits.reboot.total_seconds(), "confirm": rest}
        case Step.VERIFY:
            return {**asked, "checks": _checks(run, tier), "enforce": False, "confirm": True}
        case Step.ROLLBACK:
            back = run.plan.heard_within(tier).total_seconds()
            spans = {"deadline": limits.rollback.total_seconds(), "reboot_timeout": limits.reboot.total_seconds()}
            return {**asked, "checks": _checks(run, tier), **spans, "confirm": back}


def time_allowed(run: Run, step: Step, tier: str) -> float:
    """Return how many seconds a step may take before nothing more is expected of it: its own limits, and some grace."""
    limits = run.plan.limits
    spans = (check.warm_up + check.deadline + check.timeout for check in run.plan.checks_of(tier))
    checks = sum(span.total_seconds() for span in spans)
    match step:
        case Step.PATCH:
            own = limits.patch.total_seconds() + checks
        case Step.ROLLBACK:
            switched = run.plan.returns(tier) is ReturnBy.SNAPSHOT
            own = limits.rollback.total_seconds() + checks + (limits.reboot.total_seconds() if switched else 0)
        case Step.REBOOT:
            own = limits.reboot.total_seconds()
        case Step.VERIFY:
            own = checks
        case Step.STAGE:
            own = _STAGE_SECONDS
        case Step.PROBE | Step.ENTER | Step.LEAVE:
            own = _SHORT_SECONDS
    return own + _GRACE_SECONDS


_STAGE_SECONDS = 1800.0
_SHORT_SECONDS = 300.0
_GRACE_SECONDS = 120.0


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
