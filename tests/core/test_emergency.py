"""Emergencies lift the window and nothing else, for a while, and leave a debt where nobody else agreed."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.core.made import NOW, carried, opened, plan, tier

from patchtide.core.emergency import owes_review
from patchtide.core.gates import tier_gate
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals, EmergencyPolicy
from patchtide.core.run import Run
from patchtide.core.said import Approved, EmergencyDeclared, Reviewed, Word
from patchtide.core.windows import Blackout, Day, Window

HOUR = timedelta(hours=1)
NIGHT = Window("night", "FREQ=DAILY", time(20), timedelta(hours=4), "UTC")
FAIR = Blackout("fair", Day(11, 21), Day(11, 21), "UTC")


def shut(approvals: Approvals | None = None, *, second_person: bool = False) -> Plan:
    wanted = tier("test", ("t1",), always=False, windows=(NIGHT,), approvals=approvals)
    return plan(wanted, blackouts=(FAIR,), emergency=EmergencyPolicy(4 * HOUR, second_person))


def urgent(of: Plan, *words: Word, doubt: str = "", digest: str = "") -> Run:
    declared = EmergencyDeclared(NOW, "ann", digest or of.digest, "a worm", NOW + 4 * HOUR, doubt=doubt)
    return opened(of, declared, *words)


def test_an_emergency_lifts_window_and_blackout_for_as_long_as_it_lasts() -> None:
    of = shut()
    gate = tier_gate(urgent(of), of.tiers[0], NOW, HOUR)
    assert (gate.ok, gate.code) == (True, "emergency")
    assert "a worm" in gate.reason
    assert tier_gate(urgent(of), of.tiers[0], NOW + 3 * HOUR, HOUR).ok


@pytest.mark.parametrize(
    ("after", "told"), [(3 * HOUR + timedelta(seconds=1), "has no room for 60 min"), (4 * HOUR, "is over")]
)
def test_what_does_not_fit_before_its_end_waits_for_a_window(after: timedelta, told: str) -> None:
    of = shut()
    gate = tier_gate(urgent(of), of.tiers[0], NOW + after, HOUR)
    assert gate.code == "blackout"
    assert told in gate.reason
    assert gate.until == NOW + timedelta(days=1, hours=15)


@pytest.mark.parametrize(("doubt", "digest"), [("forged", ""), ("", "sha256:0")])
def test_an_emergency_with_a_doubt_or_of_another_plan_is_none(doubt: str, digest: str) -> None:
    of = shut()
    assert tier_gate(urgent(of, doubt=doubt, digest=digest), of.tiers[0], NOW, HOUR).code == "blackout"


def test_approvals_stay_and_their_notice_does_not() -> None:
    of = shut(Approvals(1, ("bob", "cid"), timedelta(days=7)))
    assert tier_gate(urgent(of), of.tiers[0], NOW, HOUR).code == "approval"
    agreed = urgent(of, Approved(NOW, "bob", of.digest))
    assert tier_gate(agreed, of.tiers[0], NOW, HOUR).ok
    assert owes_review(agreed) is None


def test_an_approval_of_an_emergency_ends_with_it() -> None:
    of = shut(Approvals(1, ("bob", "cid")))
    agreed = urgent(of, Approved(NOW, "bob", of.digest))
    assert tier_gate(agreed, of.tiers[0], NOW + timedelta(days=1, hours=16), HOUR).code == "approval"


def test_a_second_person_is_waited_for_where_one_is_wanted() -> None:
    of = shut(second_person=True)
    assert tier_gate(urgent(of), of.tiers[0], NOW, HOUR).code == "second_person"
    for by, ok in (("ann", False), ("bob", True)):
        assert tier_gate(urgent(of, Approved(NOW, by, of.digest)), of.tiers[0], NOW, HOUR).ok == ok
    forged = urgent(of, Approved(NOW, "bob", of.digest, doubt="not his key"))
    assert not tier_gate(forged, of.tiers[0], NOW, HOUR).ok


def test_what_nobody_else_agreed_to_is_reviewed_afterwards() -> None:
    of = shut()
    run = carried(urgent(of), "t1")
    assert owes_review(run) == "an emergency of ann, which nobody else agreed to: a worm"
    assert owes_review(carried(urgent(of, Reviewed(NOW, "bob", of.digest, "fine", doubt="forged")), "t1"))
    assert owes_review(urgent(of, Reviewed(NOW, "bob", of.digest, "fine"))) is None
    assert owes_review(opened(of)) is None


def test_a_forged_declaration_does_not_replace_a_sound_one() -> None:
    of = shut()
    forged = EmergencyDeclared(NOW, "bob", of.digest, "for ever", NOW + 400 * HOUR, doubt="not his key")
    assert tier_gate(urgent(of, forged), of.tiers[0], NOW + 5 * HOUR, HOUR).code == "blackout"


def test_who_agreed_before_an_emergency_was_declared_is_no_second_person_and_keeps_their_own_opening() -> None:
    of = shut(Approvals(1, ("bob", "cid")))
    earlier = Approved(NOW, "bob", of.digest)
    declared = EmergencyDeclared(NOW + HOUR, "ann", of.digest, "a worm", NOW + 4 * HOUR)
    run = opened(of, earlier, declared)
    assert tier_gate(run, of.tiers[0], NOW + HOUR, HOUR).ok
    assert owes_review(run) is not None
    assert tier_gate(
        run, of.tiers[0], NOW + timedelta(days=1, hours=16), HOUR
    ).ok  # the window that the approval was for
    strict = shut(Approvals(1, ("bob", "cid")), second_person=True)
    said = replace(earlier, digest=strict.digest), replace(declared, digest=strict.digest)
    assert tier_gate(opened(strict, *said), strict.tiers[0], NOW + HOUR, HOUR).code == "second_person"
    late = opened(strict, *said, Approved(NOW + HOUR, "cid", strict.digest))
    assert tier_gate(late, strict.tiers[0], NOW + HOUR, HOUR).ok


def test_who_declared_an_emergency_is_no_second_person_of_it() -> None:
    of = shut(second_person=True)
    declared = EmergencyDeclared(NOW, "bob", of.digest, "a worm", NOW + 4 * HOUR)
    for by, ok in (("bob", False), ("ann", False), ("cid", True)):
        run = opened(of, declared, Approved(NOW, by, of.digest))
        assert tier_gate(run, of.tiers[0], NOW, HOUR).ok == ok
