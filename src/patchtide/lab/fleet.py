"""A practice fleet from start to end: up, down, status, and what a person or a test does with it in between."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patchtide.lab import repository, rpms, tidepool
from patchtide.lab.containers import allow_watches, containers_of, each, pending, prepared, remove, started
from patchtide.lab.doctor import problem
from patchtide.lab.image import ready_image, remove_images
from patchtide.lab.inventory import RunningHost, inventory_text, known_hosts_text
from patchtide.lab.programs import completed, output, podman
from patchtide.lab.spec import LabError, LabHost, LabSpec

SCHEMA = "patchtide/lab/v1"
Tell = Callable[[str], None]
_STATE = ("repository", "id_ed25519", "id_ed25519.pub", "inventory.yml", "known_hosts", "lab.json.new", "lab.json")


@dataclass(frozen=True, slots=True)
class Lab:
    """A started practice fleet; its methods act on its hosts and on its package repository."""

    name: str
    directory: Path
    hosts: tuple[RunningHost, ...]

    @property
    def inventory(self) -> Path:
        """Return the Ansible inventory file."""
        return self.directory / "inventory.yml"

    def host(self, name: str) -> RunningHost:
        """Return one host; raises LabError when the lab has none of that name."""
        for host in self.hosts:
            if host.name == name:
                return host
        known = ", ".join(host.name for host in self.hosts)
        raise LabError(f"lab {self.name} has no host {name!r}", f"Its hosts are {known}.")

    def offer(self, version: str) -> None:
        """Show a version of tidepool to the hosts, beside those already offered."""
        repository.offer(self.directory / "repository", version)
        if image := _rpm_image(self.hosts):
            rpms.offer(self.directory / "repository", version, image)

    def withdraw(self, version: str) -> None:
        """Take a version of tidepool out of the repository."""
        repository.withdraw(self.directory / "repository", version)
        if image := _rpm_image(self.hosts):
            rpms.withdraw(self.directory / "repository", version, image)

    def offered(self) -> tuple[str, ...]:
        """Return the versions of tidepool that the hosts can see."""
        return repository.offered(self.directory / "repository")

    def shell(self, host: str, argv: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Return a program run inside a host past SSH (podman exec), whatever its exit code; `text` is its input."""
        return completed(podman("exec", "--interactive", self.host(host).container, *argv), text=text)

    def kill(self, host: str) -> None:
        """Cut a host's power: everything in it ends at once, and it stays off."""
        output(podman("stop", "--time", "0", self.host(host).container), f"host {host} cannot be stopped")

    def start(self, host: str) -> None:
        """Switch a host on again; it boots with the disk it had."""
        output(podman("start", self.host(host).container), f"host {host} cannot be started")


@dataclass(frozen=True, slots=True)
class HostStatus:
    """How a host is: podman's word for its state ("absent" without a container) and its tidepool version."""

    host: RunningHost
    state: str
    tidepool: str | None


@dataclass(frozen=True, slots=True)
class LabStatus:
    """How a lab and its hosts are."""

    name: str
    directory: Path
    hosts: tuple[HostStatus, ...]


def up(spec: LabSpec, tell: Tell) -> Lab:
    """Return a practice fleet of real hosts, started now; raises LabError, having removed what it started."""
    directory = spec.directory.resolve()
    if trouble := problem():
        raise LabError(trouble)
    if (directory / "lab.json").exists() or containers_of(directory):
        raise LabError(f"there is a lab in {directory} already", "Remove it first with `patchtide lab down`.")
    if taken := [name for name in _STATE if (directory / name).exists()]:
        raise LabError(f"{directory / taken[0]} is in the way of a lab", "Choose a directory of its own for the lab.")
    images = {system: ready_image(tell, system) for system in dict.fromkeys(host.system for host in spec.hosts)}
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _started(spec, directory, images, tell)
    except BaseException:
        tell("the lab could not be started; removing what was")
        down(directory, tell)
        raise


def _started(spec: LabSpec, directory: Path, images: Mapping[str, str], tell: Tell) -> Lab:
    _save(spec.name, directory, None)
    _make_key(directory)
    repository.created(directory / "repository")
    if "dnf" in images:
        rpms.offer(directory / "repository", tidepool.FIRST, images["dnf"])
    allow_watches(len(spec.hosts), tell)
    tell(f"starting {len(spec.hosts)} hosts")
    hosts = each(lambda host: started(spec, host, images[host.system]), spec.hosts)
    public_key = (directory / "id_ed25519.pub").read_text("utf-8").strip()
    keys = each(lambda host: prepared(host, public_key, _first_package(host) if spec.service else ""), hosts)
    known = known_hosts_text(zip(hosts, keys, strict=True))
    (directory / "known_hosts").write_text(known, encoding="utf-8")
    (directory / "inventory.yml").write_text(inventory_text(hosts, directory), encoding="utf-8")
    _save(spec.name, directory, hosts)
    tell(f"{len(hosts)} hosts are up: {directory / 'inventory.yml'}")
    if spec.service:
        _tell_pending(hosts[0], tell)
    return Lab(spec.name, directory, hosts)


def _first_package(host: RunningHost) -> str:
    """Return the file of the first tidepool, by its path in the folder that a host sees."""
    if host.host.system == "dnf":
        return f"rpm/tidepool-{tidepool.FIRST}-1.noarch.rpm"
    return f"pool/tidepool_{tidepool.FIRST}_all.deb"


def _rpm_image(hosts: Iterable[RunningHost]) -> str | None:
    """Return the image in which a lab's RPM packages are built; None where no host reads them."""
    return ready_image(lambda _: None, "dnf") if any(host.host.system == "dnf" for host in hosts) else None


def _tell_pending(host: RunningHost, tell: Tell) -> None:
    try:
        tell(f"{host.name} has {pending(host)} real updates pending")
    except LabError as error:
        tell(f"warning: {error.message}")


def _make_key(directory: Path) -> None:
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "patchtide-lab", "-f", f"{directory}/id_ed25519"]
    output(command, "the lab's SSH key cannot be made")


def down(directory: Path, tell: Tell, *, purge: bool = False) -> None:
    """Remove a lab's hosts and state, also after half a start; with `purge` the cached image as well."""
    directory = directory.resolve()
    containers = containers_of(directory)
    remove(containers)
    _forget(directory)
    tell(f"removed {len(containers)} hosts" if containers else f"there are no hosts of a lab in {directory}")
    if purge:
        remove_images()


def _forget(directory: Path) -> None:
    """Remove what `up` wrote, and nothing where it wrote nothing: another's keys may have the same names."""
    if not (directory / "lab.json").is_file():
        return
    shutil.rmtree(directory / "repository", ignore_errors=True)
    for name in _STATE:
        (directory / name).unlink(missing_ok=True)  # lab.json is the last
    if not any(directory.iterdir()):
        directory.rmdir()


def status(directory: Path) -> LabStatus:
    """Return how a lab's hosts are; raises LabError when there is no lab."""
    lab = load(directory)
    return LabStatus(lab.name, lab.directory, each(_host_status, lab.hosts))


def _host_status(host: RunningHost) -> HostStatus:
    look = completed(podman("inspect", "--format", "{{.State.Status}}", host.container), seconds=60)
    state = look.stdout.strip() if look.returncode == 0 else "absent"
    done = completed(podman("exec", host.container, *_QUERY[host.host.system]), seconds=60)
    known = done.stdout.split() if state == "running" and done.returncode == 0 else []
    return HostStatus(host, state, known[1] if known[:1] == ["ii"] else None)


_QUERY = {
    "debian": ("dpkg-query", "-f", "${db:Status-Abbrev}${Version}", "-W", "tidepool"),
    "dnf": ("rpm", "--query", "--queryformat", "ii %{VERSION}", "tidepool"),
}


def load(directory: Path) -> Lab:
    """Return the lab that was started in a directory; raises LabError when there is none or its state is unreadable."""
    path = directory.resolve() / "lab.json"
    if not path.is_file():
        raise LabError(f"there is no lab in {directory}", "Start one with `patchtide lab up`.")
    try:
        data = json.loads(path.read_text("utf-8"))
        hosts = None if data["hosts"] is None else tuple(_host_of(entry) for entry in data["hosts"])
        name = str(data["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(f"the state of the lab cannot be read: {error}", _ANEW, str(path)) from None
    if hosts is None:
        raise LabError(f"the lab in {directory} was not started to the end", _ANEW, str(path))
    return Lab(name, path.parent, hosts)


_ANEW = "Remove it with `patchtide lab down`, then start it again."


def _host_of(entry: dict[str, object]) -> RunningHost:
    variables = entry["variables"]
    if not isinstance(variables, dict):
        raise TypeError("variables is not a mapping")
    words = {str(key): str(value) for key, value in variables.items()}
    host = LabHost(str(entry["name"]), str(entry["tier"]), words, str(entry.get("system", "debian")))
    return RunningHost(host, str(entry["container"]), int(str(entry["ssh_port"])), int(str(entry["web_port"])))


def _save(name: str, directory: Path, hosts: tuple[RunningHost, ...] | None) -> None:
    """Write lab.json; its hosts are null until all of them are ready."""
    entries = None if hosts is None else [_entry_of(host) for host in hosts]
    fresh = directory / "lab.json.new"
    fresh.write_text(json.dumps({"schema": SCHEMA, "name": name, "hosts": entries}, indent=2) + "\n", encoding="utf-8")
    fresh.replace(directory / "lab.json")


def _entry_of(host: RunningHost) -> dict[str, object]:
    own = {"name": host.name, "tier": host.tier, "variables": dict(host.variables), "system": host.host.system}
    return {**own, "container": host.container, "ssh_port": host.ssh_port, "web_port": host.web_port}
