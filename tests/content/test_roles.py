"""The roles as their users meet them: documented, usable alone, tagged, and short."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from tests.content.ansible import installed

from patchtide.core.steps import Step

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULES = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
STEPS = {*map(str, Step)}
TASK_LINES = 40
PLAY_LINES = 7

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def loaded(path: Path) -> Any:  # noqa: ANN401  # what a YAML file holds
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def options(role: Path) -> dict[str, dict[str, Any]]:
    entry = loaded(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    found: dict[str, dict[str, Any]] = entry["options"]
    return found


def tasks(found: list[Mapping[str, Any]], tags: frozenset[str] = frozenset()) -> Iterator[tuple[str, set[str]]]:
    """The tasks in a file with their tags, those in blocks too; static imports carry the tags of what they import."""
    for task in found:
        inherited = tags | set(task.get("tags", []))
        inner = [part for part in ("block", "rescue", "always") if part in task]
        for part in inner:
            yield from tasks(task[part], inherited)
        if not inner and "ansible.builtin.import_tasks" not in task:
            yield task["name"], set(inherited)


def readme_play(role: Path) -> str:
    return (role / "README.md").read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```", 1)[0]


def role_readmes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("role_readmes", ROOT / "scripts" / "role_readmes.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_step_has_a_role() -> None:
    assert {role.name for role in ROLES} == STEPS - {"enter", "leave"} | {"maintenance"}


@each_role
def test_a_role_is_short_enough_to_read_before_it_is_trusted(role: Path) -> None:
    sizes = {path.name: path.read_text("utf-8").count("\n") for path in (role / "tasks").glob("*.yml")}
    assert sizes
    assert max(sizes.values()) <= TASK_LINES


@each_role
def test_every_task_is_tagged_with_a_step(role: Path) -> None:
    found = dict(pair for path in (role / "tasks").glob("*.yml") for pair in tasks(loaded(path)))
    assert found
    assert {name: tags for name, tags in found.items() if not tags or not tags <= STEPS} == {}


@each_role
def test_the_specs_name_the_variables_and_their_defaults(role: Path) -> None:
    defaults = loaded(role / "defaults" / "main.yml")
    specs = options(role)
    assert all(name.startswith(f"{role.name}_") for name in specs)
    assert {name for name, option in specs.items() if not option.get("required")} == set(defaults)
    documented = {name: option["default"] for name, option in specs.items() if "default" in option}
    # Ansible would fill in a template that stands in the specs even where the variable is given another value.
    assert documented == {name: value for name, value in defaults.items() if "{{" not in str(value)}


def test_the_readmes_tell_the_variables_as_they_are() -> None:
    assert [str(path) for path in role_readmes().stale()] == []


def test_a_readme_that_was_outrun_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = role_readmes()
    shutil.copytree(ROOT / "roles", tmp_path / "roles")
    defaults = tmp_path / "roles" / "patch" / "defaults" / "main.yml"
    defaults.write_text(defaults.read_text("utf-8").replace("1800", "1801"), encoding="utf-8")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    assert [path.parent.name for path in script.stale()] == ["patch"]


@each_role
def test_the_readme_shows_a_play_that_is_one(role: Path) -> None:
    text = readme_play(role)
    (play,) = yaml.safe_load(text)
    assert text.count("\n") <= PLAY_LINES
    entries = [{"role": entry} if isinstance(entry, str) else entry for entry in play["roles"]]
    assert f"patchtide.patchtide.{role.name}" in {entry["role"] for entry in entries}
    for entry in entries:
        known = options(ROOT / "roles" / entry["role"].rpartition(".")[2])
        assert set(entry) - {"role"} <= set(known)
        assert {name for name, option in known.items() if option.get("required")} <= set(entry)


@each_role
def test_a_role_calls_the_collections_modules_by_their_whole_name(role: Path) -> None:
    text = "".join(path.read_text("utf-8") for path in (role / "tasks").glob("*.yml"))
    called = {word.rstrip(":").rpartition(".")[2] for word in text.split() if word.startswith("patchtide.patchtide.")}
    assert called
    assert called <= MODULES


def test_ansible_doc_shows_every_role(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    done = subprocess.run(
        [program, "--type", "role", "--json", *(f"patchtide.patchtide.{role.name}" for role in ROLES)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(installed(tmp_path))},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = json.loads(done.stdout)
    assert {name.rpartition(".")[2] for name in shown} == {role.name for role in ROLES}
    assert all(entry["entry_points"]["main"]["options"] for entry in shown.values())
