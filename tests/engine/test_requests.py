"""What hosts are asked to do: plain data, complete, and no more than the step needs."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import WEB, host_plan, opened, plan

from patchtide.core.health import CONTROLLER
from patchtide.core.maintenance import Flag, Hook, Maintenance
from patchtide.core.packages import Removal
from patchtide.core.steps import Step
from patchtide.engine.requests import check_request, request, time_allowed

RUN = opened(
    plan(
        checks=(WEB, replace(WEB, name="mine", tiers=("prod",))),
        enter_hook="hooks/drain.yml",
        leave_hook="hooks/undrain.yml",
    )
)


@pytest.mark.parametrize("step", Step)
def test_a_request_is_plain_json_with_run_and_attempt(step: Step) -> None:
    asked = request("r1", RUN, step, "t1", 7)
    assert json.loads(json.dumps(asked)) == asked
    assert (asked["run"], asked["attempt"]) == ("r1", 7)


def test_a_host_is_asked_for_exact_files_and_the_versions_that_they_replace() -> None:
    for step in (Step.STAGE, Step.PATCH):
        files = request("r1", RUN, step, "t1", 7)["packages"]
        assert isinstance(files, list)
        [file] = files
        assert set(file) == {"name", "arch", "version", "filename", "size", "sha256", "previous"}
        assert (file["name"], file["version"], file["previous"]) == ("tide", "1.1", "1.0")


def test_a_host_is_told_exactly_which_packages_leave() -> None:
    losing = host_plan("t1", removes=(Removal("libebb:amd64", "1:2-3"),))
    run = opened(plan(hosts=[losing]))
    for step in (Step.STAGE, Step.PATCH):
        asked = request("r1", run, step, "t1", 7)["removes"]
        assert asked == [{"name": "libebb", "arch": "amd64", "version": "1:2-3"}]


def test_a_host_is_judged_by_the_checks_of_its_tier() -> None:
    for step in (Step.PATCH, Step.VERIFY, Step.ROLLBACK):
        for host, names in (("t1", ["web"]), ("p1", ["web", "mine"])):
            checks = request("r1", RUN, step, host, 1)["checks"]
            assert isinstance(checks, list)
            assert [check["name"] for check in checks] == names


def test_looking_at_a_host_in_doubt_refreshes_and_checks_nothing() -> None:
    asked = request("r1", RUN, Step.PROBE, "t1", 1)
    assert (asked["refresh"], asked["checks"]) == (False, [])


def test_the_controller_judges_health_itself() -> None:
    assert request("r1", RUN, Step.VERIFY, "t1", 1)["enforce"] is False


def test_hooks_go_with_their_step() -> None:
    pair = {"name": "enter and leave", "enter": "hooks/drain.yml", "leave": "hooks/undrain.yml"}
    begun = {"run": "r1", "attempt": 1, "state": "entered", "actions": [], "hooks": [pair]}
    assert request("r1", RUN, Step.ENTER, "t1", 1) == begun
    assert request("r1", RUN, Step.LEAVE, "t1", 1)["hooks"] == [pair]


def test_a_host_is_asked_for_its_tiers_flags_and_commands() -> None:
    hook = Hook("page", ("/bin/page", "down {short}"), ("/bin/page", "up"), timedelta(seconds=5))
    more = Maintenance(
        flags=(Flag("/run/away", "gone", tiers=("prod",)), Flag("/run/out", "back at six")), hooks=(hook,)
    )
    asked = request("r1", opened(plan(maintenance=more)), Step.ENTER, "t1", 1)
    words = {"enter": ["/bin/page", "down t1"], "leave": ["/bin/page", "up"]}
    assert asked["actions"] == [
        {"kind": "flag", "path": "/run/out", "content": "back at six", "mode": "0644"},
        {"kind": "command", "name": "page", **words, "timeout": 5.0},
    ]
    assert asked["hooks"] == []


def test_a_host_enters_with_its_update_unless_tasks_stand_in_between() -> None:
    flag = Flag("/run/out")
    asked = request("r1", opened(plan(maintenance=Maintenance(flags=(flag,)))), Step.PATCH, "t1", 1)
    assert asked["enter"] is True
    assert asked["actions"] == [{"kind": "flag", "path": "/run/out", "content": "", "mode": "0644"}]
    tasks = Maintenance(hooks=(Hook("page", "enter.yml", "leave.yml"),))
    assert request("r1", opened(plan(maintenance=tasks)), Step.PATCH, "t1", 1)["enter"] is False
    assert request("r1", RUN, Step.PATCH, "t1", 1)["enter"] is False


def test_a_host_leaves_with_its_verification_where_it_alone_looks_and_only_out_of_maintenance_mode() -> None:
    run = opened(plan())
    entered = replace(run, hosts=run.hosts.updated([replace(run.hosts["t1"], entered=True)]))
    assert request("r1", entered, Step.VERIFY, "t1", 1)["leave"] is True
    assert request("r1", run, Step.VERIFY, "t1", 1)["leave"] is False
    seen = replace(entered, plan=plan(checks=(replace(WEB, source=CONTROLLER),)))
    assert request("r1", seen, Step.VERIFY, "t1", 1)["leave"] is False


def test_a_check_is_told_in_seconds_with_its_own_settings() -> None:
    asked = check_request(replace(WEB, warm_up=timedelta(seconds=10), deadline=timedelta(minutes=5)))
    assert asked == {
        "name": "web",
        "kind": "http",
        "failures": 1,
        "warm_up": 10.0,
        "every": 1.0,
        "healthy_for": 0.0,
        "deadline": 300.0,
        "timeout": 5.0,
        "port": 8080,
    }


def test_a_judgement_may_take_as_long_as_its_checks() -> None:
    slow = replace(WEB, warm_up=timedelta(minutes=30), deadline=timedelta(minutes=10), timeout=timedelta(minutes=1))
    run = opened(plan(checks=(slow,)))
    for step in (Step.PATCH, Step.VERIFY, Step.ROLLBACK):
        assert time_allowed(run, step, "test") >= 41 * 60


@pytest.mark.parametrize("step", Step)
def test_no_step_may_take_less_than_its_own_limit(step: Step) -> None:
    allowed = time_allowed(RUN, step, "prod")
    limits = RUN.plan.limits
    own = {Step.PATCH: limits.patch, Step.REBOOT: limits.reboot, Step.ROLLBACK: limits.rollback}
    assert allowed > own.get(step, timedelta(0)).total_seconds()
    assert time_allowed(RUN, step, "prod") >= time_allowed(RUN, step, "test")


def test_a_host_that_restores_itself_has_the_time_of_the_way_back_for_it() -> None:
    limits = replace(RUN.plan.limits, patch=timedelta(minutes=3), rollback=timedelta(minutes=20))
    asked = request("r1", opened(plan(limits=limits)), Step.PATCH, "t1", 1)
    assert (asked["deadline"], asked["way_back"]) == (180.0, 1200.0)


def test_a_wave_bigger_than_forks_is_given_the_time_of_all_its_rounds() -> None:
    run = opened(plan(forks=10))
    for step in Step:
        once, thrice = time_allowed(run, step, "test", 10), time_allowed(run, step, "test", 21)
        assert once == time_allowed(run, step, "test", 1)
        assert thrice - once == pytest.approx(2 * (time_allowed(RUN, step, "test") - 120))
    limits = run.plan.limits
    early, late = (request("r1", run, Step.PATCH, "t1", 1, together)["confirm"] for together in (10, 21))
    assert isinstance(early, float)
    assert isinstance(late, float)
    forward = early - limits.confirm.total_seconds()
    assert late - limits.confirm.total_seconds() == 3 * forward
    rest = request("r1", run, Step.REBOOT, "t1", 1, 21)["confirm"]
    assert rest == late - 3 * limits.patch.total_seconds()
