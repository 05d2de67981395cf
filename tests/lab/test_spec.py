"""What may be asked for: names that ssh, podman and Ansible all read the same way."""

from pathlib import Path

import pytest

from patchtide.lab import LabError, LabHost, LabSpec, blank_spec, default_spec, load


def test_the_default_fleet_has_two_tiers_and_alternating_clusters(tmp_path: Path) -> None:
    spec = default_spec(tmp_path)
    assert [host.name for host in spec.hosts] == ["test-1", "test-2", "prod-1", "prod-2", "prod-3", "prod-4"]
    assert [host.group for host in spec.hosts] == ["env_test"] * 2 + ["env_prod"] * 4
    assert [host.variables["cluster"] for host in spec.hosts] == ["blue", "green"] * 3
    assert [host.environment for host in spec.hosts] == ["test"] * 2 + ["production"] * 4


def test_one_production_host_can_be_fragile(tmp_path: Path) -> None:
    spec = default_spec(tmp_path, fragile=("prod-3",))
    words = {host.name: host.environment for host in spec.hosts if host.tier == "production"}
    assert words.pop("prod-3") == "production fragile"
    assert set(words.values()) == {"production"}


def test_a_tier_of_another_name_gets_a_group_that_ansible_accepts() -> None:
    assert LabHost("a", "pre-prod").group == "env_pre_prod"


def test_blank_hosts_come_without_the_service(tmp_path: Path) -> None:
    spec = blank_spec(tmp_path, "blank", hosts=2)
    assert [host.name for host in spec.hosts] == ["host-1", "host-2"]
    assert not spec.service


@pytest.mark.parametrize(
    "name", ["", "-oProxyCommand=x", "h;reboot", "../x", "{{ x }}", "A", "a b", "a\0", "a" * 33, "a-"]
)
def test_bad_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabError, match="cannot be the name of a host"):
        LabSpec("lab", (LabHost(name, "test"),), tmp_path)
    with pytest.raises(LabError, match="cannot be the name of a lab"):
        LabSpec(name, (LabHost("a", "test"),), tmp_path)
    with pytest.raises(LabError, match="cannot be the name of a tier"):
        LabSpec("lab", (LabHost("a", name),), tmp_path)


@pytest.mark.parametrize(
    "variables",
    [{"ansible_connection": "local"}, {"a-b": "x"}, {"Key": "x"}, {"a": "{{ x }}"}, {"a": "{% x %}"}, {"a": "x\ny"}],
)
def test_bad_variables_are_refused(tmp_path: Path, variables: dict[str, str]) -> None:
    with pytest.raises(LabError, match="host a"):
        LabSpec("lab", (LabHost("a", "test", variables),), tmp_path)


def test_a_fleet_has_hosts_and_none_twice(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="at least one host"):
        default_spec(tmp_path, test=0, production=0)
    with pytest.raises(LabError, match="two hosts are named 'a'"):
        LabSpec("lab", (LabHost("a", "test"), LabHost("a", "production")), tmp_path)


@pytest.mark.parametrize("name", ["a'b", 'a"b', "{{x}}", "a%h", "a,b", "a:b", "a\nb"])
def test_directories_that_ssh_would_misread_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LabError, match="cannot hold a lab"):
        default_spec(tmp_path / name)


def test_no_lab_a_half_started_one_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no lab"):
        load(tmp_path)
    state = tmp_path / "lab.json"
    for text, words in (
        ('{"name": "x", "hosts": null}', "not started to the end"),
        ("", "cannot be read"),
        ('{"name": "x", "hosts": [{}]}', "cannot be read"),
        ("[]", "cannot be read"),
    ):
        state.write_text(text, encoding="utf-8")
        with pytest.raises(LabError, match=words) as caught:
            load(tmp_path)
        assert caught.value.where == str(state)
