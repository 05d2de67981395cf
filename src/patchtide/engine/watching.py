"""Health as the controller sees it: checks that it makes itself, and playbooks of its users; before and after."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from patchtide.core.events import BaselineTaken, Status
from patchtide.core.health import CONTROLLER, PLAYBOOK, Check
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.engine.desk import Desk
from patchtide.engine.requests import check_request
from patchtide.ports import Deed, Report

MEASURE = "measure"
_GRACE = timedelta(minutes=2)
Measured = dict[str, object]


def baselines(deed: Deed, run: Run, desk: Desk) -> Iterator[BaselineTaken]:
    """Yield what the controller's checks say of hosts that are about to be updated, each host once in a run."""
    if not _checks(deed, run):
        return
    fresh = [host for host in deed.requests if not run.hosts[host].baseline and not run.hosts[host].changed]
    for host, found in _measured(fresh, deed, run, desk, first=True).items():
        if found:
            yield BaselineTaken(desk.clock.now(), host, tuple(found))


def watched(deed: Deed, run: Run, desk: Desk) -> Iterator[Report]:
    """Yield what hosts report of their health, with what the controller's own checks say of them added."""
    if not _checks(deed, run):
        yield from desk.executor.perform(deed)
        return
    well: dict[str, Report] = {}
    for report in desk.executor.perform(deed):
        if report.status is Status.OK:
            well[report.host] = report
        else:
            yield report
    found = _measured(well, deed, run, desk, first=False)
    yield from (_with(report, found[host]) for host, report in well.items())


def _with(report: Report, more: Sequence[Measured]) -> Report:
    return replace(report, data={**report.data, "measurements": [*_list(report.data.get("measurements")), *more]})


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _checks(deed: Deed, run: Run) -> list[Check]:
    tier = run.hosts[next(iter(deed.requests))].tier
    return [check for check in run.plan.checks_of(tier) if check.source == CONTROLLER]


def _measured(hosts: Iterable[str], deed: Deed, run: Run, desk: Desk, *, first: bool) -> dict[str, list[Measured]]:
    """Return what each host's checks say; `first`: before the update, when one look is enough."""
    found: dict[str, list[Measured]] = {host: [] for host in hosts}
    checks = _checks(deed, run) if found else []
    own = [check for check in checks if check.kind != PLAYBOOK]
    past = {host: None if first else list(run.hosts[host].baseline) for host in found}
    if own:
        for host, some in _from_here(own, past, deed, desk).items():
            found[host] += some
    for check in checks:
        if check.kind == PLAYBOOK:
            for host, one in _played(check, list(found), deed, desk, first=first).items():
                found[host].append({**one, "before": _before(check, past[host])})
    return found


def _from_here(
    checks: Sequence[Check], past: Mapping[str, object], deed: Deed, desk: Desk
) -> dict[str, list[Measured]]:
    asked = [check_request(check) for check in checks]
    spans = (check.warm_up + check.deadline + check.timeout for check in checks)
    timeout = (sum(spans, timedelta(0)) + _GRACE).total_seconds()
    requests = {host: {"checks": asked, "past": known} for host, known in past.items()}
    errand = replace(deed, step=Step.VERIFY, playbook=MEASURE, requests=requests, timeout=timeout)
    heard = {report.host: report for report in desk.executor.perform(errand)}
    return {host: _told(heard.get(host), checks) for host in past}


def _told(report: Report | None, checks: Sequence[Check]) -> list[Measured]:
    """Return the measurements in a report; what it does not say was not measured."""
    said = _list(report.data.get("measurements")) if report and report.status is Status.OK else ()
    found = {str(one.get("name")): one for one in said if isinstance(one, dict)}
    why = report.reason if report else "nothing was heard of it"
    silent = {"status": "unmeasured", "detail": f"the controller could not look: {why}"}
    return [dict(found.get(check.name) or {"name": check.name, **silent}) for check in checks]


def _played(check: Check, hosts: list[str], deed: Deed, desk: Desk, *, first: bool) -> dict[str, Measured]:
    """Return how a user's playbook ended on each host: it is run again where it failed, until the deadline."""
    found: dict[str, Measured] = {}
    desk.clock.sleep(0 if first else check.warm_up.total_seconds())
    until = desk.clock.now() + check.deadline
    left = hosts
    while left:
        requests = {host: {"run": deed.run_id, "check": check.name} for host in left}
        path, patience = str(check.settings["playbook"]), check.timeout.total_seconds()
        errand = replace(deed, step=Step.VERIFY, playbook=path, requests=requests, timeout=patience)
        found |= {report.host: _outcome(check, report) for report in desk.executor.perform(errand)}
        left = [host for host in left if found.get(host, {}).get("status") != "pass"]
        if first or desk.clock.now() + check.every > until:
            break
        desk.clock.sleep(check.every.total_seconds())
    silent = Report("", Status.UNKNOWN, "nothing was heard of the host", {})
    return {host: found.get(host) or _outcome(check, silent) for host in hosts}


_STATUSES = {Status.OK: "pass", Status.FAILED: "fail"}


def _outcome(check: Check, report: Report) -> Measured:
    status = _STATUSES.get(report.status, "unmeasured")
    return {"name": check.name, "status": status, "detail": report.reason or "the playbook went well"}


def _before(check: Check, past: Sequence[Mapping[str, object]] | None) -> str:
    known = {str(one.get("name")): one for one in past or ()}
    return str(known.get(check.name, {}).get("status", "none"))
