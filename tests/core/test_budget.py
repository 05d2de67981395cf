"""Failure budgets: of a tier, of each wave, of the run; who goes back when they are exceeded, and who may go on."""

from dataclasses import replace

import pytest
from tests.core.made import NOW, carried, did, failed, host_plan, kept_out, opened, plan, tier

from patchtide.core.actions import Action, Ask, Do, End, Quarantine, Settle, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Event, Finding, HostsSettled, VersionsQuarantined
from patchtide.core.fold import fold
from patchtide.core.gates import budget_verdict, foreseen, stop_verdict
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.policy import Amount, OnFailure
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome, Step

ONE, ALL = Amount(count=1), Amount(percent=100)
WAVES = (("a1", "a2", "a3"), ("b1", "b2", "b3"))


def prod(**more: object) -> TierPlan:
    return tier("prod", *WAVES, **{"failure_budget": ALL, **more})


def harmed(run: Run, host: str) -> Run:
    return kept_out(failed(did(run, Step.ENTER, host), Step.PATCH, host))


def staged(of: Plan) -> Run:
    return did(opened(of), Step.STAGE, *of.hosts)


@pytest.mark.parametrize(
    ("of", "where"),
    [
        (plan(prod(failure_budget=ONE)), "tier 'prod', 1 allowed"),
        (plan(prod(wave_budget=ONE)), "wave 1 of tier 'prod', 1 allowed"),
        (plan(prod(wave_budget=Amount(percent=34))), "wave 1 of tier 'prod', 1 allowed"),
        (plan(prod(), failure_budget=ONE), "the run, 1 allowed"),
        (plan(prod(), failure_budget=Amount(percent=20)), "the run, 1 allowed"),
    ],
)
def test_each_budget_stops_what_exceeds_it(of: Plan, where: str) -> None:
    run = harmed(staged(of), "a1")
    assert stop_verdict(run).ok
    run = harmed(run, "a2")
    verdict = stop_verdict(run)
    assert not verdict.ok
    assert verdict.reason.endswith(f"hosts failed in {where}: a1: patch failed")


def test_a_waves_budget_is_that_of_each_wave_and_the_runs_is_over_all_tiers() -> None:
    run = harmed(harmed(staged(plan(prod(wave_budget=ONE))), "a1"), "b1")
    assert stop_verdict(run).ok
    both = plan(tier("test", ("t1", "t2"), failure_budget=ALL), prod(), failure_budget=ONE)
    run = harmed(harmed(staged(both), "t1"), "a1")
    assert not budget_verdict(run, both.tiers[0]).ok
    assert "2 of 8 hosts failed in the run" in stop_verdict(run).reason


def test_one_bad_host_is_put_back_alone_and_the_rest_goes_on_within_the_budget() -> None:
    run = harmed(staged(plan(prod(failure_budget=ONE))), "a1")
    assert decide(run, NOW) == Do(Step.ROLLBACK, ("a1",), "the update did harm")
    run = kept_out(did(did(run, Step.ROLLBACK, "a1"), Step.LEAVE, "a1"))
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("a2", "a3"))
    run = carried(run, "a2", "a3")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert action.hosts == WAVES[1]


@pytest.mark.parametrize(
    ("policy", "back"),
    [
        (OnFailure.ROLLBACK, ("b1", "b2")),
        (OnFailure.ROLLBACK_TIER, ("a1", "a2", "a3", "b1", "b2")),
    ],
)
def test_beyond_the_budget_on_failure_decides_who_goes_back(policy: OnFailure, back: tuple[str, ...]) -> None:
    run = carried(staged(plan(prod(failure_budget=Amount(count=0), on_failure=policy))), *WAVES[0])
    run = harmed(carried(run, "b2"), "b1")
    stop = decide(run, NOW)
    assert isinstance(stop, Settle)
    assert stop.hosts == ("b3",)
    run = fold(run, HostsSettled(NOW, stop.hosts, stop.end, stop.reason, stop.failed))
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ROLLBACK, back)
    ended = carried_on(did(run, Step.ROLLBACK, *back))
    assert {host.name for host in ended.hosts.values() if host.end is EndState.ROLLED_BACK} == set(back)
    assert outcome_of(ended) is Outcome.ROLLED_BACK


@pytest.mark.parametrize("policy", [OnFailure.ASK, OnFailure.STOP])
def test_the_others_leave_patched_hosts_as_they_are(policy: OnFailure) -> None:
    run = carried(staged(plan(prod(failure_budget=Amount(count=0), on_failure=policy))), *WAVES[0])
    run = carried_on(harmed(run, "b1"))
    assert all(run.hosts[name].end is EndState.PATCHED for name in WAVES[0])
    assert not any(host.rolled_back for host in run.hosts.values())


REFUSED = host_plan("p1", refused="no route to host", unreachable=True)


def test_a_refused_host_of_a_later_tier_stops_that_tier_when_its_turn_comes_and_not_the_test() -> None:
    of = plan(tier("test", ("t1", "t2")), tier("prod", ("p1", "p2")), hosts=(replace(REFUSED, changes=()),))
    assert foreseen(of, of.tiers[0]).ok
    told = foreseen(of, of.tiers[1])
    assert (told.ok, told.reason) == (
        False, "1 of 2 hosts failed in tier 'prod', 0 allowed: p1: no route to host"
    )  # fmt: skip
    run = opened(of)
    assert decide(run, NOW) == Do(Step.STAGE, ("t1", "t2"))
    run = carried_on(carried(run, "t1", "t2"))
    ends = {name: host.end for name, host in run.hosts.items()}
    assert ends == {name: EndState.UNTOUCHED if name[0] == "p" else EndState.PATCHED for name in ends}
    assert run.hosts["p1"].reason == "no route to host"
    assert told.reason in run.hosts["p2"].reason
    assert outcome_of(run) is Outcome.UNREACHABLE


def test_within_the_budget_the_tier_goes_on_without_its_refused_host() -> None:
    of = plan(tier("test", ("t1",)), tier("prod", ("p1", "p2"), failure_budget=ONE), hosts=(REFUSED,))
    assert foreseen(of, of.tiers[1]).ok
    action = decide(settling(carried(opened(of), "t1")), NOW)
    assert action == Do(Step.STAGE, ("p2",))


def test_a_run_that_stops_early_still_says_of_each_refused_host_why() -> None:
    of = plan(tier("test", ("t1",)), tier("prod", ("p1", "p2")), hosts=(REFUSED,))
    run = carried_on(harmed(did(opened(of), Step.STAGE, "t1"), "t1"))
    assert run.hosts["p1"].reason == "no route to host"
    assert "hosts failed in tier 'test'" in run.hosts["p2"].reason
    assert outcome_of(run) is Outcome.ROLLED_BACK


def outcome_of(run: Run) -> Outcome:
    action = decide(run, NOW)
    assert isinstance(action, End), action
    return action.outcome


def settling(run: Run) -> Run:
    """Return the run once everything is written down that needs no step."""
    while isinstance(action := decide(run, NOW), Settle | Quarantine):
        run = fold(run, _event(action))
    return run


def carried_on(run: Run) -> Run:
    """Return the run when every step from here on goes well, up to its end or to where it waits."""
    while not isinstance(action := decide(settling(run), NOW), Wait | Ask | End):
        assert isinstance(action, Do)
        run = did(settling(run), action.step, *action.hosts, finding=_said(action))
    return settling(run)


def _event(action: Action) -> Event:
    match action:
        case Quarantine():
            return VersionsQuarantined(NOW, "patchtide", action.versions, action.reason, action.hosts)
        case Settle():
            return HostsSettled(NOW, action.hosts, action.end, action.reason, action.failed)
        case _:
            raise AssertionError(action)


def _said(action: Do) -> Finding | None:
    return None if action.step is not Step.LEAVE else Finding()
