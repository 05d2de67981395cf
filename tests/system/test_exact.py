"""Production gets what test proved, bit for bit, whatever the mirrors do in between."""

import time

import pytest
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
    return {host["name"]: host["reason"] for host in project.status()["hosts"]}


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
