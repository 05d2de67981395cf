"""The main job on real hosts: real updates proven in test and promoted, bad ones undone, production left alone."""

import json
import time

import pytest
from tests.system.conftest import Made

pytestmark = pytest.mark.system


def test_real_security_updates_and_the_good_one_are_promoted_exactly(made: Made) -> None:
    project = made(test=1, production=2, offered=["1.1"])
    project.configure(test=", soak: 30s", production=", waves: [1]", exclude="")
    assert project.patchtide("plan", "-o", "plan.json", "--detailed-exitcode").returncode == 8
    plan = json.loads((project.directory / "plan.json").read_text())
    (files,) = plan["patch_set"].values()
    assert any(file["security"] and file["origin"].startswith("Debian") for file in files), "no real security update"
    assert "tidepool" in {file["name"] for file in files}

    first = project.run("--plan", "plan.json", "--no-wait", "--junit", "out.xml")
    assert first.returncode == 6, "the soak is waited for"
    ticked = project.patchtide("tick")
    while ticked.returncode == 6:
        time.sleep(1)
        ticked = project.patchtide("tick")
    assert ticked.returncode == 0

    assert set(project.ends().values()) == {"patched"}
    for host in ("test-1", "prod-1", "prod-2"):
        for file in files:
            assert project.version(host, f"{file['name']}:{file['arch']}") == file["version"]
        assert project.healthy(host)
        assert project.shell(host, "dpkg", "--audit") == ""
    automatic = {project.shell(host, "apt-mark", "showauto") for host in ("test-1", "prod-1")}
    assert len(automatic) == 1, "marks stay as they were"
    assert project.patchtide("report", "--format", "html", "-o", "report.html").returncode == 0
    assert "tidepool" in (project.directory / "report.html").read_text()
    assert project.patchtide("report", "--format", "junit", "-o", "out.xml").returncode == 0
    assert (project.directory / "out.xml").read_text().count("<testcase ") == 3

    assert project.patchtide("plan", "--detailed-exitcode").returncode == 0, "nothing is pending any more"
    again = project.run()
    assert again.returncode == 0
    assert set(project.ends().values()) == {"untouched"}


def test_a_bad_update_is_caught_in_test_and_production_is_untouched(made: Made) -> None:
    project = made(test=2, production=1, offered=["1.11"])  # answers 500 and brings a package that was not there
    before = {host: project.state(host) for host in ("test-1", "test-2", "prod-1")}
    assert project.run().returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "test-2": "rolled_back", "prod-1": "untouched"}
    assert {host: project.state(host) for host in before} == before
    assert project.transactions("prod-1", "1.11") == 0
    assert all(project.healthy(host) for host in before)


@pytest.mark.fault(48, how="the version that was put back is offered again")
def test_a_bad_version_that_is_offered_again_is_refused_until_somebody_lets_it_in(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.2"])
    assert project.patchtide("plan", "-o", "early.json").returncode == 0
    assert project.run().returncode == 9
    shown = project.patchtide("plan", "--detailed-exitcode")
    assert shown.returncode == 0, "nothing that is wanted is pending any more"
    assert "tidepool:all: quarantined by patchtide since" in shown.stdout
    early = project.run("--plan", "early.json")
    assert early.returncode == 2
    assert "the plan installs tidepool=1.2, quarantined by patchtide" in early.stderr
    assert project.run().returncode == 0
    assert project.ends() == {"test-1": "untouched", "prod-1": "untouched"}
    assert project.transactions("prod-1", "1.2") == 0

    assert project.patchtide("quarantine", "release", "tidepool=1.2", "--reason", "try again").returncode == 0
    assert project.patchtide("plan", "--detailed-exitcode").returncode == 8
    assert project.run().returncode == 9
    assert project.patchtide("quarantine", "list").stdout.count("tidepool=1.2") == 1


@pytest.mark.fault(42, how="an update that fails on every host of production")
def test_an_update_that_fails_only_in_production_takes_its_wave_back_and_later_waves_stay(made: Made) -> None:
    project = made(test=1, production=4, offered=["2.1"])
    project.configure(production=", waves: [1, 2]")
    project.fleet.shell("prod-2", ["sh", "-c", "echo production fragile > /etc/tidepool/environment"])
    before = {host: project.state(host) for host in ("prod-2", "prod-3", "prod-4")}
    assert project.run().returncode == 9
    assert project.ends() == {
        "test-1": "patched",
        "prod-1": "patched",
        "prod-2": "rolled_back",
        "prod-3": "rolled_back",
        "prod-4": "untouched",
    }
    assert {host: project.state(host) for host in before} == before
    assert project.version("prod-1") == "2.1"
    assert project.transactions("prod-4", "2.1") == 0


def test_within_the_budget_one_bad_host_is_put_back_and_the_rest_go_on(made: Made) -> None:
    project = made(test=1, production=3, offered=["2.1"])
    project.configure(production=", waves: [2], failure_budget: 1")
    project.fleet.shell("prod-1", ["sh", "-c", "echo fragile > /etc/tidepool/environment"])
    assert project.run().returncode == 3
    assert project.ends() == {"test-1": "patched", "prod-1": "rolled_back", "prod-2": "patched", "prod-3": "patched"}


def test_a_person_takes_a_finished_run_back(made: Made) -> None:
    project = made(offered=["1.10"])
    before = {host: project.state(host) for host in ("test-1", "prod-1")}
    assert project.run().returncode == 0
    assert project.version("prod-1") == "1.10"
    assert (
        project.patchtide("rollback", project.status()["run"], "--yes", "--reason", "orders are slow").returncode == 9
    )
    assert set(project.ends().values()) == {"rolled_back"}
    assert {host: project.state(host) for host in before} == before


@pytest.mark.parametrize(("version", "code", "end"), [("1.4", 9, "rolled_back"), ("1.9", 10, "quarantined")])
@pytest.mark.fault(35, how="a package that lets nobody downgrade or remove it")
def test_failing_maintainer_scripts_end_known(made: Made, version: str, code: int, end: str) -> None:
    project = made(offered=[version])
    assert project.run().returncode == code
    assert project.ends() == {"test-1": end, "prod-1": "untouched"}
    if end == "rolled_back":
        assert project.shell("test-1", "dpkg", "--audit") == ""
        assert project.version("test-1") == "1.0"
        assert project.healthy("test-1")


@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
@pytest.mark.fault(27, how="packages with a debconf question and a changed conffile")
@pytest.mark.fault(19, how="a postinst that restarts sshd")
def test_updates_that_ask_change_conffiles_or_restart_sshd_go_through(made: Made, version: str) -> None:
    project = made(offered=[version])
    assert project.run().returncode == 0
    assert project.version("prod-1") == version


def test_what_is_left_out_takes_along_what_needs_it_and_an_older_version_comes_instead(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1", "1.2"])
    project.configure(exclude='{package: "nginx-common", owner: web, reason: own build, until: 2099-12-31}')
    assert project.patchtide("quarantine", "add", "tidepool=1.2", "--reason", "known to be bad").returncode == 0
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    plan = json.loads((project.directory / "plan.json").read_text())
    (files,) = plan["patch_set"].values()
    versions = {file["name"]: file["version"] for file in files}
    assert versions["tidepool"] == "1.1", "the newest version that nobody keeps out"
    assert "openssl" in versions
    assert not {"nginx", "nginx-common"} & set(versions)
    left = plan["hosts"]["prod-1"]["left_out"]
    assert left["nginx-common:all"] == "excluded by web until 2099-12-31: own build"
    assert left["nginx:amd64"] == "needs an update that stays away"
    assert project.run("--plan", "plan.json").returncode == 0
    assert set(project.ends().values()) == {"patched"}
    assert project.version("prod-1") == "1.1"
