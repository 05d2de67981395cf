"""Whole runs told by hand, event by event: what views are made of."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.core.made import BAD, FINE, NOW, installed, plan

from patchtide.core.events import (
    Event,
    Finding,
    Held,
    HostFinished,
    HostsSettled,
    RunEnded,
    RunOpened,
    Status,
    StepStarted,
)
from patchtide.core.fold import folded
from patchtide.core.health import Measurement
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome, Step

RUN_ID = "20261121-050000-abcdef"
NASTY = "status 500: <script>alert(1)</script> | `x` [bold]y[/bold] \x1b[31mred\x1b[0m \u202eevil"
_SECONDS = 5


class Teller:
    """Writes a history down, with time passing by five seconds per step."""

    def __init__(self, of: Plan | None = None, by: str = "ann") -> None:
        self.at = NOW
        self.attempt = 0
        self.events: list[Event] = [RunOpened(self.at, of or plan(), by)]

    def later(self, seconds: float = _SECONDS) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at

    def did(
        self, step: Step, *hosts: str, status: Status = Status.OK, reason: str = "", finding: Finding | None = None
    ) -> None:
        self.attempt += 1
        self.events.append(StepStarted(self.later(1), step, hosts, self.attempt))
        said = finding or FINE.get(step, Finding())
        self.events += [HostFinished(self.later(), step, host, self.attempt, status, reason, said) for host in hosts]

    def carried(self, *hosts: str) -> None:
        for step in (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
            self.did(step, *hosts)

    def settled(self, end: EndState, reason: str, *hosts: str) -> None:
        self.events.append(HostsSettled(self.later(), hosts, end, reason))

    def ended(self, outcome: Outcome, reason: str) -> None:
        self.events.append(RunEnded(self.later(), outcome, reason))

    @property
    def run(self) -> Run:
        return folded(self.events)


def promoted() -> Teller:
    """Everything went well."""
    told = Teller()
    told.carried("t1", "t2")
    told.carried("p1")
    told.carried("p2", "p3")
    told.ended(Outcome.DONE, "5 patched")
    return told


def harmed_in_production(reason: str = "status 500") -> Teller:
    """The first wave of production was harmed and rolled back; the rest was never begun."""
    told = Teller()
    told.carried("t1", "t2")
    for step in (Step.STAGE, Step.ENTER):
        told.did(step, "p1")
    told.did(Step.PATCH, "p1", finding=Finding(installed=installed()))
    bad = Finding(measurements=tuple(_with(measured.name, reason) for measured in BAD))
    told.did(Step.VERIFY, "p1", finding=bad)
    told.did(Step.ROLLBACK, "p1")
    told.did(Step.LEAVE, "p1")
    told.settled(EndState.UNTOUCHED, "1 of 3 hosts failed in tier 'prod', 0 allowed: p1: unhealthy", "p2", "p3")
    told.ended(Outcome.ROLLED_BACK, "2 patched, 1 rolled_back, 2 untouched")
    return told


def _with(name: str, detail: str) -> Measurement:
    return Measurement(name, "fail", detail, before="pass")


def waiting() -> Teller:
    """Production waits for its window."""
    told = Teller()
    told.carried("t1", "t2")
    told.events.append(Held(told.later(), "shut", "no window is open", told.at + timedelta(hours=3), "prod"))
    return told


def every_story() -> Iterator[Teller]:
    """All of them, one of which is nasty."""
    yield promoted()
    yield harmed_in_production()
    yield harmed_in_production(NASTY)
    yield waiting()
