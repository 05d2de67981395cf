"""A library is updated beneath a service that runs on: the service is named, or restarted where the policy says so."""

import pytest
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system

# Of all real updates only that of libexpat1, a library.
ONLY_EXPAT = ", ".join(
    f'{{package: "{pattern}", owner: tests, reason: about one library only, until: 2099-12-31}}'
    for pattern in ("[!l]*", "l[!i]*", "li[!b]*", "lib[!e]*", "libe[!x]*")
)
READER = """\
[Service]
ExecStart=/usr/bin/python3 -c "import pyexpat, time; time.sleep(1e6)"
[Install]
WantedBy=multi-user.target
"""


def reading(project: Project, host: str) -> str:
    """Start a service that has the library loaded; its process."""
    unit = "/etc/systemd/system/reader.service"
    assert project.fleet.shell(host, ["tee", unit], text=READER).returncode == 0
    project.shell(host, "systemctl", "enable", "--now", "reader.service")
    return process(project, host)


def process(project: Project, host: str) -> str:
    return project.shell(host, "systemctl", "show", "--property=MainPID", "--value", "reader.service").strip()


@pytest.mark.parametrize("restart", ["never", "when_stale"])
def test_a_service_that_runs_a_replaced_library(made: Made, restart: str) -> None:
    project = made()
    project.configure(exclude=ONLY_EXPAT)
    path = project.directory / "patchtide.yml"
    path.write_text(f"{path.read_text(encoding='utf-8')}services: {{restart: {restart}}}\n", encoding="utf-8")
    before = {host: reading(project, host) for host in ("test-1", "prod-1")}
    assert project.run().returncode == 0
    assert project.ends() == {"test-1": "patched", "prod-1": "patched"}
    told = {host["name"]: " ".join(host["stale"]) for host in project.status()["hosts"]}
    for host, was in before.items():
        assert (process(project, host) == was) is (restart == "never")
        assert ("reader.service (libexpat.so" in told[host]) is (restart == "never")
