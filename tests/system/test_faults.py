"""Many faults in one fleet: what stands on one host is that host's alone, and every secret stays where it was given."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import pytest
from tests.system.conftest import Made, Project

from patchtide import lab
from patchtide.lab import repository
from patchtide.lab.programs import as_root, output, podman

pytestmark = pytest.mark.system

CANARY = f"c4n4ry-{uuid4().hex}"
HELD = (
    "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); time.sleep(600)"
)
HELD_ONCE_STAGED = (
    "import glob, time\n"
    "staged = lambda: any('\"done\"' in open(name).read() for name in glob.glob('/var/lib/patchtide/2*/stage.json'))\n"
    f"while not staged(): time.sleep(.02)\n{HELD}"
)
LOSSY = "iptables -A INPUT -p tcp --dport 22 -m statistic --mode random --probability 0.08 -j DROP"
HOOK = """\
- name: Say the password to whom it concerns
  ansible.builtin.command:
    cmd: cat
    stdin: "{{ drain_password }}"
  no_log: true
  changed_when: false
"""


def within(project: Project[lab.Lab], host: str, namespace: str, *argv: str) -> None:
    """Run a program in one of a host's namespaces (-m mounts, -n network) with rights that the host has not got."""
    container = project.fleet.host(host).container
    pid = output(podman("inspect", "--format", "{{.State.Pid}}", container), "no such host").strip()
    output([*as_root(), "nsenter", "-t", pid, namespace, *argv], f"{argv[0]} failed")


def expire(project: Project[lab.Lab], host: str) -> None:
    """Give a host a source whose Release file, properly signed, was good until last year."""
    public = project.fleet.directory / "repository" / "public"
    release = (public / "dists" / "lab" / "InRelease").read_text("utf-8").split("\n\n", 1)[1].split("-----BEGIN")[0]
    text = repository._signed(
        public.parent, release.replace("SHA256:", "Valid-Until: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:")
    )
    project.shell(host, "cp", "-r", "/srv/patchtide-lab", "/srv/expired")
    assert project.fleet.shell(host, ["tee", "/srv/expired/dists/lab/InRelease"], text=text).returncode == 0
    elsewhere = r"s|/srv/patchtide-lab|/srv/expired\nCheck-Date: yes\nCheck-Valid-Until: yes|"
    project.shell(host, "sed", "-i", elsewhere, "/etc/apt/sources.list.d/patchtide-lab.sources")


def confide(project: Project[lab.Lab]) -> None:
    """Put a secret wherever an inventory may have one."""
    inventory = project.fleet.inventory
    secrets = ("ansible_password", "ansible_become_password", "drain_password")
    lines = "".join(f"    {name}: {CANARY}\n" for name in secrets)
    inventory.write_text(inventory.read_text("utf-8").replace("  vars:\n", f"  vars:\n{lines}", 1), encoding="utf-8")
    (project.directory / "hook.yml").write_text(HOOK, encoding="utf-8")
    with (project.directory / "patchtide.yml").open("a", encoding="utf-8") as file:
        file.write("maintenance: {enter: hook.yml, leave: hook.yml}\n")


@contextmanager
def watched() -> Iterator[set[str]]:
    """Collect every command line of this machine that has the secret in it, while the context lasts."""
    found: set[str] = set()
    over = Event()

    def look() -> None:
        while not over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:
                    continue
                if CANARY.encode() in line:
                    found.add(line.replace(b"\0", b" ").decode(errors="replace"))

    thread = Thread(target=look)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def left_here(project: Project[lab.Lab]) -> list[str]:
    """The files here that hold the secret, but for the inventory that brought it."""
    places = [str(project.directory), "/tmp", str(Path.home() / ".ansible")]  # noqa: S108 - searched, not written
    command = ["grep", "-rlsaF", CANARY, *(place for place in places if Path(place).exists())]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    return [name for name in found if name != str(project.fleet.inventory)]


def left_there(project: Project[lab.Lab], host: str) -> str:
    """What a host kept of the secret: files, and its journal."""
    places = "/var/lib/patchtide /var/tmp /tmp /root /home /etc /var/log /run"
    return project.fleet.shell(
        host, ["sh", "-c", f"grep -rlsaF {CANARY} {places}; journalctl -qo cat | grep -aF {CANARY}"]
    ).stdout


@contextmanager
def careless() -> Iterator[None]:
    """Let everything that is written be open to everybody, but where its writer says otherwise."""
    old = os.umask(0)
    try:
        yield
    finally:
        os.umask(old)


def loose_there(project: Project[lab.Lab], host: str) -> str:
    """The folders of runs on a host and their journals; what apt leaves deeper inside nobody else can reach."""
    folders = "find /var/lib/patchtide -maxdepth 1 -type d -perm /077"
    return project.shell(host, "sh", "-c", f"{folders}; find /var/lib/patchtide -name '*.json' -perm /077")


def loose(folder: Path) -> list[str]:
    """What others than the owner may read or enter, below a state folder and itself."""
    return [
        str(path) for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & 0o077 and not path.is_symlink()
    ]


@pytest.mark.fault(22, how="iptables drops 8 % of what comes to sshd during the run")
@pytest.mark.fault(25, how="the lock of dpkg's front ends held by another process while the host is staged")
@pytest.mark.fault(26, how="a package unpacked and not configured before the run")
@pytest.mark.fault(28, how="/var/lib/patchtide on a tmpfs of 1 MiB")
@pytest.mark.fault(29, how="a Release file, properly signed, whose Valid-Until is over")
@pytest.mark.fault(37, how="another machine id between plan and run")
@pytest.mark.fault(38, how="apt-get install of the same version on the host between plan and run")
def test_each_host_keeps_its_own_fault_and_secrets_stay_where_they_are(made: Made) -> None:
    project = made(production=6, offered=["1.1"])
    project.configure(production=", failure_budget: 90%")
    confide(project)
    for host in project.fleet.hosts:  # Debian's own updates would only take time here
        project.shell(host.name, "sh", "-c", "rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*.list")
    expire(project, "prod-6")
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    within(project, "prod-1", "-n", *LOSSY.split())
    project.shell("prod-1", "systemd-run", "--quiet", "--unit=fault-lock", "python3", "-c", HELD)
    project.shell("prod-2", "sh", "-c", "apt-get -q update && apt-get -q -y install tidepool=1.1")
    project.shell("prod-3", "dpkg", "--unpack", "/srv/patchtide-lab/pool/tidepool_1.0_all.deb")
    project.shell("prod-4", "mkdir", "-p", "/var/lib/patchtide")
    within(project, "prod-4", "-m", "mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", "/var/lib/patchtide")
    project.shell("prod-5", "sh", "-c", "tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id")
    with careless(), watched() as seen:
        controller = project.begin("run", "--no-input", "--yes", "--plan", "plan.json")
        controller.until(" stage ", "prod-")
        project.shell("prod-1", "systemctl", "stop", "fault-lock")
        assert controller.ended() == 3
    why = {host["name"]: (host["end"], host["why"]) for host in project.status()["hosts"]}
    sys.stdout.write(f"{why}\n")
    good = {"test-1", "prod-1", "prod-2"}
    assert {name for name, (end, _) in why.items() if end == "patched"} == good
    assert {name for name, (end, _) in why.items() if end == "untouched"} == set(why) - good
    for name, word in (
        ("prod-3", "dpkg"),
        ("prod-4", "MiB are needed"),
        ("prod-5", "another machine"),
        ("prod-6", "expired"),
    ):
        assert word in why[name][1], why[name]
    assert all(project.version(name) == "1.1" for name in good)
    assert seen == set(), "a secret stood on a command line"
    assert left_here(project) == []
    assert {name: left_there(project, name) for name in why} == dict.fromkeys(why, "")
    assert loose(project.directory / ".patchtide") == []
    assert {name: loose_there(project, name) for name in good} == dict.fromkeys(good, "")


@pytest.mark.fault(25, how="the lock of dpkg's front ends held by another process when the update is to be installed")
def test_an_update_that_only_waited_for_a_lock_is_no_bad_update(made: Made) -> None:
    project = made(offered=["1.1"])
    with (project.directory / "patchtide.yml").open("a", encoding="utf-8") as file:
        file.write("limits: {patch: 2m}\n")
    before = project.state("test-1")
    project.shell("test-1", "systemd-run", "--quiet", "--unit=fault-lock", "python3", "-c", HELD_ONCE_STAGED)
    assert project.run().returncode == 5
    assert project.ends() == {"test-1": "untouched", "prod-1": "untouched"}
    assert "/var/lib/dpkg/lock-frontend is locked by python3" in project.why("test-1")
    assert "nothing was begun" in project.why("test-1")
    assert "tidepool" not in project.patchtide("quarantine", "list").stdout
    project.shell("test-1", "systemctl", "stop", "fault-lock")
    assert project.state("test-1") == before
    assert project.run().returncode == 0
    assert set(project.ends().values()) == {"patched"}


CRASHING = "healthy_for: 30s, deadline: 90s"


@pytest.mark.fault(32, how="a web service that crashes 20 s after each start, and is started again by systemd")
def test_a_service_that_crashes_after_a_while_is_put_back(made: Made) -> None:
    project = made(offered=["1.3"])
    path = project.directory / "patchtide.yml"
    path.write_text(path.read_text("utf-8").replace("deadline: 15s", CRASHING), encoding="utf-8")
    assert project.run().returncode == 9
    assert project.ends() == {"test-1": "rolled_back", "prod-1": "untouched"}
    assert project.version("test-1") == "1.0"
    assert project.healthy("test-1")
