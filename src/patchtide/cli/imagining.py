"""What is to be simulated: a plan of a file, of the configuration here, or of a fleet that is made up."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from patchtide.cli.call import Call
from patchtide.cli.files import text_in
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.packages import Package, Pending, Platform
from patchtide.core.patchset import Probe, Selection
from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.settings import Settings
from patchtide.core.steps import Step
from patchtide.documents import plan_of, sealed
from patchtide.engine.survey import members
from patchtide.simulation.durations import Durations, Learned, learned
from patchtide.simulation.faults import faults_named
from patchtide.simulation.plans import REQUESTER, START, plain_plan
from patchtide.simulation.story import Scenario
from patchtide.wiring import CONFIG_NAME, executor, settings, store

RANDOM = "random"
_FEW = 20
"""Hosts of the fleet that is made up where nothing else is said."""
_LATEST = 5
"""Runs of the log that durations and failures are learned from."""
_UNLIMITED = 1_000_000
_YEARS = range(1900, 2200)
"""Calendars look years back and ahead, and time has a first and a last year."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was said on the command line."""

    source: str | None
    hosts: int | None
    fail: str | None
    seed: int
    faults: str
    at: str | None
    took: tuple[str, ...]
    forks: int | None


@dataclass(frozen=True, slots=True)
class Imagined:
    """A scenario, what it is of, and the words that tell it again."""

    scenario: Scenario
    of: str
    words: tuple[str, ...]

    def replay(self, seed: int) -> str:
        """Return the command that tells one run again."""
        return shlex.join([*self.words, "--seed", str(seed)])


@dataclass(frozen=True, slots=True)
class _Ground:
    """What a simulation stands on."""

    plan: Plan
    at: datetime
    of: str
    forks: int = _UNLIMITED
    known: Learned = field(default_factory=lambda: Learned({}, 0.0, 0))


def scenario_of(call: Call, wanted: Wanted) -> Imagined:
    """Return what is to be simulated; raises UsageError for what cannot be."""
    if wanted.source is not None and wanted.hosts is not None:
        raise UsageError("--plan and --hosts name two fleets", hint="Leave one of them out.")
    ground = _ground(call, wanted)
    took: Mapping[Step, float] = dict(map(_took, wanted.took))
    scenario = Scenario(
        plan=ground.plan,
        at=ground.at,
        seed=wanted.seed,
        faults=faults_named(wanted.faults),
        fail=ground.known.failed if wanted.fail is None else _share(wanted.fail),
        forks=wanted.forks or ground.forks,
        durations=Durations({**ground.known.durations, **took}),
    )
    return Imagined(scenario, ground.of, _words(call, wanted, scenario))


def _words(call: Call, wanted: Wanted, scenario: Scenario) -> tuple[str, ...]:
    """Return the command with everything in it that would change by tomorrow."""
    said = ["patchtide", "simulate", *(["--config", str(call.config)] if call.config else [])]
    said += ["--plan", wanted.source] if wanted.source else []
    said += ["--hosts", str(wanted.hosts)] if wanted.hosts else []
    said += [f"--took={text}" for text in wanted.took]
    said += ["--forks", str(wanted.forks)] if wanted.forks else []
    return (*said, "--fail", f"{scenario.fail * 100:g}%", "--faults", wanted.faults, "--at", _stamp(scenario.at))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ground(call: Call, wanted: Wanted) -> _Ground:
    now = datetime.now(UTC).replace(microsecond=0) if wanted.at is None else _instant(wanted.at)
    begun = START if wanted.at is None else now
    if wanted.source == RANDOM:
        return _Ground(plain_plan(1), begun, "plans made up from each seed")
    if wanted.source is not None:
        return _Ground(plan_of(text_in(Path(wanted.source), "the plan"), wanted.source), now, wanted.source)
    if wanted.hosts is None and (call.config is not None or Path(CONFIG_NAME).exists()):
        return _configured(settings(call.config), now)
    hosts = wanted.hosts or _FEW
    return _Ground(plain_plan(hosts, begun), begun, f"a made-up fleet of {hosts} hosts")


def _configured(project: Settings, now: datetime) -> _Ground:
    log = store(project)
    histories = ((event for _, event in log.events(run_id)) for run_id in log.runs()[-_LATEST:])
    hosts = members(executor(project), project)
    plan = imagined_plan(project, hosts, now)
    return _Ground(plan, now, project.path, project.forks, learned(histories))


def imagined_plan(project: Settings, hosts: Mapping[str, tuple[Host, ...]], now: datetime) -> Plan:
    """Return the plan that a project would have if one made-up update waited on each of its hosts."""
    probes = {host.name: _probe(host.name) for some in hosts.values() for host in some}
    return sealed(planned(replace(project, selection=Selection()), hosts, probes, now, REQUESTER))


def _probe(host: str) -> Probe:
    platform = Platform("debian", "12", "amd64", "apt", "bookworm")
    file = Package("tide", "amd64", "1.1", "tide_1.1_amd64.deb", 1000, "ab" * 32, security=True)
    return Probe(platform, f"machine of {host}", "6.1", "boot", (Pending(file, "1.0"),))


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"--at: {text!r} is no time", hint="Write one as in 2027-01-03T01:30Z.") from None
    if found.year not in _YEARS:
        raise UsageError(f"--at: {text!r} is no time of our centuries", hint="Write one as in 2027-01-03T01:30Z.")
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _share(text: str) -> float:
    """Return a percentage as a share from 0 to 1."""
    try:
        share = float(text.strip().removesuffix("%")) / 100
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise UsageError(f"--fail: {text!r} is no share of hosts", hint="Write a percentage from 0% to 100%: 3%.")
    return share


def _took(text: str) -> tuple[Step, float]:
    name, _, seconds = text.partition("=")
    try:
        found = (Step(name.strip()), float(seconds.strip().removesuffix("s")))
    except ValueError:
        found = (Step.PROBE, math.nan)
    if not 0 < found[1] < math.inf:
        hint = f"Write a step and its seconds: patch=90. Steps: {', '.join(Step)}."
        raise UsageError(f"--took: {text!r} is no duration of a step", hint=hint)
    return found
