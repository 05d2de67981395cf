"""What `patchtide init` writes: a project that is valid as it stands, and pipelines that do what they say."""

import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own

from patchtide import __version__
from patchtide.config.load import calendar_settings_of, settings_of
from patchtide.config.show import json_schema
from patchtide.config.template import PIPELINES, SCHEMA_FILE, files_for
from patchtide.config.written import written
from patchtide.core.errors import UsageError
from patchtide.core.windows import Window


def project(folder: Path, ci: str | None = None) -> Path:
    for name, text in files_for(ci).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "patchtide.yml"


def pipeline(ci: str) -> dict[str, Any]:
    parsed = yaml.safe_load(files_for(ci)[PIPELINES[ci][0]])
    assert isinstance(parsed, dict)
    return parsed


def scripts(ci: str) -> list[str]:
    jobs = pipeline(ci)
    if ci == "github":
        return [step["run"] for step in jobs["jobs"]["patch"]["steps"] if "run" in step]
    return [
        "\n".join(jobs[job].get(key, []))
        for job in (".patchtide", "patch", "tick")
        for key in ("before_script", "script")
    ]


def test_a_new_project_is_valid_as_it_stands(tmp_path: Path) -> None:
    path = project(tmp_path)
    settings = settings_of(path)
    assert [tier.pattern for tier in settings.tiers] == ["env_test", "env_prod"]
    assert settings.tiers[0].always
    window = settings.tiers[1].windows[0]
    assert isinstance(window, Window)
    assert window.duration == timedelta(hours=4)
    assert settings.checks
    assert settings == settings_of(project(tmp_path, "github"))
    assert calendar_settings_of(path).windows == settings.windows


def test_what_stands_in_comments_is_valid_too(tmp_path: Path) -> None:
    """A line `# key: value` is an offer: whoever takes the mark away must not be told that it is wrong."""
    path = project(tmp_path)
    head, body = path.read_text(encoding="utf-8").split("---\n")
    lines = [offered(line) for line in body.splitlines()]
    path.write_text(head + "---\n" + "\n".join(lines) + "\n", encoding="utf-8")
    settings = settings_of(path)
    assert {check.kind for check in settings.checks} == {"services", "http", "tcp", "command"}
    assert [hook.enter for hook in settings.maintenance.hooks] == [str(tmp_path / "hooks/drain.yml")]
    assert settings.tiers[1].approvals is not None
    assert settings.selection.exclusions[0].owner == "alice"
    assert len(settings.blackouts) == 4


def offered(line: str) -> str:
    blanks = len(line) - len(line.lstrip())
    rest = line.strip()
    is_offer = rest.startswith("# ") and (rest[2:4] in {"- ", "  "} or rest[2:].split(":")[0].isidentifier())
    return " " * blanks + rest[2:] if is_offer else line


def test_the_editor_is_pointed_at_a_schema_that_is_there(tmp_path: Path) -> None:
    path = project(tmp_path)
    assert path.read_text(encoding="utf-8").startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    schema = json.loads((tmp_path / SCHEMA_FILE).read_text(encoding="utf-8"))
    assert schema == json_schema()
    data = {key: value for key, value in written(path).data.items() if key != "tiers"}
    problems = [p.message for p in Draft202012Validator(schema).iter_errors(data) if "'tiers'" not in p.message]
    assert problems == []


def test_the_inventory_has_the_groups_that_the_tiers_name() -> None:
    groups = yaml.safe_load(files_for()["inventory/hosts.yml"])["all"]["children"]
    assert set(groups) == {"env_test", "env_prod"}
    assert all(group["hosts"] for group in groups.values())


def test_the_hooks_are_task_files() -> None:
    for name in ("hooks/drain.yml", "hooks/undrain.yml"):
        tasks = yaml.safe_load(files_for()[name])
        assert all({"name", "ansible.builtin.file"} == set(task) for task in tasks)


def test_the_state_stays_out_of_git() -> None:
    assert "/.patchtide/" in files_for()[".gitignore"].splitlines()


def test_an_unknown_pipeline_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError) as caught:
        files_for("gitlub")
    assert "Did you mean" in caught.value.hint


@pytest.mark.parametrize("ci", sorted(PIPELINES))
def test_a_pipeline_installs_this_release(ci: str) -> None:
    assert f'"patchtide=={__version__}"' in "\n".join(scripts(ci))
    assert "@version@" not in files_for(ci)[PIPELINES[ci][0]]


@pytest.mark.parametrize("ci", sorted(PIPELINES))
def test_the_scripts_of_a_pipeline_are_shell(ci: str) -> None:
    for script in scripts(ci):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize("ci", sorted(PIPELINES))
def test_a_pipeline_plans_runs_and_goes_on(ci: str) -> None:
    said = "\n".join(scripts(ci))
    assert "patchtide plan -o plan.json" in said
    assert "patchtide run --plan plan.json --no-input --yes --no-wait --junit out.xml" in said
    assert "patchtide tick" in said


@pytest.mark.parametrize(("code", "job"), [(0, 0), (6, 0), (3, 3), (5, 5), (9, 9), (10, 10), (2, 2)])
@pytest.mark.parametrize("step", ["Run", "Go on with what waits"])
def test_a_run_that_waits_is_no_failed_job_and_everything_else_is(
    tmp_path: Path, step: str, code: int, job: int
) -> None:
    """GitHub's shell is `bash -e`; a program that only ends with a code stands in for a run that ends like that."""
    steps = pipeline("github")["jobs"]["patch"]["steps"]
    script = next(each["run"] for each in steps if each.get("name") == step)
    program = tmp_path / "patchtide"
    program.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    program.chmod(0o755)
    bash = shutil.which("bash") or "bash"
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    assert (
        subprocess.run([bash, "-e", "-c", script], env=environment, check=False, capture_output=True).returncode == job
    )


def test_gitlab_takes_waiting_for_a_warning() -> None:
    jobs = pipeline("gitlab")
    assert jobs[".patchtide"]["allow_failure"] == {"exit_codes": [6]}
    assert all(jobs[job]["extends"] == ".patchtide" for job in ("patch", "tick"))
    assert jobs[".patchtide"]["artifacts"]["reports"]["junit"] == "out.xml"


@pytest.mark.parametrize("ci", sorted(PIPELINES))
def test_one_controller_at_a_time_and_the_state_outlives_the_job(ci: str) -> None:
    jobs = pipeline(ci)
    if ci == "github":
        assert jobs["concurrency"] == {"group": "patchtide", "cancel-in-progress": False}
        kept = [step["with"]["path"] for step in jobs["jobs"]["patch"]["steps"] if "cache" in step.get("uses", "")]
        assert kept == [".patchtide", ".patchtide"]
    else:
        assert jobs[".patchtide"]["resource_group"] == "patchtide"
        assert jobs[".patchtide"]["cache"]["paths"] == [".patchtide/"]
