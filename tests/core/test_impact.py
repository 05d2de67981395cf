"""The impact class of a change is read off its plan, and only windows that take the class are left."""

from dataclasses import replace
from datetime import time, timedelta

import pytest
from tests.core.made import DEBIAN, NOW, did, host_plan, opened, package, plan, tier

from patchtide.core.actions import Settle
from patchtide.core.decide import decide
from patchtide.core.errors import UsageError
from patchtide.core.gates import request_gate
from patchtide.core.impact import TABLE, Impact, Rules, beyond, change_of, classified
from patchtide.core.packages import Package, Removal
from patchtide.core.plan import Change, Plan, TierPlan
from patchtide.core.policy import Amount, Approvals, RebootPolicy
from patchtide.core.steps import Step
from patchtide.core.windows import Window

DAY = timedelta(days=1)


def window(impact: str, name: str = "") -> Window:
    return Window(name or impact or "any", "FREQ=DAILY", time(3), timedelta(hours=4), "UTC", impact=impact)


def changing(*packages: Package, windows: tuple[Window, ...] = (), **more: object) -> Plan:
    """A plan of one tier with two hosts that both get the packages."""
    changes = tuple(Change(one.key, "1.0") for one in packages)
    hosts = [host_plan(name, *changes) for name in ("t1", "t2")]
    one = tier("test", ("t1", "t2"), windows=windows, always=not windows)
    return plan(one, hosts=hosts, patch_set={DEBIAN.key: packages}, **more)


def first(of: Plan, *, asking: bool = False, table: dict[Impact, Rules] | None = None) -> TierPlan:
    return classified(of, table or TABLE, asking=asking).tiers[0]


KERNEL = package("linux-image-amd64", restart="reboot")


@pytest.mark.parametrize(
    ("of", "impact", "why"),
    [
        (changing(package()), "low", ""),
        (changing(package("libc6", restart="reboot")), "high", "a reboot is expected on t1, t2"),
        (changing(KERNEL, reboot=RebootPolicy.NEVER), "high", "a kernel is among it: linux-image-amd64"),
        (changing(package("libc6", restart="reboot"), reboot=RebootPolicy.NEVER), "low", ""),
    ],
)
def test_the_class_of_a_change_is_the_lowest_that_may_contain_it(of: Plan, impact: str, why: str) -> None:
    found = first(of)
    assert found.impact == impact
    assert found.impact_why == (f"{why}, which is more than medium" if why else "")


def test_a_reboot_from_before_and_a_package_that_leaves_count_too() -> None:
    of = changing(package())
    owing = replace(of, hosts={**of.hosts, "t2": replace(of.hosts["t2"], owes_reboot=("a kernel waits",))})
    assert (first(owing).impact, first(owing).impact_why) == (
        "high",
        "a reboot is expected on t2, which is more than medium",
    )
    losing = replace(of, hosts={**of.hosts, "t2": replace(of.hosts["t2"], removes=(Removal("old:amd64", "1"),))})
    assert (first(losing).impact, first(losing).impact_why) == (
        "medium",
        "packages leave for it: old:amd64, which is more than low",
    )


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        (Rules((), security_only=True), "not all of it fixes security: tide"),
        (Rules((), packages=("nginx*",)), "other packages than nginx*: tide"),
        (Rules((), hosts=Amount(count=1)), "2 hosts change, and 1 is the most"),
        (Rules((), hosts=Amount(percent=50)), "2 hosts change, and 50% is the most"),
        (Rules((), packages=("ti*",), hosts=Amount(count=2)), None),
    ],
)
def test_what_a_class_may_contain_may_be_restricted(rules: Rules, told: str | None) -> None:
    of = changing(package())
    found = beyond(change_of(of, of.tiers[0]), rules)
    assert found is None if told is None else told in str(found)


def test_only_windows_that_take_the_class_are_left() -> None:
    both = (window("low"), window("high"), window("", "free"), window("emergency"))
    assert [w.name for w in first(changing(package(), windows=both)).windows] == ["low", "high", "free"]
    assert [w.name for w in first(changing(KERNEL, windows=both)).windows] == ["high", "free"]


def test_without_a_window_that_takes_it_nothing_begins_and_the_reason_is_told() -> None:
    of = classified(changing(KERNEL, windows=(window("low"), window("medium"))), TABLE, asking=False)
    verdict = of.calendar(of.tiers[0]).may_begin(NOW, timedelta(0))
    assert (verdict.ok, verdict.code) == (False, "impact")
    assert "is of high impact: a reboot is expected on t1, t2" in verdict.reason
    assert "'low' is for low, 'medium' is for medium" in verdict.reason
    action = decide(did(opened(of), Step.STAGE, "t1", "t2"), NOW)
    assert isinstance(action, Settle)
    assert action.reason == verdict.reason


def test_what_no_class_may_contain_is_refused_where_windows_have_classes() -> None:
    table = {**TABLE, Impact.HIGH: replace(TABLE[Impact.HIGH], kernel=False)}
    assert "no impact class may contain" in first(changing(KERNEL, windows=(window("high"),)), table=table).refused
    assert first(changing(KERNEL, windows=(window(""),)), table=table).refused == ""


def test_a_class_raises_notice_and_approvals_where_the_configuration_has_classes() -> None:
    asked = Approvals(1, ("bob", "cleo"), DAY)
    of = changing(KERNEL, windows=(window("high"),))
    of = replace(of, tiers=(replace(of.tiers[0], approvals=asked),))
    assert first(of).approvals == asked
    assert first(of, asking=True).approvals == Approvals(2, ("bob", "cleo"), 14 * DAY)
    free = changing(KERNEL, windows=(window(""),))
    assert first(free, asking=True).approvals is None


def test_a_class_that_asks_for_more_people_than_there_are_is_an_error() -> None:
    with pytest.raises(UsageError, match="asks for 2 approvals, but 0 people may give one") as caught:
        first(changing(KERNEL, windows=(window("high"),)), asking=True)
    assert "impacts.high.from" in caught.value.hint
    table = {**TABLE, Impact.HIGH: replace(TABLE[Impact.HIGH], people=("cto", "owner"))}
    found = first(changing(KERNEL, windows=(window("high"),)), asking=True, table=table)
    assert found.approvals == Approvals(2, ("cto", "owner"), 14 * DAY)


def test_a_class_can_ask_for_a_change_request_for_this_very_plan() -> None:
    quiet = {impact: replace(rules, approvals=0, notice=timedelta(0)) for impact, rules in TABLE.items()}
    table = {**quiet, Impact.HIGH: replace(quiet[Impact.HIGH], request=True)}
    high = changing(KERNEL, windows=(window("high"),))
    assert not first(high, table=table).request  # the table asks nobody where the file has no `impacts`
    asked = classified(high, table, asking=True)
    assert asked.tiers[0].request
    verdict = request_gate(opened(asked), asked.tiers[0], NOW)
    assert (verdict.ok, verdict.code) == (False, "request")
    low = changing(package(), windows=(window("low"), window("high")))
    assert not first(low, table=table, asking=True).request
    assert not first(changing(KERNEL, windows=(window(""),)), table=table, asking=True).request
    wanting = replace(low, tiers=(replace(low.tiers[0], request=True),))
    assert first(wanting, table=quiet, asking=True).request


def test_an_emergency_may_contain_what_its_class_says_where_the_configuration_has_classes() -> None:
    of = changing(package(), windows=(window(""),))
    assert first(of, asking=True).no_emergency == "not all of it fixes security: tide"
    assert first(of).no_emergency == ""
    assert first(changing(package(security=True), windows=(window(""),)), asking=True).no_emergency == ""
