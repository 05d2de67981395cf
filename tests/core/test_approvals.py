"""Votes and waivers: of whom, for which plan, for which opening; each one that does not count says why."""

from datetime import time, timedelta

import pytest
from tests.core.made import NOW, opened, plan, tier

from patchtide.core.actions import Ask, Wait
from patchtide.core.approvals import approval_gate, counted, waiver
from patchtide.core.decide import decide
from patchtide.core.events import RunOpened
from patchtide.core.fold import folded
from patchtide.core.gates import tier_gate, waivable
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals, ValidFor
from patchtide.core.run import Run
from patchtide.core.said import Approved, Rejected, Waived, Word
from patchtide.core.windows import Window

HOUR = timedelta(hours=1)
DAY = 24 * HOUR
NIGHTLY = Window("nightly", "FREQ=DAILY", time(8), timedelta(hours=4), "UTC")  # three hours after NOW
PEOPLE = ("ann", "bob", "cid")


def asking(count: int = 1, notice: timedelta = timedelta(0), valid_for: ValidFor = ValidFor.OPENING) -> Plan:
    wanted = Approvals(count, PEOPLE, notice, valid_for)
    return plan(tier("test", ("t1",), always=False, windows=(NIGHTLY,), approvals=wanted))


def said(of: Plan, *words: Word) -> Run:
    return opened(of, *words)


def yes(of: Plan, by: str = "bob", after: timedelta = timedelta(0)) -> Approved:
    return Approved(NOW + after, by, of.digest)


def test_an_approval_ends_with_the_opening_that_it_was_given_for() -> None:
    of = asking()
    run = said(of, yes(of))
    closes = NOW + 7 * HOUR
    assert tier_gate(run, of.tiers[0], NOW + 3 * HOUR, HOUR).ok
    assert approval_gate(run, of.tiers[0], closes - timedelta(seconds=1)).ok
    over = approval_gate(run, of.tiers[0], closes)
    assert over.code == "approval"
    assert "bob's does not count: it was for the opening of 'nightly' that ended 2026-11-21 12:00 UTC" in over.reason


def test_an_approval_in_an_open_window_without_room_is_for_the_next_one() -> None:
    of = asking()
    late = yes(of, after=6 * HOUR + timedelta(minutes=55))
    assert approval_gate(said(of, late), of.tiers[0], NOW + DAY + 4 * HOUR).ok
    assert not approval_gate(said(of, late), of.tiers[0], NOW + DAY + 7 * HOUR).ok


def test_an_approval_during_the_notice_is_for_the_first_opening_after_it() -> None:
    of = asking(notice=2 * DAY)
    run = said(of, yes(of))
    assert approval_gate(run, of.tiers[0], NOW + DAY).code == "notice"
    assert approval_gate(run, of.tiers[0], NOW + 2 * DAY + 4 * HOUR).ok
    assert not approval_gate(run, of.tiers[0], NOW + 2 * DAY + 7 * HOUR).ok


def test_where_it_is_said_so_an_approval_holds_for_the_run() -> None:
    of = asking(valid_for=ValidFor.RUN)
    assert approval_gate(said(of, yes(of)), of.tiers[0], NOW + 300 * DAY).ok


def test_an_expired_approval_makes_the_run_ask_again_and_a_new_one_lets_it_go_on() -> None:
    of = asking()
    run = said(of, yes(of))
    assert isinstance(decide(_staged(run), NOW + 7 * HOUR), Ask)
    again = said(of, yes(of), yes(of, after=8 * HOUR))
    coming = decide(_staged(again), NOW + 8 * HOUR)
    assert isinstance(coming, Wait)
    assert coming.code == "shut"


def _staged(run: Run) -> Run:
    from tests.core.made import did

    from patchtide.core.steps import Step

    return did(run, Step.STAGE, "t1")


def test_a_no_stands_until_the_same_person_says_yes() -> None:
    of = asking()
    no = Rejected(NOW, "cid", of.digest, "not in the sale")
    held = approval_gate(said(of, yes(of), no), of.tiers[0], NOW + 300 * DAY)
    assert (held.code, held.reason) == ("rejected", "tier 'test' was rejected by cid: not in the sale")
    assert approval_gate(said(of, no, yes(of, "bob"), yes(of, "cid")), of.tiers[0], NOW).ok
    assert approval_gate(said(of, no, yes(of, "bob")), of.tiers[0], NOW).code == "rejected"


@pytest.mark.parametrize("by", ["ann", "mallory"])
def test_a_no_of_who_is_not_asked_is_none(by: str) -> None:
    of = asking()
    assert approval_gate(said(of, yes(of), Rejected(NOW, by, of.digest, "no")), of.tiers[0], NOW).ok


def test_a_yes_that_was_taken_back_does_not_count() -> None:
    of = asking(2)
    votes = counted(said(of, yes(of), Rejected(NOW, "bob", of.digest, "wait")), of.tiers[0], NOW)
    assert [(one.counts, one.why) for one in votes] == [
        (False, "replaced by a later word"),
        (True, "until they approve"),
    ]


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (Approved(NOW, "bob", "sha256:0123456789ab"), "it is for another plan, sha256:0123456789ab"),
        (Approved(NOW, "mallory", "@"), "mallory is not asked in tier 'test'"),
        (Approved(NOW, "ann", "@"), "ann asked for this change"),
        (Approved(NOW, "bob", "@", doubt="the signature is not that of bob"), "the signature is not that of bob"),
    ],
)
def test_what_does_not_count_is_told_where_it_is_missed(word: Approved, why: str) -> None:
    from dataclasses import replace

    of = asking()
    vote = replace(word, digest=of.digest) if word.digest == "@" else word
    run = said(of, vote)
    assert [one.why for one in counted(run, of.tiers[0], NOW)] == [why]
    assert f"{vote.by}'s does not count: {why}" in approval_gate(run, of.tiers[0], NOW).reason


def test_a_doubtful_no_does_not_replace_a_sound_yes() -> None:
    of = asking()
    assert approval_gate(said(of, yes(of), Rejected(NOW, "bob", of.digest, "x", doubt="forged")), of.tiers[0], NOW).ok


def test_who_made_the_plan_does_not_agree_to_it_either() -> None:
    of = asking()  # by ann
    run = folded([RunOpened(NOW, of, "bob"), yes(of, "ann")])
    assert approval_gate(run, of.tiers[0], NOW).code == "approval"


def test_a_notice_is_waived_by_who_is_asked_and_by_nobody_else() -> None:
    of = asking(notice=2 * DAY)
    assert waivable(said(of), NOW) == {"notice": ("test",)}
    for by, code in (("bob", "approved"), ("ann", "notice"), ("mallory", "notice")):
        run = said(of, yes(of), Waived(NOW, by, of.digest, "notice", "a hole that burns"))
        assert approval_gate(run, of.tiers[0], NOW + HOUR).code == code


def test_a_waiver_of_another_plan_or_with_a_doubt_is_none() -> None:
    of = asking(notice=DAY)
    for word in (
        Waived(NOW, "bob", "sha256:0", "notice", "x"),
        Waived(NOW, "bob", of.digest, "notice", "x", None, "?"),
    ):
        assert waiver(said(of, word), of.tiers[0], "notice") is None
