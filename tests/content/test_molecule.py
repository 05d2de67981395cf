"""The scenarios: one for each role, and all of them pass on real hosts."""

import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = {path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml")}
BASE = yaml.safe_load((ROOT / ".config" / "molecule" / "config.yml").read_text(encoding="utf-8"))


def sequence(scenario: str) -> list[str]:
    own = yaml.safe_load((ROOT / "molecule" / scenario / "molecule.yml").read_text(encoding="utf-8"))
    found: list[str] = {**BASE["scenario"], **own["scenario"]}["test_sequence"]
    return found


def test_every_role_has_a_scenario_and_one_goes_from_end_to_end() -> None:
    assert {path.name for path in (ROOT / "roles").iterdir()} | {"default"} == SCENARIOS


@pytest.mark.parametrize("scenario", sorted(SCENARIOS))
def test_check_mode_is_asked_before_anything_is_changed(scenario: str) -> None:
    steps = sequence(scenario)
    assert steps.index("check") < steps.index("converge")
    assert "verify" in steps[steps.index("converge") :]


@pytest.mark.parametrize("scenario", sorted(SCENARIOS - {"default"}))
def test_a_second_pass_has_to_change_nothing(scenario: str) -> None:
    assert "idempotence" in sequence(scenario)


@pytest.mark.system
def test_all_scenarios_pass_on_real_hosts() -> None:
    done = subprocess.run([ROOT / "scripts" / "molecule"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
