"""The hosts of a lab as podman containers: started, prepared, looked at, removed."""

import random
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from patchtide.lab.inventory import ADDRESS, RunningHost
from patchtide.lab.programs import LIMITS, as_root, completed, last_words, output, podman
from patchtide.lab.spec import LabError, LabHost, LabSpec

OWNER = "patchtide.lab.directory"
_PORTS = range(20000, 30000)  # below those that the kernel hands out, so that a stopped host's port stays free
_TRIES = 5
_BOOT = 90.0  # seconds for systemd and sshd to answer
_BOOTED = {"running", "degraded"}
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES_EACH = 8
T = TypeVar("T")
U = TypeVar("U")


def each(action: Callable[[T], U], items: Iterable[T]) -> tuple[U, ...]:
    """Return the results of an action on several hosts at a time, in order; raises the first error."""
    with ThreadPoolExecutor(max_workers=6) as pool:
        return tuple(pool.map(action, items))


def started(spec: LabSpec, host: LabHost, image: str) -> RunningHost:
    """Return a host that was just started, on ports that were free; raises LabError when podman cannot."""
    words = "no port was free"
    for _ in range(_TRIES):
        running = RunningHost(host, f"{spec.name}-{host.name}", *free_ports())
        done = completed(_run_command(spec, running, image))
        if done.returncode == 0:
            return running
        words = last_words(done.stderr)
        if "container name" in words:
            raise LabError(f"a container named {running.container} is there already", "Give the lab another name.")
        if "address already in use" not in words:
            break
        remove([running.container])  # podman made it before it found the port taken
    raise LabError(f"host {host.name} could not be started: podman: {words}", "`podman ps --all` shows what is there.")


def _run_command(spec: LabSpec, host: RunningHost, image: str) -> list[str]:
    public = spec.directory.resolve() / "repository" / "public"
    return [
        *podman("run", "--detach", "--name", host.container, "--hostname", host.name),
        *("--label", f"{OWNER}={spec.directory.resolve()}", "--label", f"patchtide.lab={spec.name}"),
        *("--systemd=always", "--restart=always", *LIMITS),
        "--cap-add=NET_ADMIN",  # for the practice update that takes the network down
        *("--publish", f"{ADDRESS}:{host.ssh_port}:22", "--publish", f"{ADDRESS}:{host.web_port}:8080"),
        *("--volume", f"{public}:/srv/patchtide-lab:ro", image, "/sbin/init"),
    ]


def free_ports() -> tuple[int, int]:
    """Return two ports of this machine that nobody listens on."""
    first, second = (port for port, _ in zip(_unused(), range(2), strict=False))
    return first, second


def _unused() -> Iterable[int]:
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
        yield port


def prepared(host: RunningHost, public_key: str, package: str) -> str:
    """Return the host's public SSH keys, after it booted and got the lab's key, package source and tidepool."""
    inside = podman("exec", "--interactive", host.container)
    _await_boot(host)
    arguments = [public_key, host.host.environment, package]
    script = furnishing(host.host.system)
    output([*inside, "sh", "-s", "--", *arguments], f"host {host.name} could not be prepared", text=script)
    _await_ssh(host)
    keys = [*inside, "sh", "-c", "cat /etc/ssh/ssh_host_*_key.pub"]
    return output(keys, f"the SSH keys of host {host.name} cannot be read")


def furnishing(system: str) -> str:
    """Return the script that prepares a booted host: public key, words of its environment, package as arguments."""
    folder = files("patchtide.lab") / "files"
    return "".join((folder / name).read_text("utf-8") for name in ("host.sh", f"host-{system}.sh"))


def _await_boot(host: RunningHost) -> None:
    """Wait for systemd to have started everything; before it listens, asking it fails, which is not an answer yet."""
    deadline = time.monotonic() + _BOOT
    wait = podman("exec", host.container, "systemctl", "is-system-running", "--wait")
    while (done := completed(wait, seconds=_BOOT)).stdout.strip() not in _BOOTED:
        if time.monotonic() > deadline:
            raise LabError(f"host {host.name} did not boot: {last_words(done.stdout + done.stderr)}")
        time.sleep(0.5)


def _await_ssh(host: RunningHost) -> None:
    try:
        with socket.create_connection((ADDRESS, host.ssh_port), timeout=_BOOT) as connection:
            banner = connection.recv(4)
    except OSError as error:
        raise LabError(f"host {host.name}: sshd does not answer on {ADDRESS}:{host.ssh_port}: {error}") from None
    if banner != b"SSH-":
        raise LabError(f"host {host.name}: what answers on {ADDRESS}:{host.ssh_port} is not sshd")


def containers_of(directory: Path) -> tuple[str, ...]:
    """Return the ids of all containers that belong to a lab's directory, running or not."""
    listing = podman("ps", "--all", "--quiet", "--filter", f"label={OWNER}={directory.resolve()}")
    return tuple(output(listing, "podman cannot list its containers").split())


def remove(containers: Iterable[str]) -> None:
    """Remove containers at once, with the runtime they were started with (else their port rules stay behind)."""
    ids = tuple(containers)
    if ids:
        output(podman("rm", "--force", "--time", "0", "--volumes", *ids), "podman cannot remove the hosts")


def allow_watches(hosts: int, tell: Callable[[str], None]) -> None:
    """Raise the kernel's number of inotify instances when this many more hosts need it; say so when that fails."""
    there = len(output(podman("ps", "--quiet"), "podman cannot list its containers").split())
    needed = _INSTANCES_EACH * (there + hosts)
    if int(_INOTIFY.read_text("ascii")) >= needed:
        return
    if completed([*as_root(), "tee", str(_INOTIFY)], text=str(2 * needed)).returncode:
        tell(f"hosts may not boot: run `sysctl fs.inotify.max_user_instances={2 * needed}` as root")


def pending(host: RunningHost) -> int:
    """Return how many updates a host finds pending after a refresh; raises LabError without its sources."""
    inside = podman("exec", host.container, "apt-get", "-q")
    if host.host.system == "dnf":
        inside = podman("exec", host.container, "dnf", "--quiet")
        plan = output([*inside, "repoquery", "--upgrades"], f"host {host.name} cannot plan its updates", seconds=300)
        return len(plan.splitlines())
    output([*inside, "--error-on=any", "update"], f"host {host.name} cannot read its package sources")
    plan = output([*inside, "--simulate", "upgrade"], f"host {host.name} cannot plan its updates")
    return sum(line.startswith("Inst ") for line in plan.splitlines())
