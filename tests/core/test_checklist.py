"""Checklists: what is found out, what is ticked, for which opening; an open item is a no-go."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.core.made import NOW, carried, did, failed, opened, plan, tier

from patchtide.core.approvals import approval_gate
from patchtide.core.backup import Backup
from patchtide.core.checklist import checklist_gate, item_states
from patchtide.core.events import Finding
from patchtide.core.gates import request_gate, tier_gate, waivable
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals, ChecklistItem, ReturnBy
from patchtide.core.said import Approved, ChangeRequested, Ticked, Waived
from patchtide.core.steps import Step
from patchtide.core.windows import Window
from patchtide.documents import sealed

HOUR = timedelta(hours=1)
NIGHT = Window("night", "FREQ=WEEKLY;BYDAY=SU", time(20), timedelta(hours=4), "UTC")  # the first one is tomorrow
ROLES = ChecklistItem("roles", 24 * HOUR, "everybody knows what to do")


def listing(*items: ChecklistItem, **more: object) -> Plan:
    prod = tier("prod", ("p1", "p2"), always=False, windows=(NIGHT,), checklist=items, **more)
    return plan(tier("test", ("t1", "t2")), prod)


def test_a_manual_item_is_open_until_somebody_ticks_it() -> None:
    of = listing(ROLES)
    gate = checklist_gate(opened(of), of.tiers[1], NOW)
    assert (gate.ok, gate.code) == (False, "checklist")
    assert gate.reason == "no-go for tier 'prod', 1 of 1 items open: roles: nobody has ticked it"
    assert checklist_gate(opened(of, Ticked(NOW, "bob", of.digest, "roles")), of.tiers[1], NOW).ok
    assert tier_gate(opened(of), of.tiers[1], NOW, HOUR).code == "checklist"


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (Ticked(NOW, "bob", "sha256:0", "roles"), "nobody has ticked it"),
        (Ticked(NOW, "bob", "@", "other"), "nobody has ticked it"),
        (Ticked(NOW, "bob", "@", "roles", doubt="forged"), "the tick does not count: forged"),
    ],
)
def test_a_tick_of_another_plan_or_item_or_with_a_doubt_is_none(word: Ticked, why: str) -> None:
    of = listing(ROLES)
    said = replace(word, digest=of.digest) if word.digest == "@" else word
    assert why in checklist_gate(opened(of, said), of.tiers[1], NOW).reason


def test_a_tick_and_a_waiver_hold_for_one_opening() -> None:
    of = listing(ROLES)
    for word in (Ticked(NOW, "bob", of.digest, "roles"), Waived(NOW, "bob", of.digest, "roles", "two of us")):
        run = opened(of, word)
        assert checklist_gate(run, of.tiers[1], NOW + 42 * HOUR).ok  # until Sunday at midnight
        assert not checklist_gate(run, of.tiers[1], NOW + 44 * HOUR).ok


def test_an_item_is_due_so_long_before_the_opening_and_never_before_the_run() -> None:
    week = ChecklistItem("week", 7 * 24 * HOUR, "x")
    states = item_states(opened(listing(ROLES, week)), listing(ROLES, week).tiers[1], NOW)
    assert [(state.item.name, state.due) for state in states] == [("week", NOW), ("roles", NOW + 15 * HOUR)]


def test_who_is_asked_waives_and_nobody_else_where_somebody_is_asked() -> None:
    of = listing(ROLES, approvals=Approvals(1, ("bob",)))
    assert waivable(opened(of), NOW) == {"roles": ("prod",)}
    for by, ok in (("bob", True), ("ann", False), ("cid", False)):
        run = opened(of, Waived(NOW, by, of.digest, "roles", "x"))
        assert checklist_gate(run, of.tiers[1], NOW).ok == ok


def auto(name: str) -> tuple[Plan, ChecklistItem]:
    item = ChecklistItem(name, HOUR, auto=name)
    return listing(item), item


def test_the_way_back_is_proven_by_staging() -> None:
    of, _ = auto("way_back_proven")
    run = opened(of)
    assert "p1, p2" in checklist_gate(run, of.tiers[1], NOW).reason
    assert checklist_gate(did(run, Step.STAGE, "p1", "p2"), of.tiers[1], NOW).ok
    none = listing(of.tiers[1].checklist[0], returns=ReturnBy.NONE, approvals=Approvals(1, ("bob",)))
    assert "no way back" in checklist_gate(did(opened(none), Step.STAGE, "p1", "p2"), none.tiers[1], NOW).reason


@pytest.mark.parametrize("name", ["health_green", "test_environment_ready"])
def test_earlier_tiers_have_to_be_patched_and_well(name: str) -> None:
    of, _ = auto(name)
    assert not checklist_gate(opened(of), of.tiers[1], NOW).ok
    assert checklist_gate(carried(opened(of), "t1", "t2"), of.tiers[1], NOW).ok


def test_a_host_that_failed_in_an_earlier_tier_is_not_green() -> None:
    of, _ = auto("health_green")
    run = failed(carried(opened(of), "t1"), Step.STAGE, "t2")
    assert checklist_gate(run, of.tiers[1], NOW).reason.endswith("t2: stage failed")


def test_a_test_tier_that_is_not_over_is_not_ready() -> None:
    of, _ = auto("test_environment_ready")
    assert "not at an end yet: t2" in checklist_gate(carried(opened(of), "t1"), of.tiers[1], NOW).reason


def test_a_backup_is_verified_on_every_host_or_not_at_all() -> None:
    item = ChecklistItem("backup", HOUR, auto="backup_verified")
    of = listing(item)
    assert "no `backup` is configured" in checklist_gate(opened(of), of.tiers[1], NOW).reason
    backed = sealed(replace(of, backup=Backup(("check",))))
    found = Finding(backed_up=True)
    run = did(opened(backed), Step.STAGE, "p1", finding=found)
    assert "found good yet on p2" in checklist_gate(run, backed.tiers[1], NOW).reason
    assert checklist_gate(did(run, Step.STAGE, "p2", finding=found), backed.tiers[1], NOW).ok


def requested(digest: str, doubt: str = "") -> ChangeRequested:
    texts = ("w", "r", "low", "low", "", "", "x", "x", "x", "ann")
    return ChangeRequested(NOW, "ann", digest, "cr-1", *texts, doubt=doubt)


def test_a_tier_that_wants_a_request_waits_for_one_for_this_very_plan() -> None:
    of = listing(request=True)
    assert request_gate(opened(of), of.tiers[1], NOW).code == "request"
    assert request_gate(opened(of, requested("sha256:0")), of.tiers[1], NOW).code == "request"
    doubtful = request_gate(opened(of, requested(of.digest, "forged")), of.tiers[1], NOW)
    assert "cr-1 does not count: forged" in doubtful.reason
    assert request_gate(opened(of, requested(of.digest)), of.tiers[1], NOW).ok
    assert request_gate(opened(of, Waived(NOW, "bob", of.digest, "request", "x")), of.tiers[1], NOW).ok
    assert request_gate(opened(of), of.tiers[0], NOW).ok


def test_whoever_made_the_change_request_never_agrees_to_it() -> None:
    of = listing(request=True, approvals=Approvals(1, ("bob", "cid")))
    agreed = Approved(NOW, "bob", of.digest)
    asking = replace(requested(of.digest), by="bob")
    assert approval_gate(opened(of, agreed), of.tiers[1], NOW).ok
    for words in ((asking, agreed), (agreed, asking)):
        gate = approval_gate(opened(of, *words), of.tiers[1], NOW)
        assert (gate.ok, "bob asked for this change" in gate.reason) == (False, True)
    for other in (replace(asking, doubt="forged"), replace(asking, digest="sha256:0")):
        assert approval_gate(opened(of, other, agreed), of.tiers[1], NOW).ok
