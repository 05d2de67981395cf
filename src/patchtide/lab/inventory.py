"""What Ansible and ssh need to know about a lab: the inventory and the known hosts, as text."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from patchtide.lab.spec import LabHost

ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class RunningHost:
    """A started host: its container, and the ports on 127.0.0.1 that lead to its sshd and its web service."""

    host: LabHost
    container: str
    ssh_port: int
    web_port: int

    @property
    def name(self) -> str:
        """Return the host's name in the inventory."""
        return self.host.name

    @property
    def tier(self) -> str:
        """Return the host's tier."""
        return self.host.tier

    @property
    def variables(self) -> Mapping[str, str]:
        """Return the host's own inventory variables."""
        return self.host.variables


def inventory_text(hosts: Iterable[RunningHost], directory: Path) -> str:
    """Return the Ansible inventory in YAML: a group per tier, root over SSH, and host keys that are never guessed."""
    hosts = tuple(hosts)
    lines = ["# The hosts of a practice fleet; written by `patchtide lab up`, removed by `patchtide lab down`.", "all:"]
    lines += ["  vars:", *(f"    {key}: {json.dumps(value)}" for key, value in _common(directory).items())]
    lines += ["  children:"]
    for group in dict.fromkeys(host.host.group for host in hosts):
        lines += [f"    {group}:", "      hosts:"]
        for host in hosts:
            lines += _host_lines(host) if host.host.group == group else []
    return "\n".join(lines) + "\n"


def known_hosts_text(keys: Iterable[tuple[RunningHost, str]]) -> str:
    """Return known_hosts lines for hosts with the public keys they hold, which were read inside the hosts."""
    lines = []
    for host, text in keys:
        for kind, key, *_ in (line.split() for line in text.splitlines() if line.strip()):
            lines.append(f"[{ADDRESS}]:{host.ssh_port} {kind} {key}")
    return "\n".join(lines) + "\n"


def ssh_options(directory: Path) -> tuple[str, ...]:
    """Return the options with which ssh accepts the lab's own host keys and no other, and sees that a host is gone.

    A machine that is switched off in the middle of a connection never says so.
    """
    known = directory / "known_hosts"
    own = (f'UserKnownHostsFile="{known}"', "StrictHostKeyChecking=yes", "IdentitiesOnly=yes")
    alive = ("ServerAliveInterval=15", "ServerAliveCountMax=8")
    return tuple(word for option in (*own, *alive) for word in ("-o", option))


def _common(directory: Path) -> dict[str, str]:
    known, *others = ssh_options(directory)[1::2]
    return {
        "ansible_host": ADDRESS,
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(directory / "id_ed25519"),
        "ansible_ssh_common_args": " ".join([f"-o '{known}'", *(f"-o {option}" for option in others)]),
    }


def _host_lines(host: RunningHost) -> list[str]:
    variables = "".join(f"          {key}: {json.dumps(value)}\n" for key, value in host.variables.items())
    return f"        {host.name}:\n          ansible_port: {host.ssh_port}\n{variables}".rstrip("\n").split("\n")
