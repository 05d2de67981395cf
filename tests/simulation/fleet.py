"""A virtual fleet behind the Executor port: hosts with a journal as the real host program keeps one, and faults."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.simulation.moments import Moments, SimClock

from patchtide.core.events import Status
from patchtide.core.fleet import Host
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report

MUTATING = frozenset({Step.ENTER, Step.PATCH, Step.REBOOT, Step.LEAVE, Step.ROLLBACK})


@dataclass
class Faults:
    """What will go wrong on one host; everything is fine by default."""

    fails: dict[Step, int] = field(default_factory=dict)
    """How often a step fails, before it works."""
    mute: dict[Step, int] = field(default_factory=dict)
    """How often a step's answer is lost (`unknown`), whether or not it was done."""
    odd: dict[Step, int] = field(default_factory=dict)
    """How often a step's answer is rubbish."""
    dark: tuple[tuple[datetime, datetime], ...] = ()
    """When the host cannot be reached."""
    half: bool = False
    """A failing patch leaves the host half changed."""
    sick_from: timedelta | None = None
    """How long after its update the host turns unhealthy."""
    sick_always: bool = False
    reboot_owed: bool = False
    rollback: str = "restored"


@dataclass
class Deedlet:
    """Something that was really done on a host."""

    at: datetime
    step: Step
    attempt: int


@dataclass
class VirtualHost:
    """One machine: what is installed, what its journal knows, and what was really done there."""

    name: str
    versions: dict[str, str]
    faults: Faults
    old: dict[str, str] = field(default_factory=dict)
    journal: dict[str, Any] = field(default_factory=dict)
    highest: int = 0
    entered: bool = False
    patched_at: datetime | None = None
    restores_at: datetime | None = None
    """When it restores itself, unless it is confirmed before."""
    rollbacks: int = 0
    done: list[Deedlet] = field(default_factory=list)

    def healthy(self, now: datetime) -> bool:
        if self.faults.sick_always:
            return False
        sick_from = self.faults.sick_from
        return not (sick_from is not None and self.patched_at is not None and now >= self.patched_at + sick_from)

    def wait_to_be_confirmed(self, now: datetime, seconds: float) -> None:
        self.restores_at = now + timedelta(seconds=seconds) if seconds else None

    def help_itself(self, now: datetime) -> None:
        """Do what the confirm timer did meanwhile."""
        if self.restores_at is None or now < self.restores_at:
            return
        self.restores_at = None
        if "rollback" not in self.journal and self.faults.rollback != "failed":
            self.go_back()
            self.journal["rollback"]["by"] = "timer"

    def go_back(self) -> None:
        self.rollbacks += 1
        self.versions = dict(self.old)
        self.patched_at = None
        self.journal["rollback"] = {"state": "done"}

    @property
    def reverted(self) -> bool:
        """Whether it restored itself and nobody has judged it since."""
        found = self.journal.get("rollback", {})
        return found.get("by") == "timer" and not found.get("measured")

    def is_dark(self, now: datetime) -> bool:
        return any(start <= now < end for start, end in self.faults.dark)


def _used(counts: dict[Step, int], step: Step) -> bool:
    if counts.get(step, 0) < 1:
        return False
    counts[step] -= 1
    return True


class VirtualFleet:
    """Does steps on virtual hosts; deeds take time, are lost, doubled and cut off as the seed wants it."""

    def __init__(self, hosts: Sequence[VirtualHost], clock: SimClock, moments: Moments, random: Random) -> None:
        self.machines = {host.name: host for host in hosts}
        self.clock = clock
        self.moments = moments
        self.random = random
        self.fenced = False
        self.sloppy = random.random() < 0.2

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        return tuple(Host(name) for name in self.machines)

    def fence(self, run_id: str) -> int:
        self.fenced = True
        return 0

    def perform(self, deed: Deed) -> Iterator[Report]:
        assert self.fenced, "a controller works without having fenced its predecessor"
        assert all(request["run"] == deed.run_id for request in deed.requests.values())
        self.moments.pass_by("before the deed")
        order = sorted((self._duration(deed.step), name) for name in deed.requests)
        began, ahead = self.clock.now(), [name for _, name in order]
        try:
            for seconds, name in order:
                self.clock.reach(began + timedelta(seconds=seconds))
                self.moments.pass_by("in the middle of a deed")
                report = self._report(deed.step, self.machines[name], deed.requests[name])
                ahead.remove(name)
                self.moments.pass_by("done and not said")
                yield from self._said(report)
        except BaseException:
            self._left_alone(deed, ahead)
            raise

    def _duration(self, step: Step) -> float:
        longest = {Step.PATCH: 500, Step.ROLLBACK: 500, Step.REBOOT: 250, Step.VERIFY: 50, Step.STAGE: 300}
        return round(self.random.uniform(1, longest.get(step, 40)), 1)

    def _said(self, report: Report) -> Iterator[Report]:
        """Yield a report once, as the port's contract wants it, or not so in a sloppy fleet."""
        if not self.sloppy or self.random.random() > 0.2:
            yield report
            return
        match self.random.choice(["twice", "never", "stranger", "contradiction"]):
            case "twice":
                yield from (report, report)
            case "stranger":
                yield Report("stranger", Status.OK, "", {})
                yield report
            case "contradiction":
                yield from (report, Report(report.host, Status.UNKNOWN, "lost", {}))
            case _:
                pass

    def _left_alone(self, deed: Deed, ahead: Sequence[str]) -> None:
        """The controller died: what had reached a host goes on there all the same, in a unit of its own."""
        for name in ahead:
            if self.random.random() < 0.5:
                self._report(deed.step, self.machines[name], deed.requests[name])

    def _report(self, step: Step, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if host.is_dark(self.clock.now()):
            return Report(host.name, Status.UNREACHABLE, f"{host.name}: no route to host", {})
        if _used(host.faults.mute, step):
            if self.random.random() < 0.5:
                self._answer(step, host, request)
            return Report(host.name, Status.UNKNOWN, "no answer was heard", {})
        if _used(host.faults.odd, step):
            odd: list[dict[str, Any]] = [{}, {"outcome": 7}, {"journal": "corrupt"}, {"measurements": {"web": "pass"}}]
            status = self._answer(step, host, request).status if self.random.random() < 0.5 else Status.OK
            return Report(host.name, status, "", self.random.choice(odd))
        return self._answer(step, host, request)

    def _answer(self, step: Step, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        host.help_itself(self.clock.now())
        if step is Step.PROBE:
            return Report(host.name, Status.OK, "", {"journal": dict(host.journal)})
        if step not in {Step.VERIFY, Step.REBOOT}:
            if request["attempt"] < host.highest:
                return Report(host.name, Status.FAILED, "attempt is too late", {})
            host.highest = request["attempt"]
        if step in MUTATING or step is Step.STAGE:
            host.done.append(Deedlet(self.clock.now(), step, request["attempt"]))
        if step not in {Step.PATCH, Step.ROLLBACK} and _used(host.faults.fails, step):
            host.entered = host.entered or (step is Step.ENTER and self.random.random() < 0.5)
            return Report(host.name, Status.FAILED, f"{step} failed on {host.name}", {})
        if host.reverted and step in {Step.PATCH, Step.REBOOT, Step.VERIFY}:
            return Report(
                host.name, Status.FAILED, "it was not confirmed in time and restored itself", {"reverted": True}
            )
        return getattr(self, f"_{step.value}")(host, request)

    def _stage(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        host.journal["stage"] = {"state": "done"}
        return Report(host.name, Status.OK, "", {"ready": True, "backed_up": request["backup"] is not None})

    def _enter(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        host.entered = True
        host.journal["maintenance"] = {"state": "entered"}
        return Report(host.name, Status.OK, "", {"state": "entered"})

    def _leave(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        host.entered = False
        host.journal["maintenance"] = {"state": "left"}
        host.restores_at = None
        return Report(host.name, Status.OK, "", {"state": "left", "reverted": host.reverted})

    def _patch(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if "stage" not in host.journal:
            return Report(host.name, Status.FAILED, "not staged", {"outcome": "failed"})
        known = host.journal.get("patch")
        if known is None:
            host.old = dict(host.versions)
            host.wait_to_be_confirmed(self.clock.now(), request["confirm"])
            fails = _used(host.faults.fails, Step.PATCH)
            if not fails or host.faults.half:
                host.versions |= {p["name"]: p["version"] for p in request["packages"][: 1 if fails else None]}
                host.patched_at = self.clock.now()
            known = host.journal["patch"] = {"state": "failed" if fails else "done"}
        if known["state"] == "failed":
            return Report(host.name, Status.FAILED, "dpkg failed", {"outcome": "failed"})
        keys = ("name", "arch", "version", "sha256")
        files = [{key: package[key] for key in keys} for package in request["packages"]]
        owed = {"owed": host.faults.reboot_owed, "why": []}
        return Report(host.name, Status.OK, "", {"outcome": "applied", "installed": files, "reboot": owed})

    def _reboot(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if host.restores_at is not None:
            host.wait_to_be_confirmed(self.clock.now(), request["confirm"])
        return Report(host.name, Status.OK, "", {"journal": dict(host.journal)})

    def _verify(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        measured = self._measured(host)
        confirmed = measured[0]["status"] == "pass"
        if confirmed:
            host.restores_at = None
        return Report(host.name, Status.OK, "", {"measurements": measured, "confirmed": confirmed})

    def _measured(self, host: VirtualHost) -> list[dict[str, str]]:
        healthy = host.healthy(self.clock.now())
        return [{"name": "web", "status": "pass" if healthy else "fail", "detail": "", "before": "pass"}]

    def _rollback(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        none: dict[str, Any] = {"reboot": {"owed": False, "why": []}, "differences": [], "measurements": []}
        if "patch" not in host.journal:
            return Report(host.name, Status.OK, "", {**none, "outcome": "nothing"})
        if host.faults.rollback == "failed":
            return Report(host.name, Status.FAILED, "prerm failed", {**none, "outcome": "failed"})
        host.restores_at = None
        if "rollback" not in host.journal:
            host.go_back()
        host.journal["rollback"]["measured"] = True
        said = {**none, "outcome": host.faults.rollback, "measurements": self._measured(host)}
        if host.faults.rollback == "unverified":
            said["differences"] = ["tide.conf is not as it was"]
        if host.faults.reboot_owed:
            said["reboot"] = {"owed": True, "why": ["kernel"]}
        return Report(host.name, Status.OK, "", said)
