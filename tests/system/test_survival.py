"""kill -9 at any moment, two controllers, hosts that are gone, gates that are shut: on real hosts."""

import pytest
from tests.system.conftest import Made

pytestmark = pytest.mark.system


@pytest.mark.parametrize("moment", ["stage", "enter", "patch", "verify", "leave"])
@pytest.mark.fault(1, how="SIGKILL as soon as a step's intent is told, in five steps")
@pytest.mark.fault(3, how="SIGKILL while hosts work: their answers are never written")
def test_kill_9_in_a_step_and_resume_loses_nothing(made: Made, moment: str) -> None:
    project = made(offered=["1.1"])
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(f" {moment} ", "begins")
    controller.kill()
    assert project.patchtide("resume").returncode == 0
    assert set(project.ends().values()) == {"patched"}
    for host in ("test-1", "prod-1"):
        assert project.version(host) == "1.1"
        assert project.transactions(host, "1.1") == 1, "no host is worked on twice"
        assert project.shell(host, "systemctl", "is-enabled", "apt-daily.timer").strip() == "enabled"


@pytest.mark.fault(4, how="SIGKILL as soon as the rollback begins")
def test_kill_9_in_a_rollback_and_resume_ends_rolled_back(made: Made) -> None:
    project = made(offered=["1.2"])
    before = project.state("test-1")
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" rollback ", "begins")
    controller.kill()
    assert project.patchtide("resume").returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    assert project.state("test-1") == before


@pytest.mark.fault(26, how="SIGKILL of the controller and of the host in the transaction")
def test_kill_9_of_controller_and_host_in_the_transaction_ends_in_a_known_state(made: Made) -> None:
    project = made(offered=["1.1"])
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" patch ", "begins")
    controller.kill()
    project.fleet.kill("test-1")
    project.fleet.start("test-1")
    code = project.patchtide("resume").returncode
    end = project.ends()["test-1"]
    assert (code, end) in {(0, "patched"), (9, "rolled_back")}
    assert project.version("test-1") == ("1.1" if end == "patched" else "1.0")
    assert project.shell("test-1", "dpkg", "--audit") == ""


@pytest.mark.fault(8, how="`resume` and `run` beside a controller at work")
def test_a_second_controller_is_told_who_holds_the_run(made: Made) -> None:
    project = made(offered=["1.1"])
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" stage ", "begins")
    for words in (["resume"], ["run", "--no-input", "--yes"]):
        second = project.patchtide(*words)
        assert second.returncode == 7
        assert str(controller.process.pid) in second.stderr or "has not ended" in second.stderr
    assert controller.ended() == 0


@pytest.mark.fault(17, how="a host that is killed before the plan")
def test_an_unreachable_test_host_stops_everything_before_anything_is_touched(made: Made) -> None:
    project = made(test=2, offered=["1.1"])
    project.fleet.kill("test-2")
    assert project.run().returncode == 4
    assert set(project.ends().values()) == {"untouched"}
    assert project.version("test-1") == "1.0"


@pytest.mark.fault(18, how="a host that is killed between plan and run")
def test_a_host_that_vanishes_before_its_wave_counts_and_the_budget_carries_it(made: Made) -> None:
    project = made(production=3, offered=["1.1"])
    project.configure(production=", failure_budget: 1")
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    project.fleet.kill("prod-2")
    assert project.run("--plan", "plan.json").returncode == 3
    ends = project.ends()
    assert (ends["prod-1"], ends["prod-2"], ends["prod-3"]) == ("patched", "untouched", "patched")

    project.fleet.start("prod-2")
    assert project.run().returncode == 0, "what test has proven and still has is for those that were left behind"
    assert project.ends()["prod-2"] == "patched"
    assert project.version("prod-2") == "1.1"


@pytest.mark.fault(5, how="a run that waits for a window months away, `tick`, abort, `resume`")
def test_a_shut_window_and_missing_approvals_hold_production_only(made: Made) -> None:
    project = made(offered=["1.1"])
    project.configure(window="never-now")
    assert project.run("--no-wait").returncode == 6
    assert project.version("test-1") == "1.1"
    assert project.version("prod-1") == "1.0"
    assert project.status()["held"]["code"] == "shut"
    assert project.patchtide("tick").returncode == 6
    assert project.patchtide("abort", project.status()["run"], "--reason", "another day").returncode == 0
    assert project.patchtide("resume").returncode == 5
    assert project.ends() == {"test-1": "patched", "prod-1": "untouched"}


@pytest.mark.fault(40, how="approvals by the requester and by a stranger")
def test_approvals_come_from_the_named_and_never_from_the_requester(made: Made) -> None:
    project = made(offered=["1.1"])
    project.configure(production=", approvals: {count: 1, from: [alice, root]}")
    assert project.run("--no-wait", env={"SUDO_USER": ""}).returncode == 6
    approve = ("approve", project.status()["run"])
    assert project.patchtide(*approve, env={"SUDO_USER": ""}).returncode == 2, "root opened the run"
    assert project.patchtide(*approve, env={"SUDO_USER": "mallory"}).returncode == 2
    assert project.version("prod-1") == "1.0"
    assert project.patchtide(*approve, env={"SUDO_USER": "alice"}).returncode == 0
    assert project.patchtide("resume").returncode == 0
    assert project.version("prod-1") == "1.1"


def test_an_owed_reboot_is_done_and_proven(made: Made) -> None:
    project = made(offered=["1.1"])
    started = project.shell("test-1", "stat", "-c", "%Y", "/proc/1")
    project.fleet.shell("test-1", ["touch", "/run/reboot-required"])
    assert project.run().returncode == 0
    assert project.shell("test-1", "stat", "-c", "%Y", "/proc/1") != started
    assert project.ends() == {"test-1": "patched", "prod-1": "patched"}


@pytest.mark.fault(24, how="new host keys on a host, sshd restarted")
def test_a_changed_host_key_is_never_accepted(made: Made) -> None:
    project = made(offered=["1.1"])
    script = "rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh"
    assert project.fleet.shell("prod-1", ["sh", "-c", script]).returncode == 0
    assert project.patchtide("plan", "-o", "plan.json").returncode == 4
    assert project.version("prod-1") == "1.0"
