"""Inventories that Ansible reads with a shrug, and what is said of them here."""

from pathlib import Path

import pytest

from patchtide.adapters.ansible import AnsibleExecutor
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host

SOUND = """\
all:
  vars: {shared: everywhere}
  hosts:
    zebra: {own: 1}
    ant:
  children:
    web:
      vars: {shared: web, list: [1, {deep: true}]}
      hosts: {ant: , mole: {ansible_port: 22}}
"""


def hosts(folder: Path, text: str, pattern: str = "all", name: str = "inventory.yml") -> tuple[Host, ...]:
    (folder / name).write_text(text)
    return AnsibleExecutor(folder, folder, 5).hosts([str(folder / name)], pattern)


def refusal(folder: Path, text: str, pattern: str = "all", name: str = "inventory.yml") -> UsageError:
    with pytest.raises(UsageError) as refused:
        hosts(folder, text, pattern, name)
    return refused.value


def test_variables_are_merged_and_the_order_is_the_inventorys(tmp_path: Path) -> None:
    web = {"shared": "web", "list": [1, {"deep": True}]}
    assert hosts(tmp_path, SOUND) == (
        Host("zebra", {"shared": "everywhere", "own": 1}),
        Host("ant", web),
        Host("mole", {**web, "ansible_port": 22}),
    )


def test_a_pattern_selects(tmp_path: Path) -> None:
    assert [host.name for host in hosts(tmp_path, SOUND, "all:!web")] == ["zebra"]


def test_several_inventories_and_the_variables_beside_them_are_one(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("beside: 1\n")
    (tmp_path / "one.ini").write_text("[db]\ndb[01:02] shard=a\n")
    (tmp_path / "two.yml").write_text("all: {hosts: {web: }}\n")
    found = AnsibleExecutor(tmp_path, tmp_path, 5).hosts([str(tmp_path / "one.ini"), str(tmp_path / "two.yml")], "all")
    assert {host.name: host.variables for host in found} == {
        "db01": {"beside": 1, "shard": "a"},
        "db02": {"beside": 1, "shard": "a"},
        "web": {"beside": 1},
    }


def test_a_script_is_asked_each_time(tmp_path: Path) -> None:
    script = tmp_path / "inventory.sh"
    script.write_text('#!/bin/sh\necho \'{"web": {"hosts": ["a"]}, "_meta": {"hostvars": {"a": {"x": "y"}}}}\'\n')
    script.chmod(0o700)
    assert AnsibleExecutor(tmp_path, tmp_path, 5).hosts([str(script)], "web") == (Host("a", {"x": "y"}),)


@pytest.mark.parametrize("pattern", ["nosuch", "all:!nosuch", "web:&zebra", "-x", "~we[", "~(web"])
def test_a_pattern_that_selects_nothing_or_names_nothing_is_refused(tmp_path: Path, pattern: str) -> None:
    refused = refusal(tmp_path, SOUND, pattern)
    assert f"the host pattern {pattern!r}" in refused.message
    assert refused.hint


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("all:\n  hosts:\n    a: {\n", "YAML parsing failed", ":4"),
        ("all: {hosts: {a: {x: 1, x: 2}}}\n", "duplicate mapping key 'x'", ":1"),
        ("all:\n  hosts:\n    a: !!python/object/apply:os.system ['true']\n", "constructor", ":3"),
        ("all:\n  children:\n    x: {children: {y: {children: {x: {hosts: {a: }}}}}}\n", "recursive", ":3"),
        ("all: {hosts: {no: , a: }}\n", "False must be a string", ""),
        ("", "matches no host", ""),
        ("all:\n  hosts:\n    'h;reboot':\n", "host name 'h;reboot' is not allowed", ":3"),
        ("all:\n  hosts:\n    '-oProxyCommand=x':\n", "host name '-oProxyCommand=x' is not allowed", ":3"),
        ("all:\n  hosts: {b: }\n  children:\n    b: {hosts: {c: }}\n", "name of a host and of a group", ":2"),
        ("all:\n  hosts:\n    a:\n      deep: [{x: '{% if 1 %}'}]\n", "variable deep.0.x of host 'a' holds", ":4"),
        ("all:\n  hosts:\n    a: {'{{ x }}': 1}\n", "of host 'a' holds a template", ":3"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3131\n", "no vault secrets", ""),
    ],
)
def test_what_is_not_plain_and_whole_is_refused_with_its_place(
    tmp_path: Path, text: str, message: str, line: str
) -> None:
    refused = refusal(tmp_path, text)
    assert message in refused.message
    assert refused.where == f"{tmp_path}/inventory.yml{line}"
    assert "\n" not in refused.message


def test_the_file_beside_is_named_when_the_template_is_there(tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "zebra.yml").write_text("x: 1\nsecret: '{{ vault }}'\n")
    assert refusal(tmp_path, SOUND).where == f"{tmp_path}/host_vars/zebra.yml:2"


def test_templates_of_hosts_that_are_not_asked_for_are_nobodys_business(tmp_path: Path) -> None:
    text = "all: {hosts: {a: , b: {x: '{{ y }}'}}}\n"
    assert hosts(tmp_path, text, "a") == (Host("a", {}),)


def test_an_inventory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as refused:
        AnsibleExecutor(tmp_path, tmp_path, 5).hosts([str(tmp_path / "nosuch")], "all")
    assert refused.value.where == str(tmp_path / "nosuch")


def test_one_broken_file_among_sound_ones_is_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts" / "a.yml").write_text(SOUND)
    (tmp_path / "hosts" / "b.yml").write_text("all: [\n")
    with pytest.raises(UsageError, match="cannot be read"):
        AnsibleExecutor(tmp_path, tmp_path, 5).hosts([str(tmp_path / "hosts")], "all")


def test_without_ansible_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    refused = refusal(tmp_path, SOUND)
    assert "ansible-inventory is not there" in refused.message
    assert "ansible-core" in refused.hint
