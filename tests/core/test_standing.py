"""A host that one run left behind gets, in the next, what the test tier has proven and still has."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.core.made import DEBIAN, NOW, carried, host_plan, opened, package, pending, plan, probe, settled, tier
from tests.core.test_planning import MEMBERS, settings

from patchtide.core.actions import Do, Settle
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, RunEnded, RunOpened
from patchtide.core.fold import fold, folded
from patchtide.core.gates import unproven
from patchtide.core.patchset import Probe
from patchtide.core.plan import Change, Plan
from patchtide.core.planning import planned
from patchtide.core.run import Run
from patchtide.core.settings import Settings
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.documents import sealed

FILE = package()
AGAIN = package("tide", "1.2", "cd" * 32)


def last_night() -> Run:
    """t1 and p1 were patched; p2 and p3 did not answer."""
    tiers = (tier("test", ("t1",)), tier("prod", ("p1",), ("p2", "p3")))
    run = carried(opened(plan(*tiers, hosts=[host_plan(name) for name in ("t1", "p1", "p2", "p3")])), "t1")
    return ended(settled(carried(run, "p1"), "p2", "p3"))


def ended(run: Run) -> Run:
    return fold(run, RunEnded(NOW, Outcome.PARTLY, "two hosts did not answer"))


def found(have: Mapping[str, str], **more: Probe) -> dict[str, Probe]:
    """Return what the hosts are today: t1 and p1 as they are told, p2 and p3 still at 1.0."""
    up_to_date = {name: probe(machine=f"id-{name}", installed=have) for name in ("t1", "p1")}
    behind = {name: probe(pending(), machine=f"id-{name}", installed={FILE.key: "1.0"}) for name in ("p2", "p3")}
    return {**up_to_date, **behind, **more}


def made(probes: Mapping[str, Probe], *earlier: tuple[str, Run], of: Settings | None = None) -> Plan:
    return sealed(planned(of or settings(), MEMBERS, probes, NOW, "ann", earlier=earlier))


def test_hosts_that_were_left_behind_get_what_stands_on_test() -> None:
    plan = made(found({FILE.key: "1.1"}), ("last-night", last_night()))
    assert plan.patch_set == {DEBIAN.key: (FILE,)}
    assert plan.standing == {FILE.sha256: "last-night"}
    assert {name: host.changes for name, host in plan.hosts.items()} == {
        "t1": (),
        "p1": (),
        "p2": (Change(FILE.key, "1.0"),),
        "p3": (Change(FILE.key, "1.0"),),
    }
    run = folded([RunOpened(NOW, plan, "ann")])
    assert unproven(run, "p2") is None
    idle = decide(run, NOW)
    assert isinstance(idle, Settle)
    assert idle.hosts == ("t1", "p1")
    assert decide(settled(run, "t1", "p1"), NOW) == Do(Step.STAGE, ("p2", "p3"))


def test_without_an_earlier_run_nothing_stands() -> None:
    plan = made(found({FILE.key: "1.1"}))
    assert plan.patch_set == {}
    assert plan.hosts["p2"].left_out == {FILE.key: "not in the patch set: no test host has this update"}


@pytest.mark.parametrize(
    "t1",
    [
        probe(machine="id-t1", installed={FILE.key: "1.0"}),
        probe(machine="id-t1", installed={FILE.key: "1.2"}),
        probe(machine="id-t1", installed={}),
        probe(machine="id-t1-reinstalled", installed={FILE.key: "1.1"}),
        probe(machine="id-t1", installed={FILE.key: "1.1"}, platform=replace(DEBIAN, release="13")),
    ],
    ids=["put back since", "changed since", "removed since", "another machine", "another release"],
)
def test_what_the_test_host_does_not_have_any_more_stands_no_longer(t1: Probe) -> None:
    assert made(found({}, t1=t1), ("last-night", last_night())).standing == {}


def test_what_was_put_back_or_is_in_quarantine_does_not_stand() -> None:
    back = settled(last_night(), "t1", end=EndState.ROLLED_BACK)
    assert made(found({FILE.key: "1.1"}), ("last-night", back)).standing == {}
    kept = replace(settings().selection, quarantined={FILE.exact: "did harm"})
    plan = made(found({FILE.key: "1.1"}), ("last-night", last_night()), of=replace(settings(), selection=kept))
    assert (plan.standing, plan.patch_set) == ({}, {})


def test_a_run_that_did_harm_or_was_stopped_or_goes_on_proves_nothing_for_later() -> None:
    run = last_night()
    suffered = replace(run, hosts=run.hosts.updated([replace(run.hosts["p1"], failed=True)]))
    stopped = replace(run, aborted=Aborted(NOW, "bob", "users complain"))
    asked = replace(run, asked=frozenset({"p1"}))
    goes_on = replace(run, outcome=None)
    for earlier in (suffered, stopped, asked, goes_on):
        assert made(found({FILE.key: "1.1"}), ("last-night", earlier)).standing == {}


def test_what_waits_on_test_is_proven_anew_and_goes_to_all() -> None:
    newer = replace(pending(), package=AGAIN, installed="1.1")
    probes = found({FILE.key: "1.1"}, t1=probe(newer, machine="id-t1", installed={FILE.key: "1.1"}))
    plan = made(probes, ("last-night", last_night()))
    assert plan.patch_set == {DEBIAN.key: (AGAIN,)}
    assert plan.standing == {}
    assert "not proven" not in str(plan.hosts["p2"].left_out)
    assert unproven(folded([RunOpened(NOW, plan, "ann")]), "p2") == AGAIN.exact


def test_the_newest_run_that_proved_a_file_is_named() -> None:
    older = ("older", last_night())
    assert made(found({FILE.key: "1.1"}), ("newer", last_night()), older).standing == {FILE.sha256: "newer"}
