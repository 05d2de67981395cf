"""How cost grows without a host: `python -m bench.scale` prints seconds, bytes and events a second as JSON."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from patchtide.adapters.store import SqliteStore
from patchtide.adapters.store.schema import chained
from patchtide.core.decide import decide
from patchtide.core.events import (
    Event,
    Finding,
    Held,
    HostFinished,
    Installed,
    RunEnded,
    RunOpened,
    Status,
    StepStarted,
)
from patchtide.core.fleet import Host
from patchtide.core.fold import folded
from patchtide.core.health import Measurement
from patchtide.core.packages import Package, Pending, Platform
from patchtide.core.patchset import Probe, Selection
from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.policy import Amount
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.steps import Outcome, Step
from patchtide.documents import event_text, sealed
from patchtide.simulation.plans import START, plain_plan

_STEPS = (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE)
_PACKAGES = 50
_PROJECT = """inventory: hosts.yml
tiers: [{name: test, hosts: all, window: always, soak: 1h}]
health: [{name: web, http: {port: 80}}]
"""


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
        rest |= looks(Path(folder) / "long")
    seconds, _ = _timed(lambda: planned_of(10_000))
    starts = min(_started("-c", "pass") for _ in range(5))
    helps = min(_started("-m", "patchtide", "--help") for _ in range(5))
    return {**rest, "plan_of_10000_hosts": round(seconds, 2), "help_in_interpreter_starts": round(helps / starts, 1)}


def looks(folder: Path) -> dict[str, float]:
    """Return how many seconds it takes to look at a state of a million events whose last run has not ended."""
    folder.mkdir()
    (folder / "patchtide.yml").write_text(_PROJECT, encoding="utf-8")
    filled(folder / ".patchtide" / "log.db", 1_000_000)
    return {f"{word}_of_1000000_events": min(_called(folder, word) for _ in range(5)) for word in ("status", "history")}


def filled(path: Path, most: int) -> None:
    """Write runs of 1,000 hosts with so many events in all; the last event of each goes the way that all go."""
    plan = plain_plan(1000)
    events: list[Event] = [RunOpened(START, plan, plan.created_by), *history(plan)]
    texts = [event_text(event) for event in events]  # the same in every run
    store, waits = SqliteStore(path, durable=False), Held(START, "window", "opens later", START)
    names = [f"run-{number:05d}" for number in range(most // (len(events) + 1))]
    for name in names:
        store.append(name, events[0])
        with closing(sqlite3.connect(path)) as log, log:
            log.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)", _rows(name, events, texts))
        store.append(name, waits if name == names[-1] else RunEnded(START, Outcome.DONE, "all is well"))
    store.close()


def _rows(name: str, events: list[Event], texts: list[str]) -> Iterator[tuple[str, int, str, str, str, str]]:
    """Yield the rows of all events but the first, chained as the store does it."""
    before = chained(name, texts[0])
    for seq, (event, text) in enumerate(zip(events[1:], texts[1:], strict=True), start=2):
        before = chained(before, text)
        yield name, seq, event.at.isoformat(), event.kind, text, before


def _called(folder: Path, word: str) -> float:
    return round(_started("-m", "patchtide", word, "--config", str(folder / "patchtide.yml")), 2)


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
