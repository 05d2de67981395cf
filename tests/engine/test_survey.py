"""Before a run: who is there, what waits, and a sealed plan of it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.core.made import DEBIAN, NOW, WEB
from tests.engine.desks import Answering, desk
from tests.engine.test_findings import PROBED

from patchtide.adapters.fake import FakeClock
from patchtide.core.errors import UsageError
from patchtide.core.events import Status
from patchtide.core.patchset import Choices, Probe, Selection, host_plan, locked
from patchtide.core.planning import NotProbed
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.steps import Step
from patchtide.documents import plan_of, plan_text
from patchtide.engine.prepare import prepared
from patchtide.engine.survey import members, surveyed
from patchtide.ports import Deed, Report

SETTINGS = Settings(
    "patchtide.yml",
    ("inventory",),
    ".patchtide",
    (TierSettings("test", "t1", always=True), TierSettings("prod", "p1,p2", always=True)),
    checks=(WEB,),
)


def probed(step: Step, host: str) -> Report:
    return Report(host, Status.OK, "", {**PROBED, "machine_id": host})


def found(executor: Answering) -> dict[str, Probe | NotProbed]:
    return surveyed(
        executor, SETTINGS, members(executor, SETTINGS), "survey-1", lambda _host, _probe: None, FakeClock(NOW)
    )


def test_every_host_is_probed_once_with_fresh_lists_and_the_checks_of_its_tier() -> None:
    executor = Answering(probed)
    assert list(found(executor)) == ["t1", "p1", "p2"]
    [deed] = executor.deeds
    assert (deed.step, list(deed.requests)) == (Step.PROBE, ["t1", "p1", "p2"])
    asked: Any = deed.requests["t1"]
    assert asked["refresh"] is True
    assert [check["name"] for check in asked["checks"]] == ["web"]


@pytest.mark.parametrize(
    ("report", "unreachable"),
    [
        (Report("p1", Status.UNREACHABLE, "no route", {}), True),
        (Report("p1", Status.FAILED, "apt-get update failed", {}), False),
        (Report("p1", Status.UNKNOWN, "no answer", {}), False),
        (Report("p1", Status.OK, "", {}), False),
        (Report("p1", Status.OK, "", {**PROBED, "pending": "all"}), False),
    ],
)
def test_a_host_that_did_not_say_what_waits_is_not_probed_and_says_why(report: Report, unreachable: bool) -> None:
    known = found(Answering(lambda step, host: report if host == "p1" else probed(step, host)))["p1"]
    assert isinstance(known, NotProbed)
    assert known.unreachable == unreachable
    assert known.reason


def test_a_host_of_which_nothing_is_heard_is_not_probed() -> None:
    class Silent(Answering):
        """Says nothing at all."""

        def perform(self, deed: Deed) -> Iterator[Report]:
            return iter(())

    assert found(Silent()) == dict.fromkeys(["t1", "p1", "p2"], NotProbed("nothing was heard of the host", False))


def test_a_host_is_asked_again_what_makes_sense_without_what_is_not_wanted() -> None:
    entry = PROBED["pending"][0]
    older = {**entry, "version": "1.0.5", "filename": "tide_1.0.5_amd64.deb"}
    needs = {**entry, "name": "needs-tide", "filename": "needs-tide_1.1_amd64.deb"}
    asked: list[object] = []

    def perform(deed: Deed) -> Iterator[Report]:
        for host, request in deed.requests.items():
            without = [one["version"] for one in request["without"]]  # type: ignore[attr-defined]
            asked.append((host, request["refresh"], without))
            offered = [entry, needs] if not without else [older]
            yield Report(host, Status.OK, "", {**PROBED, "machine_id": host, "pending": offered})

    executor = Answering()
    executor.perform = perform  # type: ignore[method-assign]
    settings = replace(SETTINGS, selection=Selection(quarantined={"tide=1.1": "quarantined by ann: CVE"}))
    known = surveyed(executor, settings, members(executor, settings), "s", lambda _host, _probe: None, desk().clock)[
        "t1"
    ]
    assert isinstance(known, Probe)
    assert [each.package.exact for each in known.pending] == ["tide=1.0.5"]
    assert [each.package.exact for each in known.withheld] == ["tide=1.1", "needs-tide=1.1"]
    assert [ask for ask in asked if ask[0] == "t1"] == [("t1", True, []), ("t1", False, ["1.1"])]  # type: ignore[index]
    left = host_plan("t1", known, Choices(locked([known], settings.selection), settings.selection)).left_out
    assert left["needs-tide:amd64"] == "needs an update that stays away"


def test_a_host_that_is_silent_when_asked_again_is_not_probed() -> None:
    class Once(Answering):
        """Answers the first question only."""

        def perform(self, deed: Deed) -> Iterator[Report]:
            answers = super().perform(deed)
            return answers if len(self.deeds) < 1 else iter(())

    executor = Once(probed)
    settings = replace(SETTINGS, selection=Selection(quarantined={"tide=1.1": "no"}))
    known = surveyed(executor, settings, members(executor, settings), "s", lambda _host, _probe: None, desk().clock)
    assert set(known.values()) == {NotProbed("nothing was heard of the host", False)}


def test_what_is_found_is_told_as_it_comes() -> None:
    executor, told = Answering(probed), []
    surveyed(
        executor, SETTINGS, members(executor, SETTINGS), "s", lambda host, _probe: told.append(host), FakeClock(NOW)
    )
    assert told == ["t1", "p1", "p2"]


def test_a_plan_is_sealed_and_survives_its_file() -> None:
    plan = prepared(SETTINGS, desk(Answering(probed)), "ann", lambda _host, _probe: None)
    assert plan_of(plan_text(plan), "plan.json") == plan
    assert (plan.created_at, plan.created_by) == (NOW, "ann")
    assert [file.name for file in plan.patch_set[DEBIAN.key]] == ["tide"]


@pytest.mark.fault(23, how="two hosts with one machine id")
def test_two_names_of_one_machine_stop_the_plan() -> None:
    twins = Answering(lambda _step, host: Report(host, Status.OK, "", PROBED))
    with pytest.raises(UsageError, match="are one machine"):
        prepared(SETTINGS, desk(twins), "ann", lambda _host, _probe: None)


def test_a_host_whose_clock_is_off_is_refused_with_the_sentence() -> None:
    late = {**PROBED, "machine_id": "p1", "clock": "2026-11-21T04:00:00Z"}
    executor = Answering(lambda step, host: Report(host, Status.OK, "", late) if host == "p1" else probed(step, host))
    plan = prepared(SETTINGS, desk(executor), "ann", lambda _host, _probe: None)
    assert plan.hosts["p1"].refused == "its clock is 60 min behind the controller's"
    assert plan.hosts["p2"].refused is None
