"""A host whose sources lack a proven file gets it from one that has it, and never another file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tests.core.made import carried, opened, package, plan
from tests.engine.desks import Answering, desk

from patchtide.adapters.depot import FileDepot
from patchtide.core.events import Status
from patchtide.core.packages import Package
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.engine.supply import staged
from patchtide.ports import Deed, Report

CONTENT = b"tide 1.1"
FILE = package(sha256=sha256(CONTENT).hexdigest())


@dataclass
class Fleet(Answering):
    """Hosts that lack the file until it is promised, and test hosts that lend what they have."""

    lends: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def perform(self, deed: Deed) -> Iterator[Report]:
        for host, request in deed.requests.items():
            self.asked.append((deed.playbook or str(deed.step), host))
            yield self.lent(host, request) if deed.playbook else self.staged(host, request)

    def lent(self, host: str, request: Mapping[str, Any]) -> Report:
        if host not in self.lends:
            return Report(host, Status.UNREACHABLE, "no route", {})
        for file in request["packages"]:
            (Path(request["depot"]) / file["sha256"]).write_bytes(self.lends[host])
        return Report(host, Status.OK, "", {"lent": []})

    def staged(self, host: str, request: Mapping[str, Any]) -> Report:
        if FILE.sha256 in request["supply"]:
            assert Path(request["supply"][FILE.sha256]).read_bytes() == CONTENT
            return Report(host, Status.OK, "", {"ready": True, "brought": [FILE.sha256]})
        return Report(host, Status.FAILED, "the host's sources do not offer tide 1.1", {"missing": [FILE.sha256]})


def proven(*files: Package) -> Run:
    patch_set = {"debian-12-amd64": files or (FILE,)}
    run = carried(opened(plan(patch_set=patch_set)), "t1", "t2")
    has = tuple(replace(f, sha256=FILE.sha256) for f in run.hosts["t1"].installed)
    return replace(run, hosts=run.hosts.updated(replace(run.hosts[t], installed=has) for t in ("t1", "t2")))


def asked(run: Run, fleet: Fleet, folder: Path, *hosts: str) -> list[Report]:
    requests = {host: {"run": "r1", "supply": {}} for host in hosts}
    deed = Deed("r1", Step.STAGE, requests, "r1.9", 1.0, ("inventory",))
    return list(staged(deed, run, replace(desk(), executor=fleet, depot=FileDepot(folder))))


def test_a_vanished_file_is_borrowed_once_and_brought_to_every_host_that_lacks_it(tmp_path: Path) -> None:
    fleet = Fleet(lends={"t1": CONTENT})
    reports = asked(proven(), fleet, tmp_path, "p1", "p2")
    assert [(one.host, one.status) for one in reports] == [("p1", Status.OK), ("p2", Status.OK)]
    assert fleet.asked == [("stage", "p1"), ("stage", "p2"), ("lend", "t1"), ("stage", "p1"), ("stage", "p2")]


def test_what_the_depot_has_goes_along_at_once(tmp_path: Path) -> None:
    asked(proven(), Fleet(lends={"t1": CONTENT}), tmp_path, "p1")
    fleet = Fleet()
    assert [one.status for one in asked(proven(), fleet, tmp_path, "p2")] == [Status.OK]
    assert fleet.asked == [("stage", "p2")]


def test_the_next_host_is_asked_when_one_is_silent_or_sends_another_file(tmp_path: Path) -> None:
    fleet = Fleet(lends={"t1": b"forged", "t2": CONTENT})
    assert [one.status for one in asked(proven(), fleet, tmp_path, "p1")] == [Status.OK]
    assert ("lend", "t2") in fleet.asked


@pytest.mark.parametrize(
    ("lends", "why"), [({}, "t2 cannot lend it: no route"), ({"t1": b"x", "t2": b"y"}, "t2 has not got it any more")]
)
def test_what_nobody_has_is_refused_with_both_reasons(tmp_path: Path, lends: dict[str, bytes], why: str) -> None:
    (report,) = asked(proven(), Fleet(lends=lends), tmp_path, "p1")
    assert report.status is Status.FAILED
    assert report.reason == f"the host's sources do not offer tide 1.1; {why}"


def test_a_file_that_nobody_has_proven_is_borrowed_from_nobody(tmp_path: Path) -> None:
    fleet = Fleet(lends={"t1": CONTENT, "t2": CONTENT})
    run = proven()
    bare = run.hosts.updated(replace(host, installed=()) for host in run.hosts.values())
    (report,) = asked(replace(run, hosts=bare), fleet, tmp_path, "p1")
    assert report.reason.endswith("; no host has proven it")
    assert fleet.asked == [("stage", "p1")]


def test_a_host_cannot_ask_for_what_is_not_in_its_plan(tmp_path: Path) -> None:
    class Greedy(Fleet):
        def staged(self, host: str, request: Mapping[str, Any]) -> Report:
            return Report(host, Status.FAILED, "I want more", {"missing": ["0" * 64]})

    fleet = Greedy(lends={"t1": CONTENT})
    (report,) = asked(proven(), fleet, tmp_path, "p1")
    assert report.status is Status.FAILED
    assert ("lend", "t1") not in fleet.asked
