"""A machine with its own kernel: its kernel's update, the way back to the old one, a power cut, and a snapshot."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from tests.system.conftest import Project

from patchtide.lab import machine
from patchtide.lab.disk import machine_problem

pytestmark = [pytest.mark.system, pytest.mark.machine]

CONFIG = """\
inventory: machine/inventory.yml
return: {way}
tiers:
  - {{name: test, hosts: env_test, window: always}}
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, timeout: 60s, deadline: {deadline}}}
  - {{name: units, services: unchanged, deadline: 5m}}
limits: {{patch: 60m, reboot: 30m, rollback: 60m}}
"""
Machine = Project[machine.Machine]


@pytest.fixture
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Machine]]:
    """Start a machine that is a project of its own; it is taken down at the end, however it came."""
    problem = machine_problem()
    if problem is not None:
        pytest.skip(f"no machine can be emulated here: {problem}")
    directory = tmp_path_factory.mktemp("machine")

    def start() -> Machine:
        return Project(directory, machine.up(directory / "machine", "machine-1", print), patience=7200)

    try:
        yield start
    finally:
        machine.down(directory / "machine")


@dataclass(frozen=True)
class Standing:
    """Which kernel runs since when, what the next boot starts, and which tidepool is there."""

    kernel: str
    boot: str
    entry: str
    tidepool: str


_LOOK = """
uname -r
cat /proc/sys/kernel/random/boot_id
echo $(readlink /vmlinuz /initrd.img /vmlinuz.old /initrd.img.old; grep -m1 '^[[:space:]]*linux' /boot/grub/grub.cfg)
dpkg-query -W -f '${Version}\\n' tidepool
"""


def standing(project: Machine) -> Standing:
    return Standing(*project.shell("machine-1", "sh", "-c", _LOOK).splitlines())


def configure(project: Machine, way: str, deadline: str) -> None:
    """Say which way back there is, and how long the web service is waited for."""
    text = CONFIG.format(way=way, deadline=deadline)
    (project.directory / "patchtide.yml").write_text(text, encoding="utf-8")


@pytest.mark.fault(26, how="the power of the machine is cut in the transaction")
@pytest.mark.fault(31, how="a kernel update, its boot proven, and the way back to the old one")
def test_a_kernel_goes_there_and_back_and_a_power_cut_and_a_snapshot_end_well(started: Callable[[], Machine]) -> None:
    """One story on one machine, for an emulated one takes its time to start."""
    project = started()
    configure(project, "packages", "5m")
    project.fleet.offer("1.1")
    before = standing(project)
    a_new_kernel_is_patched_and_booted(project, before)
    the_old_kernel_comes_back(project, before)
    a_power_cut_in_the_middle_of_the_transaction_ends_in_a_known_state(project, before)
    what_packages_cannot_undo_a_snapshot_does(project)


def a_new_kernel_is_patched_and_booted(project: Machine, before: Standing) -> None:
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    plan = json.loads((project.directory / "plan.json").read_text("utf-8"))
    if not any(file["name"].startswith("linux-image-") for files in plan["patch_set"].values() for file in files):
        pytest.skip(f"Debian has no newer kernel today than {before.kernel}, with which the machine was made")
    assert project.run("--plan", "plan.json").returncode == 0
    assert project.ends() == {"machine-1": "patched"}
    after = standing(project)
    assert after.kernel != before.kernel
    assert after.boot != before.boot
    assert after.kernel in after.entry
    assert after.tidepool == "1.1"


def the_old_kernel_comes_back(project: Machine, before: Standing) -> None:
    patched = standing(project)
    asked = project.patchtide("rollback", project.status()["run"], "--yes", "--reason", "the new kernel is slow")
    assert asked.returncode == 9
    assert project.ends() == {"machine-1": "rolled_back"}
    after = standing(project)
    assert (after.kernel, after.entry, after.tidepool) == (before.kernel, before.entry, "1.0")
    assert after.boot not in {before.boot, patched.boot}


def a_power_cut_in_the_middle_of_the_transaction_ends_in_a_known_state(project: Machine, before: Standing) -> None:
    for kept in json.loads(project.patchtide("quarantine", "list", "--json").stdout)["versions"]:
        assert project.patchtide("quarantine", "release", kept["version"], "--reason", "try again").returncode == 0
    controller = project.begin("run", "--no-input", "--yes")
    controller.until(" patch ", "begins", within=3600)
    run = project.status()["run"]
    setting_up = f"until grep -q '^Setting up ' /var/lib/patchtide/{run}/patch.log; do sleep 0.3; done"
    project.shell("machine-1", "timeout", "3600", "sh", "-c", setting_up)
    project.fleet.kill()
    controller.kill()
    project.fleet.start()
    assert project.fleet.shell("machine-1", ["dpkg", "--audit"]).stdout, "the power went in the middle"
    code, end = project.patchtide("resume").returncode, project.ends()["machine-1"]
    assert (code, end) in {(0, "patched"), (9, "rolled_back")}
    assert project.shell("machine-1", "dpkg", "--audit") == ""
    after = standing(project)
    assert after.tidepool == ("1.1" if end == "patched" else "1.0")
    assert (after.kernel == before.kernel) is (end == "rolled_back")
    assert (after.entry == before.entry) is (end == "rolled_back")


def what_packages_cannot_undo_a_snapshot_does(project: Machine) -> None:
    configure(project, "snapshot", "2m")
    project.fleet.offer("1.9")  # answers 500, and its maintainer script lets nobody downgrade or remove it
    before, then = project.state("machine-1"), standing(project)
    assert project.run().returncode == 9
    assert project.ends() == {"machine-1": "rolled_back"}
    after = standing(project)
    assert after.boot != then.boot, "a snapshot takes effect with a boot"
    assert (after.kernel, after.entry, after.tidepool) == (then.kernel, then.entry, then.tidepool)
    assert project.state("machine-1") == before
    left = project.shell("machine-1", "btrfs", "subvolume", "list", "/")
    run = project.status()["run"]
    assert f"@rootfs.patchtide-{run}.replaced" in left, "what was written since can still be fetched"
    assert not left.endswith(f"@rootfs.patchtide-{run}\n"), "the snapshot itself is dropped"
    journal = json.loads(project.shell("machine-1", "cat", f"/var/lib/patchtide/{run}/rollback.json"))
    assert journal["methods"] == ["solver", "plain", "snapshot"], "each once, and the journal came along"
