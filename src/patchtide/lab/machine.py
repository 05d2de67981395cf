"""A machine of a lab: a host with its own kernel, boot loader and disk, which reboots and can lose its power."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtide.lab import repository, tidepool
from patchtide.lab.containers import free_ports, furnishing
from patchtide.lab.disk import emulator, machine_problem, ready_disk
from patchtide.lab.inventory import ADDRESS, RunningHost, inventory_text, known_hosts_text, ssh_options
from patchtide.lab.programs import completed, last_words, output
from patchtide.lab.spec import LabError, LabHost

Tell = Callable[[str], None]
_BOOT = 1800.0  # seconds, under software emulation on a busy machine
_HOST_KEY = "host-key: "
_DISK = "disk.raw"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that was started; its folder holds its disk, its console's output, its key and its inventory."""

    name: str
    directory: Path
    host: RunningHost
    disk: Path

    @property
    def inventory(self) -> Path:
        """Return the Ansible inventory file."""
        return self.directory / "inventory.yml"

    @property
    def console(self) -> str:
        """Return what the machine wrote to its serial line since it was switched on."""
        return (self.directory / "console").read_text("utf-8", errors="replace")

    def offer(self, version: str) -> None:
        """Show a version of tidepool to the machine, beside those already offered."""
        repository.offer(self.directory / "repository", version)
        _send_packages(self)

    def shell(self, host: str, argv: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Return a program run in the machine as root, whatever its exit code; `text` is its input."""
        if host != self.host.name:
            raise LabError(f"the machine is {self.host.name}, not {host}")
        return completed([*self.ssh(), shlex.join(argv)], text=text)

    def kill(self) -> None:
        """Cut the power: what the machine had only in its memory is lost."""
        process = process_of(self.directory)
        if process is not None:
            os.kill(process, signal.SIGKILL)
            _await(lambda: process_of(self.directory) is None, 30, "the machine cannot be switched off")
        (self.directory / "qemu.pid").unlink(missing_ok=True)

    def start(self) -> None:
        """Switch the machine on and wait until it answers; raises LabError when it does not."""
        _switch_on(self)
        self.await_boot()

    def await_boot(self) -> None:
        """Wait until the machine has started everything."""
        up = [*self.ssh(), "systemctl is-system-running --wait"]
        _await(lambda: _banner(self.host.ssh_port), _BOOT, f"{self.host.name} did not boot")
        _await(lambda: completed(up).stdout.strip() in {"running", "degraded"}, _BOOT, f"{self.host.name} did not boot")

    def ssh(self) -> list[str]:
        """Return the command that runs what follows it in the machine, as root."""
        key = str(self.directory / "id_ed25519")
        options = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "LogLevel=ERROR"]
        target = ["-p", str(self.host.ssh_port), "-i", key, *ssh_options(self.directory), f"root@{ADDRESS}"]
        return ["ssh", "-F", "/dev/null", *options, *target]


def up(directory: Path, name: str, tell: Tell) -> Machine:
    """Return a machine with tidepool on it, started now; raises LabError, having removed what it started."""
    directory = directory.resolve()
    if trouble := machine_problem():
        raise LabError(trouble)
    base = ready_disk(tell)
    directory.mkdir(parents=True, mode=0o700)
    try:
        return _prepared(directory, name, base, tell)
    except BaseException:
        down(directory)
        raise


def _prepared(directory: Path, name: str, base: Path, tell: Tell) -> Machine:
    _make_disks(directory, base)
    repository.created(directory / "repository")
    machine = Machine(name, directory, RunningHost(LabHost(name, "test"), "", *free_ports()), base)
    (directory / "inventory.yml").write_text(inventory_text([machine.host], directory), encoding="utf-8")
    tell(f"starting machine {name}")
    began = time.monotonic()
    _switch_on(machine)
    _await(lambda: host_keys(machine.console), _BOOT, f"{name} did not boot")
    known = known_hosts_text([(machine.host, host_keys(machine.console))])
    (directory / "known_hosts").write_text(known, encoding="utf-8")
    machine.await_boot()
    tell(f"machine {name} is up after {time.monotonic() - began:.0f} s")
    _furnish(machine)
    return machine


def _make_disks(directory: Path, base: Path) -> None:
    """Give the machine a disk of its own, a copy of the common one, and a second one that says whom it lets in."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "patchtide-lab", "-f", f"{directory}/id_ed25519"]
    output(command, "the key of the machine cannot be made")
    key = (directory / "id_ed25519.pub").read_bytes()
    (directory / "guests").write_bytes(key.ljust(1024, b"\n"))
    copied = ["cp", "--sparse=always", "--reflink=auto", "--", str(base), str(directory / _DISK)]
    output(copied, "the disk of the machine cannot be made", seconds=_BOOT)


def _furnish(machine: Machine) -> None:
    """Have tidepool and its source on the machine, as the hosts of a lab do."""
    _send_packages(machine)
    key = (machine.directory / "id_ed25519.pub").read_text("utf-8").strip()
    words = ["sh", "-s", "--", key, machine.host.tier, f"pool/tidepool_{tidepool.FIRST}_all.deb"]
    done = machine.shell(machine.name, words, text=furnishing(machine.host.host.system))
    if done.returncode:
        raise LabError(f"{machine.name} could not be prepared: {last_words(done.stderr)}")


def _send_packages(machine: Machine) -> None:
    """Give the machine the lab's repository as it is now, where the hosts of a lab have it mounted."""
    public, archive = machine.directory / "repository" / "public", machine.directory / "packages.tar"
    output(["tar", "--create", f"--file={archive}", f"--directory={public}", "."], "packages cannot be sent")
    unpack = "rm -rf /srv/patchtide-lab && mkdir -p /srv/patchtide-lab && tar -x -C /srv/patchtide-lab"
    with archive.open("rb") as file:
        done = subprocess.run([*machine.ssh(), unpack], stdin=file, capture_output=True, check=False, text=True)
    archive.unlink()
    if done.returncode:
        raise LabError(f"packages cannot be sent to {machine.name}: {last_words(done.stderr)}")


def _switch_on(machine: Machine) -> None:
    folder, host = machine.directory, machine.host
    forwards = f"hostfwd=tcp:{ADDRESS}:{host.ssh_port}-:22,hostfwd=tcp:{ADDRESS}:{host.web_port}-:8080"
    words = [*emulator(Path(f"{machine.disk}.kernel")), "-name", machine.name]
    # This system has what the machine wrote as soon as it wrote it: a power cut, which ends the emulator alone, costs
    # only what the machine had in its memory. To flush this system's own disk as well would take time for nothing.
    words += ["-drive", f"file={folder}/{_DISK},format=raw,if=virtio,cache=unsafe"]
    words += ["-drive", f"file={folder}/guests,format=raw,if=virtio,readonly=on"]
    words += ["-nic", f"user,model=virtio-net-pci,{forwards}", "-serial", f"file:{folder}/console"]
    output([*words, "-daemonize", "-pidfile", f"{folder}/qemu.pid"], f"{machine.name} cannot be switched on")


def host_keys(console: str) -> str:
    """Return the machine's public key, as it said it on its console; empty until it has said all of it."""
    said = re.search(rf"{_HOST_KEY}(ssh-ed25519 \S+ root@machine)\s", console)
    return said[1] if said else ""


def _banner(port: int) -> bool:
    try:
        with socket.create_connection((ADDRESS, port), timeout=5) as connection:
            connection.settimeout(30)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _await(true: Callable[[], object], seconds: float, why_not: str) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise LabError(f"{why_not} within {seconds:.0f} s", "Its console is in the file `console` beside its disk.")
        time.sleep(0.5)


def process_of(directory: Path) -> int | None:
    """Return the id of the emulator that runs this machine and no other, or None."""
    try:
        process = int((directory / "qemu.pid").read_text("ascii"))
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return process if os.fsencode(directory / _DISK) in command else None


def down(directory: Path) -> None:
    """Switch off the machine of a folder and remove what it left there, also after half a start."""
    directory = directory.resolve()
    process = process_of(directory)
    if process is not None:
        os.kill(process, signal.SIGKILL)
        _await(lambda: process_of(directory) is None, 30, "the machine cannot be switched off")
    if (directory / _DISK).exists():
        shutil.rmtree(directory)
