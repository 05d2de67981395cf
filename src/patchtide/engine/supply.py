"""Files that a host's own sources lack: lent by hosts that have proven them, brought from the controller's depot."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

from patchtide.core.errors import PatchtideError
from patchtide.core.events import RunOpened, Status
from patchtide.core.gates import provers
from patchtide.core.packages import Package
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.engine.desk import Desk
from patchtide.engine.requests import package_request
from patchtide.ports import Deed, Report

LEND = "lend"
_MOST_LENDERS = 3
_KEPT_RUNS = 3
_LEND_SECONDS = 1800.0


def staged(deed: Deed, run: Run, desk: Desk) -> Iterator[Report]:
    """Yield what the hosts of a stage report; where proven files are missing, they are brought and it is tried again.

    The depot is asked first, so that its files go with the first request; what it lacks is borrowed only when a host
    says that it is missing.
    """
    lacking: dict[str, Report] = {}
    for report in desk.executor.perform(_supplied(deed, run, desk)):
        if _missing(report):
            lacking[report.host] = report
        else:
            yield report
    again, why = _helped(lacking, deed, run, desk)
    yield from (_unhelped(report, why) for host, report in lacking.items() if host not in again)
    if again:
        requests = {host: deed.requests[host] for host in again}
        yield from desk.executor.perform(_supplied(replace(deed, requests=requests), run, desk))


def _supplied(deed: Deed, run: Run, desk: Desk) -> Deed:
    """Return the deed with the paths of what the depot has of each host's files."""
    held = desk.depot.held({file.sha256 for host in deed.requests for file, _ in run.plan.packages(host)})
    requests = {
        host: {**asked, "supply": {f.sha256: held[f.sha256] for f, _ in run.plan.packages(host) if f.sha256 in held}}
        for host, asked in deed.requests.items()
    }
    return replace(deed, requests=requests)


def _missing(report: Report) -> tuple[str, ...]:
    named = report.data.get("missing") if report.status is Status.FAILED else None
    return tuple(map(str, named)) if isinstance(named, list | tuple) else ()


def _helped(lacking: Mapping[str, Report], deed: Deed, run: Run, desk: Desk) -> tuple[tuple[str, ...], str]:
    """Borrow what hosts lack; return the hosts for which everything is there now, and why not the others."""
    by_hash = {file.sha256: file for host in lacking for file, _ in run.plan.packages(host)}
    wanted = {name for report in lacking.values() for name in _missing(report) if name in by_hash}
    lenders = {name: provers(run, by_hash[name]) for name in wanted}
    why = borrow([by_hash[name] for name in sorted(wanted)], lenders, deed, desk)
    held = desk.depot.held(wanted)
    return tuple(host for host, report in lacking.items() if set(_missing(report)) <= set(held)), why


def borrow(files: Iterable[Package], lenders: Mapping[str, tuple[str, ...]], deed: Deed, desk: Desk) -> str:
    """Fetch files into the depot, each by its hash from one of the hosts that may have it, one host after the other.

    Return why something is still not there, or nothing. Who does not answer, or sends another file, has lent nothing.
    """
    left = {file.sha256: file for file in files}
    why = "no host has proven it"
    for host in dict.fromkeys(host for hosts in lenders.values() for host in hosts[:_MOST_LENDERS]):
        mine = [file for name, file in left.items() if host in lenders[name]]
        if mine:
            why = _lent(mine, host, deed, desk)
            held = desk.depot.held(left)
            left = {name: file for name, file in left.items() if name not in held}
    return why if left else ""


def pruned(desk: Desk) -> int:
    """Remove from the depot what neither a bundle nor one of the latest runs may need; return how many files went.

    A bundle that cannot be read may need any of them: then none goes, and `patchtide bundle list` says why.
    """
    latest = desk.store.runs()[-_KEPT_RUNS:]
    first = (event for run_id in latest for _, event in islice(desk.store.events(run_id), 1))
    plans = (event.plan for event in first if isinstance(event, RunOpened))
    wanted = {file.sha256 for plan in plans for files in plan.patch_set.values() for file in files}
    try:
        return desk.depot.prune(wanted)
    except PatchtideError:
        return 0


def _lent(files: list[Package], host: str, deed: Deed, desk: Desk) -> str:
    """Fetch what a host has of these files and return why something may not have come."""
    why = f"{host} has not got it any more"
    try:
        with desk.depot.receiving() as folder:
            asked = {"packages": [package_request(file, None) for file in files], "depot": folder}
            errand = replace(deed, step=Step.STAGE, playbook=LEND, requests={host: asked}, timeout=_LEND_SECONDS)
            for report in desk.executor.perform(errand):
                why = why if report.status is Status.OK else f"{host} cannot lend it: {report.reason}"
    except PatchtideError as error:
        return f"{error.message} ({error.hint})"
    return why


def _unhelped(report: Report, why: str) -> Report:
    return replace(report, reason=f"{report.reason}; {why}")
