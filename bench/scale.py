"""How cost grows without a host: `python -m bench.scale` prints seconds, bytes and events a second as JSON."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from patchtide.adapters.store import SqliteStore
from patchtide.core.decide import decide
from patchtide.core.events import Event, Finding, HostFinished, Installed, RunOpened, Status, StepStarted
from patchtide.core.fleet import Host
from patchtide.core.health import Measurement
from patchtide.core.packages import Package, Pending, Platform
from patchtide.core.patchset import Probe, Selection
from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.policy import Amount
from patchtide.core.run import folded
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.steps import Step
from patchtide.documents import sealed
from patchtide.simulation.plans import START, plain_plan

_STEPS = (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE)
_PACKAGES = 50


def main() -> int:
    """Measure and print."""
    print(json.dumps(figures(), indent=2))  # noqa: T201 - a program that talks to a person
    return 0


def figures() -> dict[str, float]:
    """Return what was measured on this machine."""
    with TemporaryDirectory(prefix="patchtide-scale-") as folder:
        log = SqliteStore(Path(folder) / "log.db")
        plan = plain_plan(1000)
        seconds, count = _timed(lambda: _written(log, "run-1", plan, history(plan)))
        rest: dict[str, float] = {
            "events_per_second": round(count / seconds),
            "memory_of_1000_hosts": _peak_of(log, folder),
        }
        large = plain_plan(10_000)
        fast = SqliteStore(Path(folder) / "large" / "log.db", durable=False)
        _written(fast, "run-2", large, list(history(large))[: 5 * 6000])
        seconds, _ = _timed(lambda: _decided(fast))
        rest |= {"resume_of_10000_hosts": round(seconds, 2)}
    seconds, _ = _timed(lambda: planned_of(10_000))
    starts = min(_started("-c", "pass") for _ in range(5))
    helps = min(_started("-m", "patchtide", "--help") for _ in range(5))
    return {**rest, "plan_of_10000_hosts": round(seconds, 2), "help_in_interpreter_starts": round(helps / starts, 1)}


def history(plan: Plan) -> Iterator[Event]:
    """Yield the events of a run in which everything goes well."""
    attempt = 0
    for wave in (wave for tier in plan.tiers for wave in tier.waves):
        for step in _STEPS:
            attempt += 1
            yield StepStarted(START, step, wave, attempt)
            for host in wave:
                yield HostFinished(START, step, host, attempt, Status.OK, "", _found(plan, step, host))


def _found(plan: Plan, step: Step, host: str) -> Finding:
    if step is Step.PATCH:
        return Finding(installed=tuple(Installed(f.name, f.arch, f.version, f.sha256) for f, _ in plan.packages(host)))
    fine = tuple(Measurement(check.name, "pass", before="pass") for check in plan.checks)
    return Finding(measurements=fine, confirmed=True) if step is Step.VERIFY else Finding()


def _written(log: SqliteStore, run_id: str, plan: Plan, events: Iterator[Event] | list[Event]) -> int:
    log.append(run_id, RunOpened(START, plan, plan.created_by))
    return 1 + sum(1 for event in events if log.append(run_id, event))


def _decided(log: SqliteStore) -> object:
    """Do what a controller does before it goes on with a run: read its log, and ask what comes next."""
    return decide(folded(event for _, event in log.events("run-2")), START)


def planned_of(count: int) -> Plan:
    """Return the plan of a fleet from what was recorded of it: some dozens of updates on each host."""
    hosts = [f"host{number:05d}" for number in range(count)]
    files = tuple(
        Pending(Package(f"tide{n}", "amd64", "1.1", f"tide{n}_1.1_amd64.deb", 1000, f"{n:064x}"), "1.0")
        for n in range(_PACKAGES)
    )
    platform = Platform("debian", "12", "amd64", "apt", "bookworm")
    probes = {host: Probe(platform, f"id-{host}", "6.1", "boot", files) for host in hosts}
    tier = TierSettings("test", "all", always=True, waves=(Amount(percent=10),), soak=timedelta(hours=1))
    members = {"test": tuple(map(Host, hosts[: count // 10])), "prod": tuple(map(Host, hosts[count // 10 :]))}
    settings = Settings("patchtide.yml", ("inventory",), "state", (tier, replace(tier, name="prod")))
    return sealed(planned(replace(settings, selection=Selection()), members, probes, START, "ann"))


def _peak_of(log: SqliteStore, folder: str) -> int:
    """Return the most memory (bytes) of a process that folds the history of 1,000 hosts."""
    log.close()
    code = f"from bench.scale import peak; print(peak({str(Path(folder) / 'log.db')!r}))"
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


def peak(path: str) -> int:
    """Fold a log and return the most memory that this process ever had, in bytes."""
    folded(event for _, event in SqliteStore(Path(path)).events("run-1"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _timed(work: Callable[[], object]) -> tuple[float, int]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found if isinstance(found, int) else 0


def _started(*words: str) -> float:
    quiet = {**os.environ, "NO_COLOR": "1"}
    seconds, _ = _timed(lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True, env=quiet))
    return seconds


if __name__ == "__main__":
    sys.exit(main())
