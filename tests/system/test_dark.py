"""Hosts that go dark: nobody can reach them, and they come back by themselves as they were."""

import time
from collections.abc import Callable

import pytest
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system

# A host restores itself 75 s after the begin of its update: short enough to be waited for.
LIMITS = "limits: {patch: 20s, reboot: 60s, rollback: 60s, lost: 10m, confirm: 25s}\n"
ARMED = (
    "systemctl list-units --all --plain --no-legend 'patchtide-*-confirm*'; ls /etc/systemd/system | grep -- -confirm"
)


def hasty(project: Project, more: str = "reboot: never\n") -> Project:
    """The project with limits after which a host helps itself soon."""
    path = project.directory / "patchtide.yml"
    path.write_text(path.read_text(encoding="utf-8") + LIMITS + more, encoding="utf-8")
    return project


def eventually(is_so: Callable[[], bool], within: float) -> bool:
    """Whether something becomes true in time."""
    limit = time.monotonic() + within
    while time.monotonic() < limit:
        if is_so():
            return True
        time.sleep(1)
    return is_so()


def timers(project: Project, host: str) -> str:
    """What is left on a host of confirm timers, past SSH."""
    return project.fleet.shell(host, ["sh", "-c", ARMED]).stdout.strip()


def went_back(project: Project, host: str) -> bool:
    """Whether a host, which may be rebooting just now, has the old version and waits for nothing any more."""
    look = ["sh", "-c", f"dpkg-query -W -f '${{Version}}' tidepool; {ARMED}"]
    return project.fleet.shell(host, look).stdout.strip() == "1.0"


@pytest.mark.parametrize("version", ["1.8", "1.20"], ids=["the network is down", "sshd is stopped and masked"])
@pytest.mark.fault(20, how="an update that blackholes all traffic, one that stops and masks sshd")
def test_a_host_that_an_update_cut_off_ends_rolled_back_by_itself(made: Made, version: str) -> None:
    project = hasty(made(offered=[version]))
    before = project.state("test-1")
    assert project.run().returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    (host,) = (one for one in project.status()["hosts"] if one["name"] == "test-1")
    assert "was not confirmed within" in host["why"]
    assert project.version("test-1") == "1.0"
    assert project.state("test-1") == before
    assert project.healthy("test-1")
    assert timers(project, "test-1") == ""


# A container's network is made from outside; this is the configuration that a machine's own boot would read.
NETWORK = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/ip link set eth0 up
ExecStart=/usr/sbin/ip route replace default via {gateway}
[Install]
WantedBy=multi-user.target
"""


def configured(project: Project, host: str) -> None:
    """Give a host a network that its boot brings up."""
    gateway = project.shell(host, "ip", "route", "show", "default").split()[2]
    unit = "/etc/systemd/system/lab-network.service"
    assert project.fleet.shell(host, ["tee", unit], text=NETWORK.format(gateway=gateway)).returncode == 0
    project.shell(host, "systemctl", "enable", "--now", "lab-network.service")


@pytest.mark.fault(20, how="an update that takes the link down, which only a boot brings up")
def test_what_only_a_boot_brings_back_is_brought_back_by_one_boot(made: Made) -> None:
    project = hasty(made(offered=["1.21"]))
    configured(project, "test-1")
    started = project.shell("test-1", "stat", "-c", "%Y", "/proc/1")
    assert project.run().returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    assert project.shell("test-1", "stat", "-c", "%Y", "/proc/1") != started
    assert project.version("test-1") == "1.0"
    assert timers(project, "test-1") == ""


@pytest.mark.fault(46, how="SIGKILL of the controller, which stays away until the host has helped itself")
def test_without_a_controller_a_host_goes_back_and_a_later_one_finds_out(made: Made) -> None:
    project = hasty(made(offered=["1.1"]))
    before = project.state("test-1")
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" verify ", "begins")
    controller.kill()
    assert project.version("test-1") == "1.1"
    assert eventually(lambda: went_back(project, "test-1"), 240)
    assert project.patchtide("resume").returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    assert project.state("test-1") == before
    assert project.transactions("test-1", "1.1") == 1, "it is not updated again beneath the way back"


def test_a_confirmed_host_stays_as_it_is_and_a_reboot_does_not_end_the_watch(made: Made) -> None:
    project = hasty(made(offered=["1.1"]), more="")
    project.fleet.shell("test-1", ["touch", "/run/reboot-required"])
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" reboot ", "begins")
    assert eventually(lambda: "confirm.timer" in timers(project, "test-1"), 60), "it is armed before and after"
    assert controller.ended() == 0
    assert project.ends() == {"test-1": "patched", "prod-1": "patched"}
    assert timers(project, "test-1") == ""
    time.sleep(110)  # longer than the host would have waited
    assert project.version("test-1") == "1.1"


@pytest.mark.fault(31, how="the host is killed twice after its update")
def test_a_host_that_loses_its_power_again_and_again_goes_back_by_itself(made: Made) -> None:
    project = hasty(made(offered=["1.1"]))
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" verify ", "begins")
    controller.kill()
    for _ in range(2):  # each boot begins the count anew, but a host that boots by itself twice is not well
        project.fleet.kill("test-1")
        project.fleet.start("test-1")
        assert eventually(lambda: "ssh" in project.fleet.shell("test-1", ["pgrep", "-a", "sshd"]).stdout, 60)
        assert eventually(lambda: not project.fleet.shell("test-1", ["pgrep", "-f", "host.pyz booted"]).stdout, 60)
    assert eventually(lambda: went_back(project, "test-1"), 60)
    assert project.patchtide("resume").returncode == 9
    assert project.ends()["test-1"] == "rolled_back"
