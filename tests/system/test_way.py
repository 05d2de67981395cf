"""The way back on real hosts: nothing differs, and a host without a way back is not touched."""

import json
from pathlib import Path

import pytest
from tests.roundtrip.cases import CASES
from tests.roundtrip.fleet import rounds
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system

_LEGACY = "dpkg --install /srv/patchtide-lab/pool/tidepool-legacy_1.30_all.deb"
_OWN = """
dpkg-deb --raw-extract /srv/patchtide-lab/pool/tidepool_1.0_all.deb /root/own
sed -i 's/^Version: .*/Version: 1.0+own/' /root/own/DEBIAN/control
dpkg-deb --root-owner-group --build /root/own /root/own.deb && dpkg --install /root/own.deb
"""
_REPACK = "apt-get -q update && apt-get -q -y --no-install-recommends install dpkg-repack"


def does(project: Project, host: str, script: str) -> str:
    return project.shell(host, "sh", "-euc", script)


@pytest.mark.fault(30, how="the old version gone everywhere, with dpkg-repack")
def test_there_and_back_nothing_differs(tmp_path: Path) -> None:
    """The cases of `make roundtrip` but the long one, which takes every real update."""
    results = rounds([case for case in CASES if case.name != "everything"], tmp_path, print)
    assert {result.case: result.differences for result in results} == {result.case: () for result in results}
    assert all(result.changed and result.compared > 1000 for result in results)


def test_an_update_that_would_remove_a_package_stays_away_and_says_so(made: Made) -> None:
    project = made(offered=["1.30"])
    for host in ("test-1", "prod-1"):
        does(project, host, _LEGACY)
    plan = project.patchtide("plan")
    assert "tidepool:all: would remove tidepool-legacy:all (test-1, prod-1)" in plan.stdout
    assert project.run().returncode == 0
    assert project.version("prod-1") == "1.0"


def test_production_loses_a_package_only_when_test_lost_it(made: Made) -> None:
    project = made(production=2, offered=["1.30"])
    config = project.directory / "patchtide.yml"
    config.write_text(config.read_text("utf-8").replace("updates:\n", "updates:\n  removals: allow\n"), "utf-8")
    for host in ("test-1", "prod-1"):
        does(project, host, _LEGACY)
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    plan = json.loads((project.directory / "plan.json").read_text("utf-8"))
    assert plan["hosts"]["prod-1"]["removes"] == [{"key": "tidepool-legacy:all", "version": "1.30"}]
    assert plan["hosts"]["prod-2"]["removes"] == []
    assert project.run("--plan", "plan.json").returncode == 0
    assert set(project.ends().values()) == {"patched"}
    for host in ("test-1", "prod-1"):
        assert "deinstall" in does(project, host, "dpkg-query -W -f '${Status}' tidepool-legacy")


@pytest.mark.fault(30, how="the old version gone from cache and mirror, and no dpkg-repack")
def test_a_host_without_the_old_file_is_not_touched_and_says_why(made: Made) -> None:
    project = made(production=3, offered=["1.1", "1.6"])
    for host in ("prod-1", "prod-2", "prod-3"):
        does(project, host, _OWN)
    for host in ("prod-2", "prod-3"):
        does(project, host, _REPACK)
    does(project, "prod-2", "echo 'depth = 7' >>/etc/tidepool/tidepool.conf")
    project.configure(production=", failure_budget: 2")
    assert project.run().returncode == 3
    assert project.ends() == {"test-1": "patched", "prod-1": "untouched", "prod-2": "untouched", "prod-3": "patched"}
    assert "dpkg-repack is not installed" in project.why("prod-1")
    assert "/etc/tidepool/tidepool.conf was changed on this host" in project.why("prod-2")
    people_may_agree_that_there_is_no_way_back(project)


def people_may_agree_that_there_is_no_way_back(project: Project) -> None:
    none = ", return: none, failure_budget: 2"
    agreed = f"{none}, approvals: {{count: 1, from: [alice]}}"
    project.configure(production=none)
    refused = project.run()
    assert refused.returncode == 2
    assert "has no way back (`return: none`), and nobody has to agree to that" in refused.stderr

    project.configure(production=agreed)
    assert project.run("--no-wait").returncode == 6
    assert project.version("prod-1") == "1.0+own"
    assert _agreed(project) == 0
    assert [project.ends()[host] for host in ("prod-1", "prod-2")] == ["patched", "patched"]
    assert {project.version(host) for host in ("prod-1", "prod-2")} == {"1.6"}

    project.configure(test=agreed)
    project.fleet.offer("1.9")  # answers 500
    assert project.run("--no-wait").returncode == 6
    assert _agreed(project) == 10
    assert project.ends()["test-1"] == "quarantined"
    assert "no way back" in project.why("test-1")
    assert project.version("test-1") == "1.9"
    asked = project.patchtide("rollback", project.status()["run"], "--yes", "--reason", "anything")
    assert asked.returncode == 2


def _agreed(project: Project) -> int:
    assert project.patchtide("approve", project.status()["run"], env={"SUDO_USER": "alice"}).returncode == 0
    return project.patchtide("resume").returncode


@pytest.mark.fault(27, how="an edited conffile, and a host whose apt and dpkg are told to replace it")
def test_an_edited_conffile_is_kept_whatever_the_host_tells_apt_and_dpkg(made: Made) -> None:
    project = made(offered=["1.6"])
    for place, text in (
        ("/etc/apt/apt.conf.d/99new", 'Dpkg::Options { "--force-confnew"; "--force-confmiss"; };'),
        ("/etc/dpkg/dpkg.cfg.d/99new", "force-confnew\nforce-confmiss"),
    ):
        project.fleet.shell("test-1", ["tee", place], text=f"{text}\n")
    does(project, "test-1", "echo 'depth = 7' >>/etc/tidepool/tidepool.conf")
    does(project, "prod-1", "rm /etc/tidepool/tidepool.conf; echo 'port = 8080' >/etc/tidepool/tidepool.conf")
    assert project.run().returncode == 0
    assert "depth = 7" in does(project, "test-1", "cat /etc/tidepool/tidepool.conf")
    assert does(project, "prod-1", "cat /etc/tidepool/tidepool.conf") == "port = 8080\n"


def test_a_host_with_unmet_dependencies_is_refused(made: Made) -> None:
    project = made(offered=["1.1"])
    does(project, "prod-1", "dpkg --force-depends --remove nginx-common")
    plan = project.patchtide("plan")
    assert "installed packages lack what they depend on: nginx : Depends: nginx-common" in plan.stdout


def test_a_host_gives_updaters_back_when_no_controller_comes(made: Made) -> None:
    project = made(offered=["1.1"])
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" patch ", "begins")
    run = project.status()["run"]
    does(project, "test-1", f"until test -e /var/lib/patchtide/{run}/patch.json; do sleep 0.2; done")
    controller.kill()
    does(project, "test-1", f"while systemctl -q is-active patchtide-{run}-patch-1.service; do sleep 1; done")
    assert "masked" in project.fleet.shell("test-1", ["systemctl", "is-enabled", "apt-daily.timer"]).stdout
    assert "enabled" in project.shell("test-1", "systemctl", "is-enabled", f"patchtide-{run}-giveback.timer")
    project.shell("test-1", "systemctl", "start", f"patchtide-{run}-giveback.service")  # a day later
    assert project.shell("test-1", "systemctl", "is-active", "apt-daily.timer").strip() == "active"
    assert project.patchtide("resume").returncode == 0
    left = does(project, "test-1", "ls /etc/systemd/system")
    assert "patchtide" not in left
    assert project.version("prod-1") == "1.1"
