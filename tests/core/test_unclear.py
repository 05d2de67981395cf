"""Health that nobody can tell, checks that are not made, and monitoring: who is asked, what goes on, what goes back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import BAD, GOOD, NOW, WEB, carried, did, entered, failed, opened, plan, started, tier

from patchtide.core.actions import Ask, Do, End, Wait
from patchtide.core.decide import decide
from patchtide.core.events import Aborted, Finding, RunTaken
from patchtide.core.fold import fold
from patchtide.core.gates import waivable
from patchtide.core.health import INSTALLED, Check, Measurement, tolerances, with_numbers
from patchtide.core.run import Run
from patchtide.core.said import Waived
from patchtide.core.steps import EndState, Outcome, Step

UNCLEAR = (Measurement("web", "inconclusive", "p95 slower", before="pass"),)
LATER = NOW + timedelta(hours=1)


def asking() -> Run:
    run = did(entered(opened(plan(tier("test", ("t1",)))), "t1"), Step.PATCH, "t1")
    return did(run, Step.VERIFY, "t1", finding=Finding(measurements=UNCLEAR, confirmed=True))


def waived(run: Run, item: str, by: str = "bob") -> Run:
    return fold(run, Waived(NOW, by, run.plan.digest, item, "looked at it"))


def test_nobody_can_tell_so_a_person_is_asked_and_nothing_else_happens() -> None:
    action = decide(asking(), NOW)
    assert isinstance(action, Ask)
    assert (action.code, action.tier) == ("inconclusive", "test")
    assert "p95 slower" in action.reason
    assert waivable(asking(), NOW) == {"health:web": ("test",)}


def test_a_person_says_that_it_is_well() -> None:
    units = replace(WEB, name="units")
    run = did(entered(opened(plan(tier("test", ("t1",)), checks=(WEB, units))), "t1"), Step.PATCH, "t1")
    both = (*UNCLEAR, Measurement("units", "pass", before="pass"))
    run = waived(did(run, Step.VERIFY, "t1", finding=Finding(measurements=both, confirmed=True)), "health:web")
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.VERIFY, ("t1",))
    run = did(run, Step.VERIFY, "t1", finding=Finding(measurements=both, confirmed=True))
    assert run.hosts["t1"].fate is EndState.PATCHED


def test_with_the_only_check_waived_nothing_is_measured_and_that_is_no_health() -> None:
    run = waived(asking(), "health:web")
    for _ in range(3):
        run = did(run, Step.VERIFY, "t1", finding=Finding(measurements=UNCLEAR, confirmed=True))
    assert run.hosts["t1"].next is Step.ROLLBACK


def test_whoever_takes_the_run_up_again_has_it_looked_at_again() -> None:
    run = fold(asking(), RunTaken(NOW, "bob"))
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.VERIFY, ("t1",))
    assert did(run, Step.VERIFY, "t1").hosts["t1"].fate is EndState.PATCHED


def test_an_abort_puts_back_what_nobody_can_tell() -> None:
    run = fold(asking(), Aborted(NOW, "bob", "enough"))
    assert (run.hosts["t1"].next, run.hosts["t1"].failed) == (Step.ROLLBACK, True)
    action = decide(run, NOW)
    assert isinstance(action, Do)
    assert action.step is Step.ROLLBACK


def test_what_cannot_be_measured_is_tried_again_and_then_is_harm() -> None:
    run = did(entered(opened(plan(tier("test", ("t1",)))), "t1"), Step.PATCH, "t1")
    nothing = Finding(measurements=(Measurement("web", "unmeasured", before="pass"),))
    for count in (1, 2):
        run = did(run, Step.VERIFY, "t1", finding=nothing)
        assert (run.hosts["t1"].next, run.hosts["t1"].unmeasured, run.hosts["t1"].failed) == (Step.VERIFY, count, False)
    run = did(run, Step.VERIFY, "t1", finding=nothing)
    assert (run.hosts["t1"].next, run.hosts["t1"].failed) == (Step.ROLLBACK, True)


def test_a_failure_is_no_case_for_another_try() -> None:
    run = did(entered(opened(plan(tier("test", ("t1",)))), "t1"), Step.PATCH, "t1")
    run = did(run, Step.VERIFY, "t1", finding=Finding(measurements=BAD))
    assert run.hosts["t1"].next is Step.ROLLBACK


def soaking(changed: tuple[str, ...]) -> Run:
    run = carried(opened(plan(tier("test", ("t1",), soak=timedelta(hours=2)))), "t1")
    return did(run, Step.VERIFY, "t1", finding=Finding(measurements=GOOD, differences=changed), at=LATER)


def test_packages_that_others_change_while_it_soaks_are_asked_about() -> None:
    run = soaking(("curl:amd64 is 8, was 7",))
    action = decide(run, LATER)
    assert isinstance(action, Ask)
    assert "curl" in action.reason
    run = waived(run, f"health:{INSTALLED}")
    assert isinstance(decide(run, LATER), Do)
    run = did(run, Step.VERIFY, "t1", finding=Finding(measurements=GOOD, differences=("curl",)), at=LATER)
    assert isinstance(decide(run, LATER), Wait)
    assert isinstance(decide(soaking(()), LATER), Wait)


SMOKE = Check("smoke", "tcp", {"port": 1}, enabled=False)


def promoted(*checks: Check, finding: Finding | None = None) -> Run:
    run = opened(plan(tier("test", ("t1",)), tier("prod", ("p1",)), checks=checks))
    for step in (Step.STAGE, Step.ENTER, Step.PATCH):
        run = did(run, step, "t1")
    run = did(run, Step.VERIFY, "t1", finding=finding)
    return did(did(run, Step.LEAVE, "t1"), Step.STAGE, "p1")


def test_a_disabled_check_stops_the_promotion_until_somebody_waives_it_by_name() -> None:
    run = promoted(WEB, SMOKE)
    assert run.hosts["t1"].end is EndState.PATCHED
    action = decide(run, NOW)
    assert isinstance(action, Ask)
    assert (action.code, action.tier) == ("check_skipped", "prod")
    assert "health:smoke (disabled)" in action.reason
    assert isinstance(decide(waived(run, "health:web"), NOW), Ask)
    action = decide(waived(run, "health:smoke"), NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("p1",))


def test_a_disabled_check_of_neither_tier_stops_nothing() -> None:
    run = promoted(WEB, replace(SMOKE, tiers=("later",)))
    assert isinstance(decide(run, NOW), Do)


def test_a_check_whose_program_is_missing_stops_the_promotion_too() -> None:
    smoke = replace(SMOKE, enabled=True)
    gone = Measurement("smoke", "skipped", "no such program", before="skipped")
    run = promoted(WEB, smoke, finding=Finding(measurements=(*GOOD, gone), confirmed=True))
    action = decide(run, NOW)
    assert isinstance(action, Ask)
    assert "health:smoke (its program is not there on t1)" in action.reason
    assert isinstance(decide(waived(run, "health:smoke"), NOW), Do)


def test_a_program_that_vanished_with_the_update_is_no_excuse() -> None:
    run = did(entered(opened(plan(tier("test", ("t1",)))), "t1"), Step.PATCH, "t1")
    gone = Finding(measurements=(Measurement("web", "skipped", before="pass"),))
    for _ in range(3):
        run = did(run, Step.VERIFY, "t1", finding=gone)
    assert run.hosts["t1"].next is Step.ROLLBACK


def watched() -> Run:
    return carried(opened(plan(tier("test", ("t1",)), monitor=timedelta(hours=4))), "t1")


def test_everything_is_judged_again_after_the_last_wave_for_as_long_as_monitoring_lasts() -> None:
    run = watched()
    action = decide(run, NOW)
    assert isinstance(action, Wait)
    assert (action.code, action.until) == ("monitor", NOW + timedelta(minutes=5))
    assert isinstance(decide(run, LATER), Do)
    over = NOW + timedelta(hours=4)
    done = did(run, Step.VERIFY, "t1", at=over)
    assert decide(done, over) == End(Outcome.DONE, "1 patched")


def test_monitoring_goes_tier_by_tier_as_each_has_checks_of_its_own() -> None:
    both = opened(plan(tier("test", ("t1",)), tier("prod", ("p1",)), monitor=timedelta(hours=4)))
    run = carried(carried(both, "t1"), "p1")
    for host in ("t1", "p1"):
        action = decide(run, LATER)
        assert isinstance(action, Do)
        assert (action.step, action.hosts) == (Step.VERIFY, (host,))
        run = did(run, Step.VERIFY, host, at=LATER)
    assert isinstance(decide(run, LATER), Wait)


def test_what_fails_while_it_is_monitored_is_put_back() -> None:
    run = did(watched(), Step.VERIFY, "t1", finding=Finding(measurements=BAD), at=LATER)
    action = decide(run, LATER)
    assert isinstance(action, Do)
    assert action.step is Step.ROLLBACK


def test_an_abort_ends_the_monitoring() -> None:
    assert isinstance(decide(fold(watched(), Aborted(NOW, "bob", "enough")), NOW), End)
    assert isinstance(decide(failed(watched(), Step.VERIFY, "t1"), LATER), Do)
    assert started(watched(), Step.VERIFY, "t1").hosts["t1"].started


@pytest.mark.parametrize(("factor", "status"), [(1.0, "pass"), (1.1, "pass"), (1.3, "fail"), (2.0, "fail")])
def test_numbers_are_judged_here_whatever_the_host_made_of_them(factor: float, status: str) -> None:
    check = Check("web", "http", {"port": 1, "p95_within": 0.2})
    before = tuple(20 + place / 100 for place in range(30))
    after = tuple(number * factor for number in before)
    one = Measurement("web", "pass", before="pass", samples=after, samples_before=before, unit="ms")
    assert with_numbers(one, check).status == status
    assert with_numbers(replace(one, samples=()), check).status == "inconclusive"
    assert with_numbers(replace(one, before="fail"), check).status == "pass"
    assert tolerances(WEB) == ()
