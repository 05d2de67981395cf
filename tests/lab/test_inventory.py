"""What Ansible and ssh are told about a lab."""

import shlex
from pathlib import Path
from typing import Any

import yaml

from patchtide.lab import LabHost, RunningHost
from patchtide.lab.inventory import inventory_text, known_hosts_text

HOSTS = (
    RunningHost(LabHost("test-1", "test", {"cluster": "blue"}), "lab-test-1", 20001, 20002),
    RunningHost(LabHost("prod-1", "production", {"cluster": 'a "quoted" value: # no'}), "lab-prod-1", 20003, 20004),
)


def read(directory: Path) -> dict[str, dict[str, Any]]:
    whole: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(inventory_text(HOSTS, directory))
    return whole["all"]


def test_each_tier_is_a_group_and_each_host_has_its_port_and_variables() -> None:
    assert read(Path("/srv/lab"))["children"] == {
        "env_test": {"hosts": {"test-1": {"ansible_port": 20001, "cluster": "blue"}}},
        "env_prod": {"hosts": {"prod-1": {"ansible_port": 20003, "cluster": 'a "quoted" value: # no'}}},
    }


def test_host_keys_are_checked_against_the_labs_own_list() -> None:
    common = read(Path("/srv/my lab"))["vars"]
    assert common["ansible_host"] == "127.0.0.1"
    assert shlex.split(common["ansible_ssh_common_args"]) == [
        *("-o", 'UserKnownHostsFile="/srv/my lab/known_hosts"'),
        *("-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"),
        *("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=8"),
    ]


def test_known_hosts_name_the_port_and_leave_the_comment_out() -> None:
    keys = "ssh-ed25519 AAAA root@image\n\necdsa-sha2-nistp256 BBBB\n"
    assert known_hosts_text([(HOSTS[0], keys)]) == (
        "[127.0.0.1]:20001 ssh-ed25519 AAAA\n[127.0.0.1]:20001 ecdsa-sha2-nistp256 BBBB\n"
    )
