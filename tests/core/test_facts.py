"""What is known of updates: from all test hosts together, for every host, and never more than was found out."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import DEBIAN, NOW, SHA, pending, probe

from patchtide.core.facts import Facts, advised, found_out, in_order
from patchtide.core.fleet import Host
from patchtide.core.packages import Pending
from patchtide.core.patchset import MinimumAge, Selection
from patchtide.core.plan import Plan
from patchtide.core.planning import planned
from patchtide.core.settings import Settings, TierSettings

FILE = (DEBIAN.key, "tide:amd64", "1.1", SHA)
AGES = MinimumAge(timedelta(days=3))


def days_old(days: float, **more: object) -> Pending:
    found = pending()
    return replace(found, package=replace(found.package, released=NOW - timedelta(days=days), **more))  # type: ignore[arg-type]


def facts(*waiting: Pending) -> Facts:
    return found_out([probe(one, machine=str(number)) for number, one in enumerate(waiting)])[FILE]


def test_hosts_add_up_what_they_know_of_a_file() -> None:
    older = pending(installed="0.9", cves=("CVE-2025-0001", "CVE-2025-10000"), advisories=("DSA-2-1",))
    newer = pending(cves=("CVE-2025-9999",), advisories=("DSA-1-1",), released=NOW)
    assert facts(older, newer) == Facts(
        ("CVE-2025-0001", "CVE-2025-9999", "CVE-2025-10000"), ("DSA-1-1", "DSA-2-1"), NOW
    )


def test_a_host_that_knows_speaks_for_those_with_the_same_version() -> None:
    assert facts(pending(), pending(cves=("CVE-2025-0001",))).cves == ("CVE-2025-0001",)
    assert facts(pending(cves=()), pending()).cves == ()


def test_what_is_unknown_of_one_version_is_unknown() -> None:
    assert facts(pending(installed="0.9"), pending(cves=("CVE-2025-0001",))).cves is None
    assert facts(pending(), pending()).cves is None


def test_another_file_of_the_same_version_is_told_nothing() -> None:
    other = probe(pending(sha256="cd" * 32))
    found = {"t1": probe(pending(cves=())), "p1": other, "p2": probe(pending()), "p3": "silent"}
    aware = advised(found, ["t1"])
    assert (aware["t1"], aware["p1"], aware["p3"]) == (found["t1"], other, "silent")
    assert aware["p2"] == found["t1"]


def test_hosts_that_wait_for_the_same_share_one_list_and_others_do_not() -> None:
    found = {name: probe(pending()) for name in ("t1", "p1")} | {"p2": probe(pending(suite="other"))}
    aware = advised(found, ["t1"])
    assert aware["p1"].pending is aware["t1"].pending
    assert aware == found


@given(st.lists(st.tuples(st.sampled_from(["0.8", "0.9", None]), st.none() | st.sets(st.integers(1000, 1004)))))
def test_no_order_of_the_hosts_changes_what_is_known(fleet: list[tuple[str | None, set[int] | None]]) -> None:
    probes = [
        probe(pending(installed=old, cves=None if ids is None else tuple(f"CVE-2025-{n}" for n in sorted(ids))))
        for old, ids in fleet
    ]
    known = found_out(probes)
    assert found_out(list(reversed(probes))) == known
    if probes and known[FILE].cves is not None:
        assert sorted(known[FILE].cves or (), key=in_order) == list(known[FILE].cves or ())


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (days_old(4), None),
        (days_old(3), None),
        (days_old(2.9), "too young: released 2026-11-18 07:24 UTC, 72h ago is wanted"),
        (days_old(-1), "too young: released 2026-11-22 05:00 UTC, 72h ago is wanted"),
        (pending(), "too young: nobody can tell since when it is out, and 72h are wanted"),
        (days_old(0, security=True), None),
        (pending(security=True), None),
        (days_old(0, advisories=("DSA-1-1",)), None),
        (days_old(0, cves=("CVE-2025-0001",)), "too young: released 2026-11-21 05:00 UTC, 72h ago is wanted"),
    ],
)
def test_an_update_has_to_be_old_enough_unless_it_fixes_security(waiting: Pending, said: str | None) -> None:
    assert Selection(minimum_age=AGES, now=NOW).refusal(waiting) == said


def test_security_can_be_asked_to_wait_too_and_then_has_to_have_an_age() -> None:
    selection = Selection(minimum_age=MinimumAge(timedelta(days=3), timedelta(hours=6)), now=NOW)
    assert selection.refusal(days_old(0.3, security=True)) is None
    assert "6h ago is wanted" in str(selection.refusal(days_old(0.2, security=True)))
    assert "nobody can tell" in str(selection.refusal(pending(security=True)))


def test_without_a_time_nothing_is_old_enough() -> None:
    assert Selection(minimum_age=AGES).refusal(days_old(99)) is not None
    assert Selection().refusal(pending()) is None


def test_only_security_takes_what_an_advisory_names_whatever_its_origin() -> None:
    selection = Selection(security_only=True)
    assert selection.refusal(pending(advisories=("DSA-1-1",))) is None
    assert selection.refusal(pending(cves=("CVE-2025-0001",))) == "not a security update"


def made(test: Pending, production: Pending, selection: Selection) -> Plan:
    settings = Settings(
        "",
        (),
        "",
        (TierSettings("test", "t", always=True), TierSettings("prod", "p", always=True)),
        selection=replace(selection, now=NOW),
    )
    members = {"test": [Host("t1")], "prod": [Host("p1")]}
    probes = {"t1": probe(test, machine="t"), "p1": probe(production, machine="p")}
    return planned(settings, members, probes, NOW, "ann")


def test_production_knows_what_test_found_out() -> None:
    known = days_old(4, cves=("CVE-2025-0001",))
    plan = made(known, pending(), Selection(minimum_age=AGES))
    assert [change.key for change in plan.hosts["p1"].changes] == ["tide:amd64"]
    assert plan.patch_set[DEBIAN.key][0].cves == ("CVE-2025-0001",)


def test_what_is_too_young_on_test_is_too_young_for_all_with_the_same_words() -> None:
    plan = made(days_old(1), pending(), Selection(minimum_age=AGES))
    assert plan.hosts["t1"].left_out == plan.hosts["p1"].left_out
    assert "too young: released" in plan.hosts["p1"].left_out["tide:amd64"]
    assert plan.patch_set == {}


def test_a_later_version_on_productions_mirror_does_not_keep_the_proven_one_away() -> None:
    plan = made(days_old(4), pending(version="1.2"), Selection(minimum_age=AGES))
    assert [change.key for change in plan.hosts["p1"].changes] == ["tide:amd64"]
