"""plan, run, resume, tick, rollback, approve, abort: with hosts as fast as memory, and the real engine."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.cli.conftest import Patchtide, configure
from tests.cli.fleet import Fleet

from patchtide.core.steps import Step
from patchtide.ports import Deed


def run_id(patchtide: Patchtide) -> str:
    return str(patchtide("history", "--json").document["runs"][0]["run"])


def ends(patchtide: Patchtide) -> dict[str, str]:
    return {host["name"]: host["state"] for host in patchtide("status", "--json").document["hosts"]}


def test_plan_shows_what_would_happen_and_touches_nothing(patchtide: Patchtide, fleet: Fleet) -> None:
    answer = patchtide("plan")
    assert answer.code == 0
    assert "tide" in answer.out
    assert "wave 2: p2 (1), p3 (1)" in answer.out
    assert {deed.step for deed in fleet.deeds} == {Step.PROBE}
    assert "probe     t1  ok  1 update" in answer.err


@pytest.mark.parametrize(("pending", "code"), [(True, 8), (False, 0)])
def test_plan_tells_scripts_whether_anything_waits(
    patchtide: Patchtide, fleet: Fleet, pending: bool, code: int
) -> None:
    fleet.pending = pending
    assert patchtide("plan", "--detailed-exitcode").code == code


def test_plan_exits_with_4_when_a_host_does_not_answer(patchtide: Patchtide, fleet: Fleet) -> None:
    fleet.silent = {"p2"}
    answer = patchtide("plan", "--detailed-exitcode")
    assert answer.code == 4
    assert "unreachable: p2" in answer.err


def test_a_run_patches_every_host(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    answer = patchtide("run", "--yes", "--junit", "out.xml")
    assert answer.code == 0
    assert set(ends(patchtide).values()) == {"patched"}
    assert "patch     p1  ok  1 package" in answer.err
    assert ET.parse(project / "out.xml").getroot().get("failures") == "0"  # noqa: S314 - written just here


def test_a_run_with_harm_in_production_exits_with_9_and_names_each_host(patchtide: Patchtide, fleet: Fleet) -> None:
    fleet.harmed = {"p1"}
    answer = patchtide("run", "--yes", "--json")
    assert answer.code == 9
    assert answer.document["schema"] == "patchtide/run/v1"
    assert answer.document["outcome"] == "rolled_back"
    told = {host["name"]: (host["state"], host["why"]) for host in answer.document["hosts"]}
    assert told["p1"][0] == "rolled_back"
    assert "status 500" in told["p1"][1]
    assert told["p3"][0] == "untouched"


@pytest.mark.parametrize(("words", "meant"), [([], "--yes"), (["--no-input"], "--yes")])
def test_without_a_person_nothing_is_run_unasked(
    patchtide: Patchtide, fleet: Fleet, words: list[str], meant: str
) -> None:
    answer = patchtide("run", *words)
    assert answer.code == 2
    assert meant in answer.err
    assert fleet.deeds == []


@pytest.mark.parametrize(("answer", "code"), [(False, 1), (True, 0)])
def test_at_a_terminal_a_person_is_asked(
    patchtide: Patchtide, fleet: Fleet, monkeypatch: pytest.MonkeyPatch, answer: bool, code: int
) -> None:
    import click

    def confirmed(text: str, default: bool, err: bool) -> bool:
        assert text == "Update 5 hosts in this way?"
        assert not default
        return answer

    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirmed)
    asked = patchtide("run", "--quiet")
    assert asked.code == code
    assert "wave 2: p2 (1), p3 (1)" in asked.err
    assert any(deed.step is Step.PATCH for deed in fleet.deeds) == answer


def test_a_plan_file_is_carried_out_and_a_changed_one_refused(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    assert patchtide("plan", "-o", "plan.json").code == 0
    assert patchtide("run", "--plan", "plan.json", "--yes").code == 0
    plan = project / "plan.json"
    plan.write_text(plan.read_text("utf-8").replace('"1.1"', '"6.6"'), encoding="utf-8")
    answer = patchtide("run", "--plan", "plan.json", "--yes")
    assert answer.code == 2
    assert "digest" in answer.err
    assert "plan.json" in answer.err


def test_a_plan_file_that_is_not_there_is_refused(patchtide: Patchtide, fleet: Fleet) -> None:
    answer = patchtide("run", "--plan", "nowhere.json", "--yes")
    assert answer.code == 2
    assert "nowhere.json" in answer.err


def test_a_junit_file_that_cannot_be_written_is_refused_before_anything_is_done(
    patchtide: Patchtide, fleet: Fleet
) -> None:
    assert patchtide("run", "--yes", "--junit", "no/such/folder/out.xml").code == 2
    assert fleet.deeds == []


def test_without_waiting_a_shut_window_exits_with_6_and_tick_goes_on(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configure(project, "nightly")
    answer = patchtide("run", "--yes", "--no-wait")
    assert answer.code == 6
    assert "until 2026-11-22 02:00 UTC: no window is open; window 'nightly' opens" in answer.out
    coming = patchtide("status", "--json").document["next"]
    assert coming["kind"] == "wait"
    assert coming["action"]["until"] == "2026-11-22T02:00:00Z"
    assert patchtide("resume", "--no-wait").code == 6
    tick = patchtide("tick")
    assert (tick.code, tick.out, tick.err) == (6, "", "")
    status = patchtide("status")
    assert status.code == 0
    assert "waits (shut) until 2026-11-22 02:00 UTC" in status.out


def test_tick_carries_a_run_over_the_threshold_of_its_window(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configure(project, "nightly")
    patchtide("run", "--yes", "--no-wait")
    fleet.clock.sleep(24 * 3600 - 1800)
    answer = patchtide("tick")
    assert answer.code == 0
    assert "done" in answer.out
    assert set(ends(patchtide).values()) == {"patched"}


def test_tick_is_silent_when_there_is_nothing_to_do(patchtide: Patchtide, fleet: Fleet) -> None:
    answer = patchtide("tick")
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_an_interrupted_run_says_how_it_goes_on_and_does(patchtide: Patchtide, fleet: Fleet) -> None:
    def interrupted(deed: Deed) -> None:
        if deed.step is Step.PATCH and "p1" in deed.requests:
            raise KeyboardInterrupt

    fleet.before = interrupted
    answer = patchtide("run", "--yes")
    name = run_id(patchtide)
    assert answer.code == 130
    assert f"resumable: patchtide resume {name}" in answer.err
    assert "nobody is at it" in patchtide("status").out
    fleet.before = lambda _: None
    assert patchtide("resume", name).code == 0
    assert set(ends(patchtide).values()) == {"patched"}


def test_a_second_run_is_refused_while_one_has_not_ended(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configure(project, "nightly")
    patchtide("run", "--yes", "--no-wait")
    answer = patchtide("run", "--yes")
    assert answer.code == 7
    assert "has not ended" in answer.err
    assert "asking" not in answer.err, "no host is asked for a plan that could not be carried out"


def test_an_aborted_run_ends_without_beginning_more(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configure(project, "nightly")
    patchtide("run", "--yes", "--no-wait")
    name = run_id(patchtide)
    said = patchtide("abort", name, "--reason", "the shop is full")
    assert said.code == 0
    assert "patchtide resume" in said.out
    answer = patchtide("resume", name)
    assert answer.code == 5
    assert "the shop is full" in answer.out


def test_a_rollback_puts_back_what_was_patched(patchtide: Patchtide, fleet: Fleet) -> None:
    patchtide("run", "--yes")
    answer = patchtide("rollback", run_id(patchtide), "--reason", "slow pages", "--host", "p2", "--yes")
    assert answer.code == 9
    assert ends(patchtide)["p2"] == "rolled_back"
    assert ends(patchtide)["p1"] == "patched"


def test_a_rollback_of_a_host_that_is_not_there_offers_the_one_that_was_meant(
    patchtide: Patchtide, fleet: Fleet
) -> None:
    patchtide("run", "--yes")
    answer = patchtide("rollback", run_id(patchtide), "--reason", "x", "--host", "pp2", "--yes")
    assert answer.code == 2
    assert "'p2'" in answer.err


def test_approvals_are_for_others_and_for_this_very_plan(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (project / "patchtide.yml").read_text("utf-8")
    wanted = text.replace("waves: [1, 100%]", "waves: [1, 100%], approvals: {count: 1, from: [bob, ann]}")
    (project / "patchtide.yml").write_text(wanted, encoding="utf-8")
    monkeypatch.setenv("SUDO_USER", "ann")
    waiting = patchtide("run", "--yes", "--no-wait")
    name = run_id(patchtide)
    assert waiting.code == 6
    assert "approve" in patchtide("status").out
    own = patchtide("approve", name)
    assert own.code == 2
    monkeypatch.setenv("SUDO_USER", "bob")
    other = patchtide("approve", name, "--digest", "sha256:" + "0" * 64)
    assert other.code == 2
    given = patchtide("approve", name, "--comment", "looks fine", "--json")
    assert given.document["by"] == "bob"
    assert given.document["run"] == name
    assert patchtide("resume", name).code == 0


def test_every_view_of_a_run_can_be_written(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    patchtide("run", "--yes")
    for name, sign in (
        ("r.html", "<!doctype html>"), ("r.md", "# Patchtide run"), ("r.json", '{\n  "schema": "patchtide/report/v1"'),
        ("r.xml", "<?xml"), ("r.csv", "run,tier,"),
    ):  # fmt: skip
        assert patchtide("report", "-o", name).code == 0
        assert (project / name).read_text("utf-8").startswith(sign)
    assert patchtide("report").out.startswith("# Patchtide run")
    assert len(json.loads(patchtide("report", "--json").out)["steps"]) > 10


def test_watching_a_run_that_has_ended_tells_its_end(patchtide: Patchtide, fleet: Fleet) -> None:
    patchtide("run", "--yes")
    answer = patchtide("status", "--watch")
    assert answer.code == 0
    assert "run " in answer.out
    assert "done" in answer.out


def test_doctor_finds_nothing_wrong_with_a_sound_fleet(patchtide: Patchtide, fleet: Fleet) -> None:
    answer = patchtide("doctor", "--json")
    stops = [item for item in answer.document["findings"] if item["level"] in {"stop", "unreachable"}]
    assert stops == []
    assert answer.code == 0


def test_doctor_says_what_would_stop_a_run(patchtide: Patchtide, fleet: Fleet) -> None:
    fleet.trouble = [{"code": "lock", "reason": "apt-get (pid 7) holds the lock", "hint": "Wait for it."}]
    answer = patchtide("doctor")
    assert answer.code == 2
    assert "apt-get (pid 7) holds the lock: Wait for it." in answer.out
    fleet.silent = {"p3"}
    answer = patchtide("doctor")
    assert answer.code == 4
    assert "no route to host" in answer.out


def test_what_was_put_back_is_listed_left_out_of_the_next_plan_and_let_in_by_name(
    patchtide: Patchtide, fleet: Fleet
) -> None:
    fleet.harmed = {"t1", "t2"}
    assert patchtide("run", "--yes").code == 9
    fleet.harmed = set()
    kept = patchtide("quarantine", "list", "--json").document["versions"]
    assert [(entry["version"], entry["by"]) for entry in kept] == [("tide=1.1", "patchtide")]
    assert "tide=1.1" in patchtide("quarantine", "list").out
    plan = patchtide("plan")
    assert "0 hosts of" in plan.out
    assert "quarantined by patchtide since" in plan.out
    released = patchtide("quarantine", "release", "tide=*", "--reason", "it was the disk")
    assert "tide=1.1: released by" in released.out
    assert patchtide("quarantine", "list").out.strip() == "nothing is in quarantine"


def test_a_person_keeps_a_version_out_with_a_reason_and_its_whole_name(patchtide: Patchtide, fleet: Fleet) -> None:
    assert patchtide("quarantine", "add", "tide=1.1").code == 2
    assert patchtide("quarantine", "add", "tide=1.1", "--reason", " ").code == 2
    assert "no package=version" in patchtide("quarantine", "add", "tide", "--reason", "CVE").err
    assert patchtide("quarantine", "add", "tide=1.1", "--reason", "CVE").code == 0
    assert patchtide("quarantine", "release", "nginx=1", "--reason", "x").code == 2
    assert patchtide("plan", "--detailed-exitcode").code == 0
