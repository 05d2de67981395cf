"""Gates: who agreed, what the budget allows, what is proven."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import DEBIAN, NOW, carried, failed, host_plan, opened, package, plan, started, tier

from patchtide.core.approvals import approval_gate
from patchtide.core.events import Aborted, RollbackAsked
from patchtide.core.fold import fold
from patchtide.core.gates import budget_verdict, stop_verdict, tier_gate, unproven
from patchtide.core.packages import Removal
from patchtide.core.plan import Change, Plan
from patchtide.core.policy import Amount, Approvals
from patchtide.core.run import Run
from patchtide.core.said import Approved
from patchtide.core.steps import Step
from patchtide.core.windows import Blackout, Day

HOUR = timedelta(hours=1)


def asking(count: int = 2, people: tuple[str, ...] = ("ann", "bob", "cid"), notice: timedelta = timedelta(0)) -> Plan:
    return plan(tier("test", ("t1",), approvals=Approvals(count, people, notice)))


def approved(of: Plan, *names: str, digest: str | None = None) -> Run:
    return opened(of, *(Approved(NOW, name, digest or of.digest) for name in names))


@pytest.mark.parametrize(
    ("names", "ok"),
    [
        ((), False),
        (("bob",), False),
        (("bob", "cid"), True),
        (("bob", "bob"), False),
        (("ann", "bob"), False),  # ann opened the run
        (("bob", "mallory"), False),
        (("ann", "bob", "cid"), True),
    ],
)
def test_only_different_people_who_were_asked_and_did_not_open_the_run_count(names: tuple[str, ...], ok: bool) -> None:
    of = asking()
    assert approval_gate(approved(of, *names), of.tiers[0], NOW).ok == ok


@pytest.mark.fault(40, how="an approval with another digest")
def test_an_approval_of_another_plan_does_not_count() -> None:
    of = asking()
    assert not approval_gate(approved(of, "bob", "cid", digest="sha256:0"), of.tiers[0], NOW).ok


def test_a_missing_approval_names_who_can_still_be_asked() -> None:
    of = asking()
    reason = approval_gate(approved(of, "bob"), of.tiers[0], NOW).reason
    assert "1 of 2 approvals" in reason
    assert reason.endswith("still to be asked: cid")
    alone = asking(people=("ann", "bob"))
    assert approval_gate(approved(alone, "bob"), alone.tiers[0], NOW).reason.endswith("nobody is left")


def test_a_notice_counts_from_the_request() -> None:
    of = asking(1, notice=7 * 24 * HOUR)
    run = approved(of, "bob")
    held = approval_gate(run, of.tiers[0], NOW + HOUR)
    assert (held.code, held.until) == ("notice", NOW + 7 * 24 * HOUR)
    assert approval_gate(run, of.tiers[0], NOW + 7 * 24 * HOUR).ok


def test_a_tier_needs_its_approval_and_its_window() -> None:
    of = asking(1)
    shut = replace(of, blackouts=(Blackout("fair", Day(11, 21), Day(11, 21), "UTC"),))
    assert tier_gate(approved(of), of.tiers[0], NOW, HOUR).code == "approval"
    assert tier_gate(approved(of, "bob"), of.tiers[0], NOW, HOUR).code == "open"
    assert tier_gate(approved(shut, "bob"), of.tiers[0], NOW, HOUR).code == "blackout"


@pytest.mark.parametrize(
    ("budget", "failures", "ok"),
    [
        (Amount(count=0), 0, True),
        (Amount(count=0), 1, False),
        (Amount(count=1), 1, True),
        (Amount(count=1), 2, False),
        (Amount(percent=50), 2, True),
        (Amount(percent=50), 3, False),
        (Amount(percent=49), 2, False),
        (Amount(percent=100), 4, True),
    ],
)
def test_a_budget_is_of_the_tier_over_all_its_waves(budget: Amount, failures: int, ok: bool) -> None:
    of = plan(tier("test", ("a",), ("b", "c"), ("d",), failure_budget=budget))
    run = opened(of)
    for host in "abcd"[:failures]:
        run = failed(run, Step.STAGE, host)
    assert budget_verdict(run, of.tiers[0]).ok == ok
    assert stop_verdict(run).ok == ok


def test_a_stop_says_which_host_broke_the_budget_and_how() -> None:
    run = failed(opened(), Step.STAGE, "t1")
    assert stop_verdict(run).reason == "1 of 2 hosts failed in tier 'test', 0 allowed: t1: stage failed"


def test_nothing_new_begins_once_a_person_aborts_or_wants_something_back() -> None:
    aborted = opened(None, Aborted(NOW, "bob", "wrong day"))
    assert stop_verdict(aborted).reason == "aborted by bob: wrong day"
    asked = opened()
    asked = carried(asked, "t1")
    assert stop_verdict(asked).ok
    again = fold(asked, RollbackAsked(NOW, "bob", "slow", ("t1",)))
    assert stop_verdict(again).code == "rollback_asked"


def test_what_no_earlier_tier_keeps_is_not_proven() -> None:
    run = opened()
    assert unproven(run, "t1") is None
    assert unproven(run, "p1") == "tide=1.1"
    assert unproven(carried(run, "t1"), "p1") is None


def test_another_hash_another_version_and_another_platform_prove_nothing() -> None:
    run = carried(opened(), "t1")
    for other in (package(sha256="ff" * 32), package(version="1.2"), package("other")):
        changed = replace(run.plan, patch_set={DEBIAN.key: (other,)})
        hosts = {**changed.hosts, "p1": host_plan("p1", Change(other.key, "1.0"))}
        assert unproven(replace(run, plan=replace(changed, hosts=hosts)), "p1") is not None
    elsewhere = {**run.plan.hosts, "p1": host_plan("p1", platform="debian-12-arm64")}
    arm = replace(run.plan, hosts=elsewhere, patch_set={**run.plan.patch_set, "debian-12-arm64": (package(),)})
    assert unproven(replace(run, plan=arm), "p1") == "tide=1.1"


def test_a_rolled_back_host_proves_nothing_any_more() -> None:
    run = carried(opened(), "t1")
    asked = fold(run, RollbackAsked(NOW, "bob", "slow", ("t1",)))
    assert unproven(asked, "p1") == "tide=1.1"
    assert unproven(started(asked, Step.ROLLBACK, "t1"), "p1") == "tide=1.1"


def test_production_loses_only_what_a_test_host_lost() -> None:
    ebb, flow = Removal("ebb:all", "1"), Removal("flow:all", "1")
    losing = plan(hosts=[host_plan("t1", removes=(ebb,)), host_plan("p1", removes=(ebb,))])
    run = carried(opened(losing), "t1")
    assert unproven(opened(losing), "p1") == "tide=1.1, the removal of ebb:all"
    assert unproven(run, "p1") is None
    more = {**losing.hosts, "p1": host_plan("p1", removes=(ebb, flow))}
    assert unproven(replace(run, plan=replace(losing, hosts=more)), "p1") == "the removal of flow:all"
    arm = {**losing.hosts, "t1": replace(losing.hosts["t1"], platform="debian-12-arm64")}
    assert "the removal of ebb:all" in str(unproven(replace(run, plan=replace(losing, hosts=arm)), "p1"))
