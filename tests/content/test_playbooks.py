"""The playbooks as the controller calls them: what is asked for is what is sent, and what is sent stays data."""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.content.ansible import played
from tests.core.made import opened

from patchtide import lab
from patchtide.core.steps import Step
from patchtide.engine.requests import request

ROOT = Path(__file__).resolve().parents[2]
ASKED = re.compile(r"patchtide_request\.(\w+)")
# Sent in every request; the playbook says the state itself, and these steps change nothing that an attempt could fence.
NOT_NEEDED = {
    Step.PROBE: {"attempt"},
    Step.ENTER: {"state"},
    Step.LEAVE: {"state"},
}
TEMPLATE = "{{ lookup('ansible.builtin.pipe', 'touch MARKER') }}{% set x = 1 %}{{ 6 * 7 }}"
HERE = ("-c", "local", "-e", f"ansible_python_interpreter={sys.executable}")

each_step = pytest.mark.parametrize("step", Step)


def playbook(step: Step) -> str:
    return (ROOT / "playbooks" / f"{step}.yml").read_text(encoding="utf-8")


def asking(folder: Path, host: str, **values: object) -> tuple[str, str]:
    """Words that hand the controller's request for a host to ansible-playbook."""
    (folder / "requests").mkdir(exist_ok=True)
    (folder / "requests" / f"{host}.json").write_text(json.dumps(values), encoding="utf-8")
    return "-e", json.dumps({"patchtide_requests": str(folder / "requests")})


@each_step
def test_a_playbook_asks_for_exactly_what_the_controller_sends(step: Step) -> None:
    sent = set(request("r1", opened(), step, "t1", 1))
    assert set(ASKED.findall(playbook(step))) == sent - NOT_NEEDED.get(step, set())


@each_step
def test_a_playbook_leaves_waves_and_budgets_to_the_controller(step: Step) -> None:
    (play,) = yaml.safe_load(playbook(step))
    assert play["hosts"] == "all"
    assert play["gather_facts"] is False
    assert play["any_errors_fatal"] is False
    assert play["tags"] == [str(step)]
    assert {"serial", "max_fail_percentage", "ignore_unreachable"}.isdisjoint(play)


@pytest.mark.parametrize("trusted", [False, True], ids=["from the controller", "written in a playbook"])
def test_what_the_controller_sends_is_never_a_template(tmp_path: Path, trusted: bool) -> None:
    """The second case shows that this test would see one: the same text, written in a playbook, is evaluated."""
    text = TEMPLATE.replace("MARKER", str(tmp_path / "marker"))
    (play,) = yaml.safe_load(playbook(Step.VERIFY))
    variables: dict[str, Any] = {**play["vars"], **play["tasks"][0]["vars"]}
    if trusted:
        variables["verify_checks"] = [{"name": "smoke", "argv": ["/bin/echo", text]}]
    show = {"ansible.builtin.command": {"argv": "{{ verify_checks[0].argv }}"}, "register": "shown"}
    keep = {"ansible.builtin.copy": {"content": "{{ shown.stdout }}", "dest": str(tmp_path / "said"), "mode": "0600"}}
    head = {key: play[key] for key in ("hosts", "gather_facts")}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{**head, "vars": variables, "tasks": [show, keep]}]))
    checks = [{"name": "smoke", "argv": ["/bin/echo", text]}]
    requests = asking(tmp_path, "localhost", run="r1", checks=checks, enforce=False)
    done = played(tmp_path / "play.yml", "localhost,", tmp_path, *requests, *HERE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "said").read_text() == ("42" if trusted else text)
    assert (tmp_path / "marker").exists() is trusted


def test_a_host_without_a_request_fails(tmp_path: Path) -> None:
    requests = asking(tmp_path, "another")
    done = played(
        ROOT / "playbooks" / "verify.yml", "localhost,", tmp_path, *requests, *HERE, "-e", "patchtide_become=false"
    )
    assert done.returncode == 2
    assert "localhost.json" in done.stdout + done.stderr


SHORT = {"attempt": 1, "enforce": False, "confirm": False, "leave": False}


@pytest.mark.system
def test_on_a_real_host_a_check_runs_the_words_that_were_sent(tmp_path: Path) -> None:
    assert lab.problem() is None
    fleet = lab.up(lab.blank_spec(tmp_path / "lab", f"ptcontent{os.getpid()}"), print)
    try:
        text = TEMPLATE.replace("MARKER", str(tmp_path / "marker"))
        same = {"name": "same", "kind": "command", "argv": ["/usr/bin/test", text, "=", text], "deadline": 0.5}
        other = {**same, "name": "other", "argv": ["/usr/bin/test", text, "=", "42"]}
        requests = asking(tmp_path, "host-1", run="r1", checks=[same, other], **SHORT)
        done = played(ROOT / "playbooks" / "verify.yml", str(fleet.inventory), tmp_path, *requests)
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout.split("=>", 1)[1])["report"]
        assert {one["name"]: one["status"] for one in report["measurements"]} == {"same": "pass", "other": "fail"}
        assert not (tmp_path / "marker").exists()
    finally:
        lab.down(fleet.directory, print)
