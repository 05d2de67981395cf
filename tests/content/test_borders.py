"""What a host reports never names a path on the controller."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GOOD = "ab" * 32
HOSTILE = ["../../../root/.ssh/authorized_keys", "/etc/passwd", "cd" * 32, GOOD]


def loops(value: object) -> list[str]:
    """Every `loop` of a list of tasks, those in blocks included."""
    if isinstance(value, list):
        return [found for item in value for found in loops(item)]
    inside: dict[str, Any] = value if isinstance(value, dict) else {}
    return [*([inside["loop"]] if "loop" in inside else []), *loops(inside.get("block", []))]


@pytest.mark.parametrize("name", ["lend", "bring"])
def test_of_what_a_host_says_only_what_was_asked_for_is_gone_through(name: str) -> None:
    (loop,) = loops(yaml.safe_load((ROOT / f"roles/stage/tasks/{name}.yml").read_text("utf-8")))
    given = {
        "wanted": loop,
        "stage_packages": [{"sha256": GOOD}],
        "stage_supply": {GOOD: "/depot/x"},
        "stage_lent": {"report": {"lent": HOSTILE}},
        "stage_result": {"report": {"missing": HOSTILE}},
    }
    command = ["ansible", "localhost", "-m", "ansible.builtin.debug", "-a", "var=wanted", "-e", json.dumps(given)]
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal"}
    beside = str(Path(sys.executable).parent)
    environment["PATH"] = f"{beside}:{environment['PATH']}"
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    assert yaml.safe_load(said.partition("=>")[2])["wanted"] == [GOOD], said  # YAML, or JSON, which is YAML too
