"""Plans, hosts and runs made for tests: small, whole, and with every default that a test does not care about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from patchtide.core.actions import Quarantine
from patchtide.core.decide import decide
from patchtide.core.events import (
    Event,
    Finding,
    HostFinished,
    HostsSettled,
    Installed,
    RunOpened,
    Status,
    StepStarted,
    VersionsQuarantined,
)
from patchtide.core.fold import fold, folded
from patchtide.core.health import Check, Measurement
from patchtide.core.packages import Package, Pending, Platform, Removal
from patchtide.core.patchset import Probe
from patchtide.core.plan import SCHEMA, Change, HostPlan, Plan, TierPlan
from patchtide.core.policy import NONE, Limits, OnFailure, RebootPolicy
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.documents import sealed

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)
DEBIAN = Platform("debian", "12", "amd64", "apt", "bookworm")
SHA = "ab" * 32
WEB = Check("web", "http", {"port": 8080})
GOOD = (Measurement("web", "pass", before="pass"),)
BAD = (Measurement("web", "fail", "status 500", before="pass"),)


def package(name: str = "tide", version: str = "1.1", sha256: str = SHA, **more: object) -> Package:
    made = Package(name, "amd64", version, f"{name}_{version}_amd64.deb", 1000, sha256)
    return replace(made, **more) if more else made  # type: ignore[arg-type]


def pending(
    name: str = "tide",
    version: str = "1.1",
    installed: str | None = "1.0",
    removes: tuple[Removal, ...] = (),
    **more: object,
) -> Pending:
    return Pending(package(name, version, **more), installed, removes)  # type: ignore[arg-type]


def probe(*waiting: Pending, machine: str = "m1", **more: object) -> Probe:
    made = Probe(DEBIAN, machine, "6.1", "boot", waiting)
    return replace(made, **more) if more else made  # type: ignore[arg-type]


def host_plan(name: str, *changes: Change, **more: object) -> HostPlan:
    made = HostPlan(name, DEBIAN.key, f"id-{name}", changes or (Change("tide:amd64", "1.0"),), {})
    return replace(made, **more) if more else made  # type: ignore[arg-type]


def tier(name: str = "test", *waves: tuple[str, ...], **more: object) -> TierPlan:
    made = TierPlan(name, waves or (("t1", "t2"),), (), True, timedelta(0), timedelta(minutes=5), NONE, _ROLLBACK)
    return replace(made, **more) if more else made  # type: ignore[arg-type]


_ROLLBACK = OnFailure.ROLLBACK


def plan(*tiers: TierPlan, hosts: Iterable[HostPlan] = (), **more: object) -> Plan:
    tiers = tiers or (tier(), tier("prod", ("p1",), ("p2", "p3")))
    given = {host.name: host for host in hosts}
    made = Plan(
        schema=SCHEMA,
        created_at=NOW,
        created_by="ann",
        inventory=("inventory",),
        patch_set={DEBIAN.key: (package(),)},
        hosts={name: given.get(name) or host_plan(name) for t in tiers for name in t.hosts},
        tiers=tiers,
        blackouts=(),
        checks=(WEB,),
        limits=Limits(),
        reboot=RebootPolicy.WHEN_OWED,
    )
    return sealed(replace(made, **more) if more else made)  # type: ignore[arg-type]


def opened(of: Plan | None = None, *events: Event, by: str = "ann") -> Run:
    return folded([RunOpened(NOW, of or plan(), by), *events])


def installed(*packages: Package) -> tuple[Installed, ...]:
    return tuple(Installed(p.name, p.arch, p.version, p.sha256) for p in packages or (package(),))


FINE: Mapping[Step, Finding] = {
    Step.PATCH: Finding(installed=installed()),
    Step.VERIFY: Finding(measurements=GOOD, confirmed=True),
    Step.ROLLBACK: Finding(restored="restored", measurements=GOOD),
}


def started(run: Run, step: Step, *hosts: str, at: datetime = NOW, why: str = "") -> Run:
    return fold(run, StepStarted(at, step, hosts, run.attempt + 1, why))


def answered(
    run: Run, step: Step, host: str, status: Status = Status.OK, finding: Finding | None = None, at: datetime = NOW
) -> Run:
    said = finding or (FINE.get(step, Finding()) if status is Status.OK else Finding())
    reason = "" if status is Status.OK else f"{step} {status}"
    return fold(run, HostFinished(at, step, host, run.attempt, status, reason, said))


def did(run: Run, step: Step, *hosts: str, finding: Finding | None = None, at: datetime = NOW) -> Run:
    run = started(run, step, *hosts, at=at)
    for host in hosts:
        run = answered(run, step, host, finding=finding, at=at)
    return run


def failed(run: Run, step: Step, host: str, status: Status = Status.FAILED, at: datetime = NOW) -> Run:
    return answered(started(run, step, host, at=at), step, host, status, at=at)


def carried(run: Run, *hosts: str, at: datetime = NOW) -> Run:
    """Return the run with these hosts patched, healthy and left."""
    for step in (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = did(run, step, *hosts, at=at)
    return run


def entered(run: Run, *hosts: str) -> Run:
    return did(did(run, Step.STAGE, *hosts), Step.ENTER, *hosts)


def kept_out(run: Run) -> Run:
    """Return the run with what was put back written down as in quarantine, as the loop does at once."""
    action = decide(run, NOW)
    if not isinstance(action, Quarantine):
        return run
    return fold(run, VersionsQuarantined(NOW, "patchtide", action.versions, action.reason, action.hosts))


def settled(run: Run, *hosts: str, end: EndState = EndState.UNTOUCHED) -> Run:
    return fold(run, HostsSettled(NOW, hosts, end, "for the test"))
