"""Class `emergency` asks what an emergency asks, while it lasts: the people, the number, the notice, a request."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tests.core.made import DEBIAN, NOW, opened, package, plan, tier

from patchtide.core.approvals import NOTICE, approval_gate, counted, waiver
from patchtide.core.channels import Command
from patchtide.core.emergency import owes_review
from patchtide.core.gates import REQUEST, request_gate, tier_gate, waivable
from patchtide.core.impact import TABLE, Impact, Rules, classified
from patchtide.core.notices import due
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals, Asked, ValidFor
from patchtide.core.run import Run
from patchtide.core.said import Approved, ChangeRequested, EmergencyDeclared, Rejected, Vote, Waived, Word
from patchtide.core.windows import Window
from patchtide.documents import parsed, plain, sealed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHT = Window("night", "FREQ=DAILY", time(20), timedelta(hours=4), "UTC", impact="high")
PEOPLE = ("bob", "cid", "dan")
OWN = Approvals(1, PEOPLE)
AGREED = Rules(tuple(Impact), security_only=True, approvals=2, people=("cid", "dan"))
LOW = replace(TABLE[Impact.LOW], approvals=1, notice=7 * DAY, people=PEOPLE)

QUICK = replace(LOW, notice=timedelta(0))


def urgent(rules: Rules = AGREED, own: Approvals | None = OWN, low: Rules | None = None, **more: object) -> Plan:
    """A plan whose change is low, in a tier whose window has an impact, by a file that has classes."""
    wanted = tier("test", ("t1",), **{"always": False, "windows": (NIGHT,), "approvals": own, **more})
    made = plan(wanted, patch_set={DEBIAN.key: (package(security=True),)})
    table = {**TABLE, Impact.LOW: low or LOW, Impact.EMERGENCY: rules}
    return sealed(classified(made, table, asking=True))


def declared(of: Plan, *words: Word, by: str = "ann", doubt: str = "", at: datetime = NOW) -> Run:
    before = [word for word in words if word.at < at]
    after = [word for word in words if word.at >= at]
    return opened(of, *before, EmergencyDeclared(at, by, of.digest, "a worm", at + 4 * HOUR, doubt=doubt), *after)


def yes(of: Plan, by: str, at: datetime = NOW) -> Approved:
    return Approved(at, by, of.digest)


@pytest.mark.parametrize(
    ("rules", "own", "wanted"),
    [
        (AGREED, Approvals(1, PEOPLE), Approvals(2, ("cid", "dan"))),
        (AGREED, None, Approvals(2, ("cid", "dan"))),
        (replace(AGREED, people=()), Approvals(1, PEOPLE), Approvals(2, PEOPLE)),
        (replace(AGREED, approvals=0, people=()), Approvals(3, PEOPLE, DAY), Approvals(3, PEOPLE)),
        (replace(AGREED, notice=HOUR), Approvals(1, PEOPLE, DAY), Approvals(2, ("cid", "dan"), HOUR)),
        (AGREED, Approvals(1, PEOPLE, DAY, ValidFor.RUN), Approvals(2, ("cid", "dan"), valid_for=ValidFor.RUN)),
    ],
)
def test_the_higher_number_the_people_of_the_class_and_its_own_notice(
    rules: Rules, own: Approvals | None, wanted: Approvals
) -> None:
    found = urgent(rules, own).tiers[0]
    assert (found.impact, found.urgent) == ("low", Asked(wanted, False, _WHY))


_WHY = "as class 'emergency' asks"


def test_nobody_is_asked_by_a_class_that_asks_nobody_and_a_tier_that_does_not_either() -> None:
    quiet = {impact: replace(rules, approvals=0, notice=timedelta(0)) for impact, rules in TABLE.items()}
    made = plan(tier("test", ("t1",), windows=(NIGHT,)), patch_set={DEBIAN.key: (package(security=True),)})
    assert classified(made, quiet, asking=True).tiers[0].urgent == Asked(None, False, _WHY)


def test_a_file_without_classes_a_tier_that_is_always_open_and_a_change_beyond_it_ask_nothing_else() -> None:
    made = plan(tier("test", ("t1",), windows=(NIGHT,)), patch_set={DEBIAN.key: (package(security=True),)})
    assert classified(made, TABLE, asking=False).tiers[0].urgent is None
    assert urgent(windows=(), always=True).tiers[0].urgent is None
    bugs = replace(made, patch_set={DEBIAN.key: (package(),)})
    bugs = replace(bugs, tiers=(replace(bugs.tiers[0], approvals=Approvals(1, PEOPLE)),))
    found = classified(bugs, {**TABLE, Impact.EMERGENCY: replace(AGREED, approvals=9)}, asking=True).tiers[0]
    assert (found.urgent, found.no_emergency) == (None, "not all of it fixes security: tide")


@pytest.mark.parametrize(
    ("rules", "own", "wanted"),
    [
        (AGREED, None, Asked(Approvals(2, ("cid", "dan")), False, "as class 'emergency' asks")),
        (TABLE[Impact.EMERGENCY], OWN, Asked(OWN, False, "as class 'emergency' asks")),
        (TABLE[Impact.EMERGENCY], None, Asked(None, False, "as class 'emergency' asks")),
        (
            replace(TABLE[Impact.EMERGENCY], notice=HOUR, request=True),
            None,
            Asked(Approvals(0, (), HOUR), True, "as class 'emergency' asks"),
        ),
    ],
)
def test_where_windows_have_no_class_it_asks_as_far_as_there_is_anybody(
    rules: Rules, own: Approvals | None, wanted: Asked
) -> None:
    found = urgent(rules, own, windows=(replace(NIGHT, impact=""),)).tiers[0]
    assert (found.approvals, found.urgent) == (own, wanted)


def test_where_more_people_are_asked_than_there_are_a_calm_plan_stands_and_an_emergency_does_not() -> None:
    found = urgent(replace(AGREED, approvals=3)).tiers[0]
    assert (found.urgent, found.refused) == (None, "")
    assert found.no_emergency == "class 'emergency' asks for 3 approvals, but 2 people may give one"


def test_an_emergency_asks_its_own_people_and_says_by_what() -> None:
    of = urgent()
    first = of.tiers[0]
    told = approval_gate(declared(of), first, NOW)
    assert (told.ok, told.code) == (False, "approval")
    assert told.reason == "tier 'test' has 0 of 2 approvals, as class 'emergency' asks; still to be asked: cid, dan"
    half = tier_gate(declared(of, yes(of, "cid"), yes(of, "bob")), first, NOW, HOUR)
    assert half.code == "approval"
    assert "bob's does not count: bob is not asked in tier 'test', as class 'emergency' asks" in half.reason
    agreed = declared(of, yes(of, "cid"), yes(of, "dan"))
    assert tier_gate(agreed, first, NOW, HOUR).code == "emergency"
    assert owes_review(agreed) is None


@pytest.mark.parametrize("doubt", ["forged", ""])
def test_only_a_sound_declaration_of_this_plan_changes_who_is_asked(doubt: str) -> None:
    of = urgent()
    run = declared(of, doubt=doubt)
    people = ["bob", "cid", "dan"] if doubt else ["cid", "dan"]
    assert approval_gate(run, of.tiers[0], NOW).reason.endswith(", ".join(people))
    other = opened(of, EmergencyDeclared(NOW, "ann", "sha256:0", "a worm", NOW + 4 * HOUR))
    assert approval_gate(other, of.tiers[0], NOW).reason.endswith("bob, cid, dan")


def test_a_requester_never_agrees_and_a_no_of_who_is_asked_holds() -> None:
    of = urgent(replace(AGREED, approvals=1, people=("ann", "cid")))
    assert "ann asked for this change" in approval_gate(declared(of, yes(of, "ann")), of.tiers[0], NOW).reason
    wanting = ChangeRequested(NOW, "cid", of.digest, "CR-1", *("",) * 10)
    assert "cid asked for this change" in approval_gate(declared(of, wanting, yes(of, "cid")), of.tiers[0], NOW).reason
    held = approval_gate(declared(of, Rejected(NOW, "cid", of.digest, "wait")), of.tiers[0], NOW)
    assert held.code == "rejected"
    assert approval_gate(declared(of, Rejected(NOW, "bob", of.digest, "wait")), of.tiers[0], NOW).code == "approval"


def test_an_approval_from_before_counts_for_who_is_asked_until_its_own_opening_ends() -> None:
    of = urgent(replace(AGREED, approvals=1), Approvals(1, PEOPLE, timedelta(0)))
    of = sealed(replace(of, tiers=(replace(of.tiers[0], approvals=Approvals(1, PEOPLE)),)))
    at = NOW + HOUR
    assert tier_gate(declared(of, yes(of, "cid"), at=at), of.tiers[0], at, HOUR).ok
    assert tier_gate(declared(of, yes(of, "bob"), at=at), of.tiers[0], at, HOUR).code == "approval"
    later = NOW + 20 * HOUR  # the night for which it was given is over
    late = declared(of, yes(of, "cid"), at=later)
    assert "that ended" in tier_gate(late, of.tiers[0], later, HOUR).reason


def test_an_edited_plan_needs_its_own_declaration_and_its_own_approvals() -> None:
    of = urgent()
    words = (yes(of, "cid"), yes(of, "dan"))
    eased = replace(of.tiers[0], urgent=Asked(Approvals(1, ("bob",)), False, _WHY))
    edited = sealed(replace(of, tiers=(eased,)))
    assert edited.digest != of.digest
    assert tier_gate(opened(edited, *words), edited.tiers[0], NOW, HOUR).code == "approval"
    stale = opened(edited, EmergencyDeclared(NOW, "ann", of.digest, "a worm", NOW + 4 * HOUR), *words)
    assert not tier_gate(stale, edited.tiers[0], NOW, HOUR).ok


def test_notice_is_counted_from_the_declaration_and_waived_for_itself() -> None:
    of = urgent(replace(AGREED, approvals=1, notice=HOUR))
    at = NOW + HOUR
    early = Waived(NOW, "cid", of.digest, NOTICE, "everybody knows")
    run = declared(of, early, yes(of, "cid", at), at=at)
    held = tier_gate(run, of.tiers[0], at, HOUR)
    assert (held.code, held.until) == ("notice", at + HOUR)
    assert held.reason == "tier 'test' was announced with a notice of 1:00:00, as class 'emergency' asks"
    assert tier_gate(run, of.tiers[0], at + HOUR, HOUR).ok
    assert waivable(run, at) == {NOTICE: ("test",)}
    late = Waived(at, "cid", of.digest, NOTICE, "they know")
    assert tier_gate(declared(of, late, yes(of, "cid", at), at=at), of.tiers[0], at, HOUR).ok


def test_what_is_waived_in_an_emergency_by_its_people_is_owed_again_after_it() -> None:
    of = urgent(replace(AGREED, notice=HOUR))
    run = declared(of, Waived(NOW, "cid", of.digest, NOTICE, "they know"))
    words: list[Word] = [Waived(NOW, "cid", of.digest, NOTICE, "they know"), yes(of, "bob", NOW + 5 * HOUR)]
    after = approval_gate(declared(of, *words), of.tiers[0], NOW + 5 * HOUR)
    assert waiver(run, of.tiers[0], NOTICE) is not None
    assert (after.code, after.until) == ("notice", NOW + 7 * DAY)


@pytest.mark.parametrize("by_class", [True, False])
def test_a_change_request_is_asked_for_where_the_class_says_so(*, by_class: bool) -> None:
    of = urgent(replace(AGREED, request=by_class))
    calm, pressing = opened(of), declared(of)
    assert request_gate(calm, of.tiers[0], NOW).ok
    asks = request_gate(pressing, of.tiers[0], NOW)
    assert asks.ok is not by_class
    if by_class:
        assert "wants a change request for this plan, as class 'emergency' asks, and there is none" in asks.reason
        assert REQUEST in waivable(pressing, NOW)
        made = ChangeRequested(NOW, "eve", of.digest, "CR-1", *("",) * 10)
        assert request_gate(declared(of, made), of.tiers[0], NOW).ok
        assert request_gate(declared(of, Waived(NOW, "cid", of.digest, REQUEST, "no time")), of.tiers[0], NOW).ok
    own = urgent(AGREED, request=True)
    assert not request_gate(declared(own), own.tiers[0], NOW).ok


def test_after_its_time_the_class_of_the_change_is_asked_again() -> None:
    of = urgent(replace(AGREED, approvals=1), Approvals(2, PEOPLE))
    run = declared(of, yes(of, "cid"), yes(of, "dan"))
    assert tier_gate(run, of.tiers[0], NOW + HOUR, HOUR).ok
    assert approval_gate(run, of.tiers[0], NOW + 4 * HOUR - timedelta(seconds=1)).ok
    over = tier_gate(run, of.tiers[0], NOW + 15 * HOUR, HOUR)
    assert over.code == "approval"
    assert "has 0 of 2 approvals; " in over.reason
    again = declared(of, yes(of, "cid"), yes(of, "bob", NOW + 5 * HOUR), yes(of, "dan", NOW + 5 * HOUR))
    held = tier_gate(again, of.tiers[0], NOW + 15 * HOUR, HOUR)
    assert (held.code, held.until) == ("notice", NOW + 7 * DAY)


def test_an_approval_in_the_last_minutes_is_for_the_opening_after_the_notice() -> None:
    of = urgent(replace(AGREED, approvals=1))
    late = NOW + 4 * HOUR - timedelta(minutes=1)
    vote = next(one for one in counted(declared(of, yes(of, "cid", late)), of.tiers[0], NOW + 5 * HOUR))
    assert vote.until is not None
    assert vote.until > NOW + 7 * DAY


def test_what_people_are_told_is_that_it_is_an_emergency() -> None:
    of = replace(urgent(announce=(DAY,)), channels=(Command("ops", ("tell",)),))
    of = sealed(of)
    notice, _ = next(due(declared(of, at=NOW), NOW))
    assert notice.subject.startswith("Emergency maintenance: test, 2026-11-21 05:00 UTC to")
    assert "It is an emergency, says ann: a worm" in notice.text


def test_a_plan_keeps_what_an_emergency_asks_when_it_is_written_down() -> None:
    of = urgent(replace(AGREED, notice=HOUR, request=True))
    assert parsed(Plan, plain(of), what="the plan") == of


_NAMES = st.sampled_from(["ann", "bob", "cid", "dan", "eve"])
_WHEN = st.integers(0, 16).map(lambda quarter: NOW + quarter * HOUR / 4)


@given(
    count=st.integers(0, 3),
    people=st.lists(_NAMES, unique=True, min_size=3).map(tuple),
    own=st.integers(1, 3),
    notice=st.integers(0, 3),
    votes=st.lists(st.tuples(_NAMES, _WHEN, st.sampled_from([True, True, True, False]), st.booleans()), min_size=2),
    at=_WHEN,
)
def test_no_emergency_begins_with_fewer_people_than_its_class_asks(
    count: int,
    people: tuple[str, ...],
    own: int,
    notice: int,
    votes: list[tuple[str, datetime, bool, bool]],
    at: datetime,
) -> None:
    of = urgent(Rules((), approvals=count, people=people, notice=notice * HOUR), Approvals(own, PEOPLE), QUICK)
    words: list[Vote] = [
        yes(of, by, when) if fine else Rejected(when, by, of.digest if mine else "sha256:0", "no")
        for by, when, fine, mine in sorted(votes, key=lambda vote: vote[1])
    ]
    run = declared(of, *(word for word in words if word.at <= at))
    if tier_gate(run, of.tiers[0], at, timedelta(minutes=5)).ok:
        event("it begins")
        last = {word.by: word for word in words if word.at <= at and word.digest == of.digest}
        agreed = {by for by, word in last.items() if isinstance(word, Approved)} & set(people) - {"ann"}
        assert len(agreed) >= max(count, own)
        assert at >= NOW + notice * HOUR
        assert not [by for by, word in last.items() if isinstance(word, Rejected) and by in set(people) - {"ann"}]
