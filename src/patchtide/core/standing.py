"""What the test tier has proven in earlier runs and still stands for: hosts that were left behind may have it."""

from collections.abc import Iterable, Mapping, Sequence

from patchtide.core.events import exactly
from patchtide.core.hoststate import HostState
from patchtide.core.packages import Package
from patchtide.core.patchset import Probe
from patchtide.core.run import Run
from patchtide.core.steps import EndState

Standing = Mapping[str, Mapping[str, tuple[Package, str]]]
"""Per platform and package key: the file, and the run that proved it."""


def standing(histories: Iterable[tuple[str, Run]], probes: Mapping[str, Probe], kept_out: Iterable[str]) -> Standing:
    """Return the files that these (test) hosts installed in earlier runs, kept, and have installed to this day.

    `histories` are runs with their ids, newest first; `kept_out` are the `package=version` in quarantine.
    """
    refused = frozenset(kept_out)
    found: dict[str, dict[str, tuple[Package, str]]] = {}
    for run_id, run in histories:
        if not _harmless(run):
            continue
        for name in probes.keys() & run.hosts.keys():
            probe, of_platform = probes[name], found.setdefault(probes[name].platform.key, {})
            for package in _kept(run, run.hosts[name], probe):
                if package.exact not in refused:
                    of_platform.setdefault(package.key, (package, run_id))
    return found


def _harmless(run: Run) -> bool:
    """Whether a run went to its end without a host that suffered, and without anybody's objection."""
    objected = run.aborted is not None or bool(run.asked)
    return run.outcome is not None and not objected and not any(h.failed and h.changed for h in run.hosts.values())


def _kept(run: Run, host: HostState, probe: Probe) -> list[Package]:
    """Return what a host got in a run and still has, file by file."""
    planned = run.plan.hosts[host.name]
    if host.end is not EndState.PATCHED or planned.platform != probe.platform.key:
        return []
    if planned.machine_id != probe.machine_id:
        return []  # the name is another machine's by now
    told = set(map(exactly, host.installed))
    files = (file for file, _ in run.plan.packages(host.name))
    return [file for file in files if exactly(file) in told and probe.installed.get(file.key) == file.version]


def widened(patch_set: Mapping[str, tuple[Package, ...]], proven: Standing) -> dict[str, tuple[Package, ...]]:
    """Return a patch set with what stands beside it; what waits on the test tier comes first."""
    platforms = sorted({*patch_set, *proven})
    return {platform: _beside(patch_set.get(platform, ()), proven.get(platform, {})) for platform in platforms}


def _beside(files: Sequence[Package], proven: Mapping[str, tuple[Package, str]]) -> tuple[Package, ...]:
    known = {key: package for key, (package, _) in proven.items()} | {package.key: package for package in files}
    return tuple(known[key] for key in sorted(known))


def relied_on(patch_set: Mapping[str, tuple[Package, ...]], proven: Standing) -> dict[str, str]:
    """Return, for the files of a patch set that an earlier run has proven, their sha256 and that run."""
    runs = {package.sha256: run for files in proven.values() for package, run in files.values()}
    return {file.sha256: runs[file.sha256] for files in patch_set.values() for file in files if file.sha256 in runs}
