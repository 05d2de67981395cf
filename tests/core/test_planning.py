"""From settings and probes to a plan."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.core.made import DEBIAN, NOW, WEB, pending, plan, probe

from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.patchset import Probe
from patchtide.core.plan import Change, Plan
from patchtide.core.planning import NotProbed, planned
from patchtide.core.policy import Amount, Limits, RebootPolicy
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.wall import confirm_within, heard_within, longest
from patchtide.core.windows import HOST, Window

TEST = TierSettings("test", "env_test", always=True)
PROD = TierSettings("prod", "env_prod", always=True, waves=(Amount(count=1), Amount(percent=100)))
MEMBERS = {"test": (Host("t1"),), "prod": (Host("p1"), Host("p2"), Host("p3"))}


def settings(*tiers: TierSettings) -> Settings:
    return Settings("patchtide.yml", ("inventory",), ".patchtide", tiers or (TEST, PROD), checks=(WEB,))


def probes(**known: Probe | NotProbed) -> dict[str, Probe | NotProbed]:
    found: dict[str, Probe | NotProbed] = {
        host: probe(pending(), machine=f"id-{host}") for host in ("t1", "p1", "p2", "p3")
    }
    return {**found, **known}


def made(found: Mapping[str, Probe | NotProbed], of: Settings | None = None) -> Plan:
    return planned(of or settings(), MEMBERS, found, NOW, "ann")


def test_every_host_has_its_place_and_its_change() -> None:
    plan = made(probes())
    assert [tier.waves for tier in plan.tiers] == [(("t1",),), (("p1",), ("p2", "p3"))]
    assert {name: host.changes for name, host in plan.hosts.items()} == {
        name: (Change("tide:amd64", "1.0"),) for name in ("t1", "p1", "p2", "p3")
    }


def test_production_decides_nothing_about_the_lock() -> None:
    found = made(probes(p1=probe(pending("tide", "9.9"), pending("mine", "1"), machine="id-p1")))
    assert [(p.name, p.version) for p in found.patch_set[DEBIAN.key]] == [("tide", "1.1")]
    assert found.hosts["p1"].changes == (Change("tide:amd64", "1.0"),)
    assert "mine:amd64" in found.hosts["p1"].left_out


def test_the_patch_set_has_no_file_that_nobody_gets() -> None:
    assert made(probes(t1=probe(machine="id-t1"))).patch_set == {}


def test_a_host_that_did_not_answer_is_refused_with_the_reason() -> None:
    plan = made(probes(p2=NotProbed("no route to host", unreachable=True)))
    assert (plan.hosts["p2"].refused, plan.hosts["p2"].unreachable) == ("no route to host", True)
    assert plan.hosts["p2"].changes == ()


def test_a_test_host_that_did_not_answer_proves_nothing() -> None:
    plan = made(probes(t1=NotProbed("no route to host", unreachable=True)))
    assert plan.patch_set == {}
    assert all(host.changes == () for host in plan.hosts.values())


def test_two_names_of_one_machine_are_refused() -> None:
    with pytest.raises(UsageError, match="hosts 't1' and 'p2' are one machine: both have machine-id id-t1"):
        made(probes(p2=probe(machine="id-t1")))


def test_machines_without_an_id_are_not_taken_for_one() -> None:
    assert made(probes(p1=probe(machine=""), p2=probe(machine=""))).hosts["p1"].machine_id == ""


@pytest.mark.parametrize("variables", [{}, {"cluster": None}, {"cluster": ""}])
def test_a_tier_that_spreads_needs_the_variable_on_every_host(variables: dict[str, object]) -> None:
    members = {**MEMBERS, "prod": (Host("p1", {"cluster": "a"}), Host("p2", variables), Host("p3", {"cluster": "b"}))}
    of = settings(TEST, replace(PROD, spread_by="cluster"))
    with pytest.raises(UsageError, match="tier 'prod' spreads by 'cluster', which p2 does not have"):
        planned(of, members, probes(), NOW, "ann")


def test_a_spread_variable_may_be_any_value() -> None:
    prod = (Host("p1", {"rack": [1, 2]}), Host("p2", {"rack": {"a": 1}}), Host("p3", {"rack": [1, 2]}))
    of = settings(TEST, replace(PROD, waves=(Amount(percent=100),), spread_by="rack"))
    plan = planned(of, {**MEMBERS, "prod": prod}, probes(), NOW, "ann")
    assert plan.tiers[1].waves == (("p1", "p2"), ("p3",))


def test_a_host_in_two_tiers_is_refused() -> None:
    with pytest.raises(UsageError, match="in two tiers"):
        planned(settings(), {**MEMBERS, "test": (Host("p1"),)}, probes(), NOW, "ann")


def test_the_wall_is_update_reboot_verify_confirmation_and_the_way_back() -> None:
    slow = replace(WEB, name="slow", warm_up=timedelta(minutes=1), deadline=timedelta(minutes=4), tiers=("prod",))
    limits = Limits(timedelta(minutes=10), timedelta(minutes=5), timedelta(minutes=7))
    of = plan(checks=(WEB, slow), limits=limits)
    assert longest(of, "test", 1) == timedelta(minutes=10 + 5 + 1 + 5 + 7 + 5 + 1)
    assert longest(of, "prod", 1) == timedelta(minutes=10 + 5 + 5 + 5 + 7 + 5 + 5)
    assert confirm_within(of, "prod", 1) == timedelta(minutes=10 + 5 + 5 + 5)
    assert heard_within(of, "prod", 1) == timedelta(minutes=5 + 7 + 5 + 5)
    trusting = replace(of, limits=replace(limits, confirm=timedelta(0)))
    assert (confirm_within(trusting, "prod", 1), heard_within(trusting, "prod", 1)) == (timedelta(0), timedelta(0))
    assert longest(of, "test", 1) - longest(trusting, "test", 1) == timedelta(minutes=5)
    assert longest(of, "test", 1) - longest(replace(of, reboot=RebootPolicy.NEVER), "test", 1) == timedelta(
        minutes=5 + 5
    )


def test_a_tier_is_judged_by_its_own_checks_and_the_common_ones() -> None:
    mine = replace(WEB, name="mine", tiers=("prod",))
    of = plan(checks=(WEB, mine))
    assert [check.name for check in of.checks_of("test")] == ["web"]
    assert [check.name for check in of.checks_of("prod")] == ["web", "mine"]


def test_a_plan_without_checks_still_has_a_wall() -> None:
    assert longest(plan(checks=()), "test", 1) >= timedelta(minutes=25)


LOCAL = Window("night", "FREQ=DAILY", time(1), timedelta(hours=5), HOST)


def in_zones(**zones: str) -> dict[str, Probe | NotProbed]:
    return probes(**{name: probe(pending(), machine=f"id-{name}", timezone=zone) for name, zone in zones.items()})


def test_a_tier_by_its_hosts_clocks_knows_each_hosts_zone() -> None:
    tier = replace(PROD, windows=(LOCAL,), always=False)
    found = made(in_zones(p1="Europe/Berlin", p2="Asia/Tokyo", p3="Asia/Tokyo"), settings(TEST, tier))
    prod = found.tiers[1]
    assert found.tiers[0].zones == {}
    assert prod.zones == {"p1": "Europe/Berlin", "p2": "Asia/Tokyo", "p3": "Asia/Tokyo"}
    assert found.calendar(prod, ["p1"]).zones == ("Europe/Berlin",)
    later = found.calendar(prod, ["p2", "p3"]).next_opening(NOW)
    assert later is not None
    assert f"{later.opens:%m-%d %H:%M}" == "11-21 16:00"
    assert found.calendar(prod).next_opening(NOW) is None  # never at night in both


def test_a_host_whose_zone_nobody_knows_is_refused() -> None:
    tier = replace(PROD, windows=(LOCAL,), always=False)
    found = made(in_zones(p1="Europe/Berlin", p2="", p3="Mars/Olympus"), settings(TEST, tier))
    assert "the host does not say" in str(found.hosts["p2"].refused)
    assert "the host says 'Mars/Olympus', which is none" in str(found.hosts["p3"].refused)
    assert found.hosts["p1"].refused is None


def test_a_hosts_zone_may_be_a_variable_of_the_inventory() -> None:
    tier = replace(PROD, windows=(LOCAL,), always=False, zone_from="site_timezone")
    members = {**MEMBERS, "prod": (Host("p1", {"site_timezone": "Asia/Kolkata"}), Host("p2"), Host("p3"))}
    found = planned(settings(TEST, tier), members, in_zones(p2="Asia/Tokyo"), NOW, "ann")
    assert found.tiers[1].zones == {"p1": "Asia/Kolkata"}
    assert "the host variable 'site_timezone' does not say" in str(found.hosts["p2"].refused)
