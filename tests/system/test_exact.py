"""Production gets what test proved, bit for bit, whatever the mirrors do in between."""

import subprocess
import time

import pytest
from tests.system.bundles import imported_elsewhere, proven_and_exported
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system


def soaking(project: Project) -> None:
    """Run until the test tier is patched and soaks: what happens now happens between test and production."""
    project.configure(test=", soak: 20s")
    assert project.run("--no-wait").returncode == 6
    assert project.ends()["test-1"] == "patched"


def finished(project: Project) -> int:
    """Return the exit code of the run once it is over."""
    while (code := project.patchtide("tick").returncode) == 6:
        time.sleep(1)
    return code


def reasons(project: Project) -> dict[str, str]:
    return {host["name"]: host["why"] for host in project.status()["hosts"]}


@pytest.mark.fault(29, how="a version withdrawn from the mirror between test and production")
def test_a_file_that_was_withdrawn_is_served_from_the_host_that_proved_it(made: Made) -> None:
    project = made(test=1, production=2, offered=["1.10"])
    soaking(project)
    project.fleet.withdraw("1.10")
    assert finished(project) == 0
    assert set(project.ends().values()) == {"patched"}
    for host in ("prod-1", "prod-2"):
        assert project.version(host) == "1.10"
        assert project.version(host, "tidepool-extra") == "1.10"
        assert project.healthy(host)
    depot = sorted((project.directory / ".patchtide" / "depot").iterdir())
    assert [path.stat().st_mode & 0o777 for path in depot] == [0o600, 0o600]
    assert project.shell("test-1", "sh", "-c", "ls /var/tmp | grep lend || true") == ""


@pytest.mark.fault(29, how="the same, and gone from every host")
def test_what_nobody_has_any_more_leaves_production_untouched_and_says_why(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1"])
    before = project.state("prod-1")
    soaking(project)
    project.fleet.withdraw("1.1")
    project.shell(
        "test-1", "sh", "-c", "rm -rf /var/lib/patchtide/*/staged /var/lib/patchtide/cache /var/cache/apt/*.bin"
    )
    project.shell("test-1", "sh", "-c", "rm -rf /var/lib/patchtide/*/staged /var/lib/patchtide/cache; apt-get clean")
    assert finished(project) == 5
    assert project.ends() == {"test-1": "patched", "prod-1": "untouched"}
    assert "tidepool 1.1" in reasons(project)["prod-1"]
    assert "test-1 has not got it any more" in reasons(project)["prod-1"]
    assert project.state("prod-1") == before


def test_a_newer_version_that_came_in_between_changes_nothing(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1"])
    soaking(project)
    project.fleet.offer("1.2")  # answers 500
    project.shell("prod-1", "apt-get", "-q", "update")
    assert finished(project) == 0
    assert project.version("prod-1") == "1.1"
    assert project.healthy("prod-1")


@pytest.mark.fault(29, how="another file under the same name and version, indexed and signed")
def test_another_file_under_the_same_version_is_never_installed(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1"])
    soaking(project)
    forge(project, "1.1")
    project.shell("prod-1", "apt-get", "-q", "update")
    assert finished(project) == 0
    assert project.version("prod-1") == "1.1"
    assert project.fleet.shell("prod-1", ["test", "-e", "/usr/lib/tidepool/forged"]).returncode == 1


def forge(project: Project, version: str) -> None:
    """Put another file under the same name and version into the repository, indexed and signed as it should be."""
    repository = project.fleet.directory / "repository"
    deb = repository / "public" / "pool" / f"tidepool_{version}_all.deb"
    folder = project.directory / "forged"
    subprocess.run(["dpkg-deb", "-R", deb, folder], check=True)
    (folder / "usr/lib/tidepool/forged").write_text("not what was proven\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, deb], check=True, stdout=subprocess.DEVNULL)
    project.fleet.offer(version)


def test_a_host_that_starts_from_an_older_version_gets_the_same_file_and_goes_back_to_its_own(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.1"])
    project.shell("test-1", "sh", "-c", "apt-get -q update && apt-get -q -y install tidepool=1.1")
    project.fleet.offer("1.6")
    assert project.run().returncode == 0
    assert {project.version(host) for host in ("test-1", "prod-1")} == {"1.6"}
    run = project.status()["run"]
    assert project.patchtide("rollback", run, "--yes", "--reason", "to see where they go").returncode == 9
    assert (project.version("test-1"), project.version("prod-1")) == ("1.1", "1.0")


def test_a_host_without_a_mirror_is_patched_and_put_back_from_a_signed_bundle(made: Made) -> None:
    project = made(test=1, production=1, offered=["1.10"])
    run = proven_and_exported(project)
    again = project.patchtide("bundle", "export", run, "-o", "again.bundle", "--sign", "release")
    assert again.returncode == 0
    assert (project.directory / "again.bundle").read_bytes() == (project.directory / "tide.bundle").read_bytes()

    cut_off(project, "prod-1")
    before = project.state("prod-1")
    elsewhere = imported_elsewhere(project)
    assert elsewhere.patchtide("plan", "--bundle", run, "--detailed-exitcode").returncode == 8
    assert elsewhere.run("--bundle", run, "--sign", "../release").returncode == 0
    assert elsewhere.ends() == {"prod-1": "patched"}
    assert (elsewhere.version("prod-1"), elsewhere.version("prod-1", "tidepool-extra")) == ("1.10", "1.10")
    assert elsewhere.healthy("prod-1")

    there = elsewhere.status()["run"]
    assert elsewhere.patchtide("rollback", there, "--yes", "--reason", "as a rehearsal").returncode == 9
    assert elsewhere.ends() == {"prod-1": "rolled_back"}
    assert elsewhere.state("prod-1") == before


def cut_off(project: Project, host: str) -> None:
    """Take a host's sources away; what it needs to rebuild old package files from what is installed is on it before."""
    project.shell(host, "sh", "-c", "apt-get -q update && apt-get -q -y --no-install-recommends install dpkg-repack")
    gone = "/etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/cache/apt/*.bin"
    project.shell(host, "sh", "-c", f"rm -rf {gone}; apt-get clean; : > /etc/apt/sources.list")
