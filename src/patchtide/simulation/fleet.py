"""A virtual fleet behind the Executor port: it does steps as hosts do, late, twice, halfway or not at all."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from heapq import heapreplace
from random import Random
from typing import Any

from patchtide.core.errors import PatchtideError
from patchtide.core.events import Status
from patchtide.core.fleet import Host
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report
from patchtide.simulation.durations import Durations
from patchtide.simulation.faults import Fault, used_up
from patchtide.simulation.machine import VirtualHost, versions
from patchtide.simulation.moments import Moments, SimClock

_SLOPPY = 0.2
"""How many of the fleets lose and double answers, and how many of the answers of those."""


class NotFencedError(PatchtideError):
    """A controller works on hosts without having ended what its predecessor left running."""


class VirtualFleet:
    """Does steps on virtual hosts; deeds take time, are lost, doubled and cut off as the seed wants it."""

    def __init__(
        self,
        hosts: Sequence[VirtualHost],
        clock: SimClock,
        moments: Moments,
        random: Random,
        durations: Durations,
        *,
        faults: Collection[Fault],
        forks: int,
    ) -> None:
        self.machines = {host.name: host for host in hosts}
        self.clock = clock
        self.moments = moments
        self.random = random
        self.durations = durations
        self.forks = forks
        self.fenced = False
        self.sloppy = Fault.DOUBLED in faults and random.random() < _SLOPPY

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:  # noqa: ARG002 - the port's signature
        """Return all hosts: a simulated run never asks for some."""
        return tuple(Host(name) for name in self.machines)

    def fence(self, run_id: str) -> int:  # noqa: ARG002 - the port's signature
        """Remember that it was asked for: no deed without it."""
        self.fenced = True
        return 0

    def perform(self, deed: Deed) -> Iterator[Report]:
        """Yield what hosts report, in the order in which they are done; raises Crash where the seed wants it."""
        if not self.fenced:
            raise NotFencedError("a controller works without having fenced its predecessor")
        self.moments.pass_by("before the deed")
        began, ahead = self.clock.now(), dict.fromkeys(deed.requests)
        try:
            for seconds, name in self._order(deed):
                self.clock.reach(began + timedelta(seconds=min(seconds, deed.timeout)))
                self.moments.pass_by("in the middle of a deed")
                if seconds > deed.timeout:
                    break
                report = self._report(deed.step, self.machines[name], deed.requests[name])
                del ahead[name]
                self.moments.pass_by("done and not said")
                yield from self._said(report)
        except BaseException:
            self._left_alone(deed, tuple(ahead))
            raise
        self._left_alone(deed, tuple(ahead))
        yield from (Report(name, Status.UNKNOWN, f"no answer within {deed.timeout:.0f} s", {}) for name in ahead)

    def _order(self, deed: Deed) -> list[tuple[float, str]]:
        """Return when each host is done, in seconds from now: so many at once, the others wait for a free place."""
        free = [0.0] * min(self.forks, len(deed.requests))
        done: list[tuple[float, str]] = []
        for name in deed.requests:
            seconds = self.durations.drawn(deed.step, self.random) * self.machines[name].faults.slow
            done.append((round(free[0] + seconds, 1), name))
            heapreplace(free, done[-1][0])
        return sorted(done)

    def _said(self, report: Report) -> Iterator[Report]:
        """Yield a report once, as the port's contract wants it, or not so in a sloppy fleet."""
        if not self.sloppy or self.random.random() > _SLOPPY:
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
        """Nobody listens any more: what had reached a host goes on there all the same, in a unit of its own."""
        for name in ahead:
            if self._even():
                self._report(deed.step, self.machines[name], deed.requests[name])

    def _even(self) -> bool:
        return self.random.random() < 0.5  # noqa: PLR2004 - the toss of a coin

    def _report(self, step: Step, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if host.is_dark(self.clock.now()):
            return Report(host.name, Status.UNREACHABLE, f"{host.name}: no route to host", {})
        if used_up(host.faults.mute, step):
            if self._even():
                self._answer(step, host, request)
            return Report(host.name, Status.UNKNOWN, "no answer was heard", {})
        if used_up(host.faults.odd, step):
            odd: list[dict[str, Any]] = [{}, {"outcome": 7}, {"journal": "corrupt"}, {"measurements": {"web": "pass"}}]
            status = self._answer(step, host, request).status if self._even() else Status.OK
            return Report(host.name, status, "", self.random.choice(odd))
        return self._answer(step, host, request)

    def _answer(self, step: Step, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        host.help_itself(self.clock.now())
        if step is Step.PROBE:
            return _fine(host, journal=host.journal)
        attempt = request["attempt"]
        if step not in {Step.VERIFY, Step.REBOOT}:
            if attempt < host.highest:
                return _bad(host, "attempt is too late")
            host.note(step, attempt, enters=bool(request.get("enter")))
            host.highest = attempt
        if step not in {Step.PATCH, Step.ROLLBACK} and used_up(host.faults.fails, step):
            host.entered = host.entered or (step is Step.ENTER and self._even())
            return _bad(host, f"{step} failed on {host.name}")
        if host.reverted and step in {Step.PATCH, Step.REBOOT, Step.VERIFY}:
            return _bad(host, "it was not confirmed in time and restored itself", reverted=True)
        match step:
            case Step.STAGE:
                host.staged = True
                return _fine(host, ready=True, backed_up=request["backup"] is not None)
            case Step.ENTER:
                return self._enter(host)
            case Step.PATCH:
                return self._patch(host, request)
            case Step.REBOOT:
                return self._reboot(host, request)
            case Step.VERIFY:
                return self._verify(host, request)
            case Step.LEAVE:
                return self._leave(host)
            case Step.ROLLBACK:
                return self._rollback(host, request)

    def _enter(self, host: VirtualHost) -> Report:
        host.entered = True
        host.maintenance = "entered"
        return _fine(host, state="entered")

    def _leave(self, host: VirtualHost) -> Report:
        host.entered = False
        host.maintenance = "left"
        host.restores_at = None
        host.confirmed = True
        return _fine(host, state="left", reverted=host.reverted)

    def _patch(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if not host.staged:
            return _bad(host, "not staged", outcome="failed")
        if request["enter"] and not host.patch and used_up(host.faults.fails, Step.ENTER):
            host.entered = self._even()
            return _bad(host, f"maintenance mode cannot be entered on {host.name}", outcome="failed")
        if request["enter"] and not host.patch:
            self._enter(host)
        if not host.patch:
            host.old = host.versions
            host.wait_to_be_confirmed(self.clock.now(), request["confirm"])
            host.patch = "failed" if used_up(host.faults.fails, Step.PATCH) else "done"
            self._unpacked(host, request)
        if host.patch == "failed":
            return _bad(host, "dpkg failed", outcome="failed")
        keys = ("name", "arch", "version", "sha256")
        files = [{key: package[key] for key in keys} for package in request["packages"]]
        return _fine(host, outcome="applied", installed=files, reboot={"owed": host.faults.reboot_owed, "why": []})

    def _unpacked(self, host: VirtualHost, request: Mapping[str, Any]) -> None:
        if host.patch == "failed" and not host.faults.half:
            return
        packages = request["packages"][: 1 if host.patch == "failed" else None]
        gone = {f"{one['name']}:{one['arch']}" for one in request["removes"]}
        kept = {key: version for key, version in host.versions if key not in gone}
        host.versions = versions(kept | {f"{one['name']}:{one['arch']}": one["version"] for one in packages})
        host.patched_at = self.clock.now()

    def _reboot(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        if host.restores_at is not None:
            host.wait_to_be_confirmed(self.clock.now(), request["confirm"])
        return _fine(host, journal=host.journal)

    def _verify(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        healthy = host.healthy(self.clock.now())
        if healthy:
            host.restores_at = None
            host.confirmed = True
        left = healthy and request["leave"] and not used_up(host.faults.fails, Step.LEAVE)
        if left:
            self._leave(host)
        return _fine(host, measurements=_measured(request, healthy=healthy), confirmed=healthy, left=left)

    def _rollback(self, host: VirtualHost, request: Mapping[str, Any]) -> Report:
        none: dict[str, Any] = {"reboot": {"owed": False, "why": []}, "differences": [], "measurements": []}
        if not host.patch:
            return _fine(host, **none, outcome="nothing")
        if host.faults.rollback == "failed":
            return _bad(host, "prerm failed", **none, outcome="failed")
        host.restores_at = None
        if not host.rollback:
            host.go_back()
        host.judged = True
        none["measurements"] = _measured(request, healthy=host.healthy(self.clock.now()))
        if host.faults.rollback == "unverified":
            none["differences"] = ["tide.conf is not as it was"]
        if host.faults.reboot_owed:
            none["reboot"] = {"owed": True, "why": ["kernel"]}
        return _fine(host, **none, outcome=host.faults.rollback)


def _fine(host: VirtualHost, **data: object) -> Report:
    return Report(host.name, Status.OK, "", data)


def _bad(host: VirtualHost, reason: str, **data: object) -> Report:
    return Report(host.name, Status.FAILED, reason, data)


def _measured(request: Mapping[str, Any], *, healthy: bool) -> list[dict[str, str]]:
    status = "pass" if healthy else "fail"
    return [{"name": check["name"], "status": status, "detail": "", "before": "pass"} for check in request["checks"]]
