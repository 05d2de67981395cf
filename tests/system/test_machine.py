"""A machine with its own kernel: the update of a kernel, the way back to the old one, and a power cut in between."""

import json
import time
from collections.abc import Callable, Iterator

import pytest
from tests.system.conftest import Project

from patchtide.lab import machine
from patchtide.lab.disk import machine_problem

pytestmark = [pytest.mark.system, pytest.mark.machine]

CONFIG = """\
inventory: machine/inventory.yml
tiers:
  - {name: test, hosts: env_test, window: always}
updates:
  exclude:  # all but the kernel and tidepool: what is emulated takes ten times its time
    - {package: "[!lt]*", owner: tests, reason: slow, until: 2099-12-31}
    - {package: "l[!i]*", owner: tests, reason: slow, until: 2099-12-31}
    - {package: "li[!n]*", owner: tests, reason: slow, until: 2099-12-31}
    - {package: "t[!i]*", owner: tests, reason: slow, until: 2099-12-31}
health:
  - {name: web, http: {port: 8080, path: /healthz, status: 200}, timeout: 30s, deadline: 3m}
  - {name: units, services: unchanged, deadline: 3m}
limits: {patch: 30m, reboot: 15m, rollback: 30m}
"""
TIDEPOOL_WITH_SNAPSHOT = """\
inventory: machine/inventory.yml
return: snapshot
tiers:
  - {name: test, hosts: env_test, window: always}
updates:
  exclude:
    - {package: "[!t]*", owner: tests, reason: about tidepool only, until: 2099-12-31}
    - {package: "t[!i]*", owner: tests, reason: about tidepool only, until: 2099-12-31}
health:
  - {name: web, http: {port: 8080, path: /healthz, status: 200}, timeout: 30s, deadline: 1m}
  - {name: units, services: unchanged, deadline: 3m}
limits: {patch: 15m, reboot: 15m, rollback: 15m}
"""
Machine = Project[machine.Machine]
Started = Callable[[], Machine]


@pytest.fixture
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start machines that are projects of their own; they are taken down at the end, however it came."""
    problem = machine_problem()
    if problem is not None:
        pytest.skip(f"no machine can be emulated here: {problem}")
    directories = []

    def start() -> Machine:
        directory = tmp_path_factory.mktemp("machine")
        directories.append(directory)
        host = machine.up(directory / "machine", "machine-1", print)
        (directory / "patchtide.yml").write_text(CONFIG, encoding="utf-8")
        return Project(directory, host, patience=3600)

    try:
        yield start
    finally:
        for directory in directories:
            machine.down(directory / "machine")


def kernel(project: Machine) -> str:
    return project.shell("machine-1", "uname", "-r").strip()


def boot_id(project: Machine) -> str:
    return project.shell("machine-1", "cat", "/proc/sys/kernel/random/boot_id").strip()


def default_entry(project: Machine) -> str:
    """What the next boot starts: where /vmlinuz leads, and the first entry of the boot loader's menu."""
    menu = (
        "readlink /vmlinuz /initrd.img /vmlinuz.old /initrd.img.old; grep -m1 '^[[:space:]]*linux' /boot/grub/grub.cfg"
    )
    return project.shell("machine-1", "sh", "-c", menu)


@pytest.mark.fault(31, how="a kernel update, its boot proven, and the way back to the old one")
def test_a_new_kernel_is_patched_and_booted_and_the_old_one_comes_back(started: Started) -> None:
    project = started()
    project.fleet.offer("1.1")
    old, first_boot, entry = kernel(project), boot_id(project), default_entry(project)
    assert project.run().returncode == 0
    assert project.ends() == {"machine-1": "patched"}
    new, second_boot = kernel(project), boot_id(project)
    assert new != old
    assert second_boot != first_boot
    assert new in default_entry(project)
    assert project.version("machine-1") == "1.1"

    asked = project.patchtide("rollback", project.status()["run"], "--yes", "--reason", "the new kernel is slow")
    assert asked.returncode == 9
    assert project.ends() == {"machine-1": "rolled_back"}
    assert kernel(project) == old
    assert boot_id(project) not in {first_boot, second_boot}
    assert default_entry(project) == entry
    assert project.version("machine-1") == "1.0"


@pytest.mark.fault(26, how="the power of the machine is cut in the transaction")
def test_a_power_cut_in_the_middle_of_the_transaction_ends_in_a_known_state(started: Started) -> None:
    project = started()
    project.fleet.offer("1.1")
    old, entry = kernel(project), default_entry(project)
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" patch ", "begins", within=900)
    unpacking = ["sh", "-c", "grep -q '^Setting up ' /var/lib/patchtide/*/patch.log"]
    while project.fleet.shell("machine-1", unpacking).returncode:
        assert controller.process.poll() is None, "the run ended before its packages were set up"
        time.sleep(1)
    controller.kill()
    project.fleet.kill()
    project.fleet.start()
    code, end = project.patchtide("resume").returncode, project.ends()["machine-1"]
    assert (code, end) in {(0, "patched"), (9, "rolled_back")}
    assert project.shell("machine-1", "dpkg", "--audit") == ""
    assert project.version("machine-1") == ("1.1" if end == "patched" else "1.0")
    assert (kernel(project) == old) is (end == "rolled_back")
    assert (default_entry(project) == entry) is (end == "rolled_back")


def test_what_packages_cannot_undo_a_snapshot_does(started: Started) -> None:
    project = started()
    (project.directory / "patchtide.yml").write_text(TIDEPOOL_WITH_SNAPSHOT, encoding="utf-8")
    project.fleet.offer("1.9")  # answers 500, and its maintainer script lets nobody downgrade or remove it
    before, first_boot = project.state("machine-1"), boot_id(project)
    assert project.run().returncode == 9
    assert project.ends() == {"machine-1": "rolled_back"}
    assert boot_id(project) != first_boot, "a snapshot takes effect with a boot"
    assert project.state("machine-1") == before
    assert project.version("machine-1") == "1.0"
    left = project.shell("machine-1", "btrfs", "subvolume", "list", "/")
    run = project.status()["run"]
    assert f"@rootfs.patchtide-{run}.replaced" in left, "what was written since can still be fetched"
    assert not left.endswith(f"@rootfs.patchtide-{run}\n"), "the snapshot itself is dropped"
    journal = json.loads(project.shell("machine-1", "cat", f"/var/lib/patchtide/{run}/rollback.json"))
    assert journal["methods"] == ["solver", "plain", "snapshot"], "each once, and the journal came along"
