"""What did harm stays out: of later tiers, later runs, and older plans, until somebody lets it in again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import (
    DEBIAN,
    NOW,
    carried,
    did,
    entered,
    failed,
    kept_out,
    opened,
    package,
    pending,
    plan,
    probe,
    tier,
)

from patchtide.core.actions import Do, Quarantine, Settle
from patchtide.core.decide import decide
from patchtide.core.errors import UsageError
from patchtide.core.events import Event, Finding, RollbackAsked, VersionsQuarantined, VersionsReleased
from patchtide.core.fold import fold
from patchtide.core.patchset import Choices, Selection, host_plan, locked
from patchtide.core.policy import Amount
from patchtide.core.quarantine import quarantined, refused_versions, version_named, versions_matching
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step

TWO = plan(tier("test", ("t1", "t2"), failure_budget=Amount(count=1)), tier("prod", ("p1",)))


def harmed() -> Run:
    """A run in which t1 was put back within the budget, and t2 is well."""
    run = failed(entered(opened(TWO), "t1", "t2"), Step.PATCH, "t1")
    run = did(did(run, Step.PATCH, "t2"), Step.VERIFY, "t2")
    return did(run, Step.ROLLBACK, "t1")


def test_what_had_to_be_put_back_is_written_down_first_and_once() -> None:
    run = harmed()
    action = decide(run, NOW)
    assert action == Quarantine(("tide=1.1",), ("t1",), "put back on t1: patch failed")
    assert not isinstance(decide(kept_out(run), NOW), Quarantine)


def test_no_other_tier_gets_what_a_tier_had_to_put_back_though_its_budget_allowed_it() -> None:
    run = did(kept_out(harmed()), Step.LEAVE, "t1", "t2")
    assert run.hosts["t2"].end is EndState.PATCHED
    assert decide(run, NOW) == Settle(("p1",), EndState.UNTOUCHED, "in quarantine: tide=1.1")


def test_within_its_tier_the_failure_budget_decides() -> None:
    of = plan(tier("test", ("t1",), ("t2",), failure_budget=Amount(count=1)))
    run = failed(entered(opened(of), "t1"), Step.PATCH, "t1")
    run = did(kept_out(did(run, Step.ROLLBACK, "t1")), Step.LEAVE, "t1")
    assert decide(run, NOW) == Do(Step.STAGE, ("t2",))


def test_what_a_person_keeps_out_is_kept_out_of_every_tier_that_has_not_begun() -> None:
    run = fold(did(opened(TWO), Step.STAGE, "t1", "t2"), VersionsQuarantined(NOW, "ann", ("tide=1.1",), "CVE"))
    assert decide(run, NOW) == Settle(("t1", "t2"), EndState.UNTOUCHED, "in quarantine: tide=1.1")


def test_what_a_tier_learns_takes_nothing_back_of_what_a_person_said() -> None:
    run = fold(harmed(), VersionsQuarantined(NOW, "ann", ("tide=1.1",), "CVE"))
    assert kept_out(run).quarantined == {"tide=1.1": ""}


def test_a_release_lets_it_in_again() -> None:
    run = did(kept_out(harmed()), Step.LEAVE, "t1", "t2")
    run = fold(run, VersionsReleased(NOW, "ann", ("tide=1.1",), "it was the disk"))
    assert decide(run, NOW) == Do(Step.STAGE, ("p1",))


def test_a_rollback_that_a_person_asked_for_counts_too() -> None:
    run = carried(opened(plan(tier("test", ("t1",)))), "t1")
    run = fold(run, RollbackAsked(NOW, "bob", "slow", ("t1",)))
    assert isinstance(decide(did(run, Step.ROLLBACK, "t1"), NOW), Quarantine)


def test_a_host_that_the_run_never_changed_says_nothing_of_a_version() -> None:
    run = failed(entered(opened(TWO), "t1"), Step.PATCH, "t1")
    run = did(run, Step.ROLLBACK, "t1", finding=Finding(restored="nothing"))
    assert not isinstance(decide(run, NOW), Quarantine)


def test_a_later_plan_leaves_it_out_and_says_who_says_so() -> None:
    selection = Selection(quarantined={"tide=1.1": "quarantined by ann since 2026-11-21: CVE"})
    found = probe(pending("tide"), pending("other"))
    lock = locked([found], selection)
    assert [file.name for file in lock[DEBIAN.key]] == ["other"]
    left = host_plan("t1", found, Choices(lock, selection)).left_out
    assert left == {"tide:amd64": "quarantined by ann since 2026-11-21: CVE"}


def test_the_next_version_is_another_one() -> None:
    selection = Selection(quarantined={"tide=1.1": "no"})
    assert locked([probe(pending("tide", "1.1+fixed"))], selection)[DEBIAN.key][0].version == "1.1+fixed"


def test_an_older_plan_is_found_out() -> None:
    kept = quarantined([("project", VersionsQuarantined(NOW, "ann", ("tide=1.1", "other=2"), "CVE"))])
    assert [entry.version for entry in refused_versions(TWO, kept)] == ["tide=1.1"]
    assert refused_versions(plan(patch_set={DEBIAN.key: (package(version="1.2"),)}), kept) == ()


def test_the_first_word_stands_until_it_is_taken_back() -> None:
    said: list[tuple[str, Event]] = [
        ("run-1", VersionsQuarantined(NOW, "patchtide", ("a=1",), "put back on t1", ("t1",))),
        ("project", VersionsQuarantined(NOW + timedelta(1), "ann", ("a=1",), "again")),
    ]
    assert quarantined(said)["a=1"].stream == "run-1"
    freed = VersionsReleased(NOW + timedelta(2), "bob", ("a=1",), "mended")
    gone: list[tuple[str, Event]] = [*said, ("project", freed)]
    assert quarantined(gone) == {}
    assert quarantined([*gone, said[1]])["a=1"].by == "ann"


@given(st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from(["a=1", "a=2", "b=1"]), min_size=1))))
def test_in_quarantine_is_what_was_put_in_last_and_not_let_out_since(words: list[tuple[bool, set[str]]]) -> None:
    inside: set[str] = set()
    said: list[tuple[str, Event]] = []
    for shuts, versions in words:
        kind = VersionsQuarantined if shuts else VersionsReleased
        said.append(("project", kind(NOW, "ann", tuple(versions), "why")))
        inside = inside | versions if shuts else inside - versions
    assert set(quarantined(said)) == inside


@pytest.mark.parametrize("text", ["tidepool", "=1.2", "tidepool=", "tide pool=1", "a=1;reboot", "../a=1", "-o=1"])
def test_what_is_no_package_and_version_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no package=version"):
        version_named(text)


@pytest.mark.parametrize("text", ["tidepool=1.2", "g++-12=12.2.0-14+deb12u1", "openssl=1:3.0~rc1^git-2"])
def test_epochs_tildes_and_pluses_are_versions(text: str) -> None:
    assert version_named(text) == text


def test_releases_are_by_name_or_pattern_and_never_of_nothing() -> None:
    kept = quarantined([("project", VersionsQuarantined(NOW, "ann", ("liba=1", "libb=2", "tide=1"), "CVE"))])
    assert versions_matching(["lib*=*", "liba=1"], kept) == ("liba=1", "libb=2")
    with pytest.raises(UsageError, match="nothing in quarantine is named 'tide'"):
        versions_matching(["tide"], kept)
