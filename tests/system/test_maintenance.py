"""Maintenance mode on real hosts, with a real HAProxy and a real Alertmanager: what was entered is left."""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.surroundings import alertmanager, haproxy
from tests.system.conftest import ONLY_TIDEPOOL, Made

pytestmark = pytest.mark.system

CONFIG = """\
inventory: lab/inventory.yml
tiers:
  - {{name: all, hosts: all, window: always}}
updates:
  exclude: [{exclude}]
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, deadline: 15s}}
maintenance:
  haproxy: [{{socket: {socket}, backend: web}}]
  alertmanager: [{{url: "{url}", lease: 10s, matchers: ['instance="{{host}}:9100"']}}]
  flag: {{path: /etc/motd, content: "being updated"}}
  hooks:
    - {{name: mine, enter: [touch, "/root/{{host}}"], leave: [rm, -f, "/root/{{host}}"]}}
    - {{name: tasks, enter: enter.yml, leave: leave.yml}}
notices: [{{name: file, command: [sh, -c, "cat >> told; echo >> told"]}}]
backup: {{run: [touch, /root/backup], verify: [test, -e, "/root/{verified}"]}}
"""
TASKS = """\
- name: Note it
  ansible.builtin.file: {{path: /root/tasks, state: {state}, mode: "0600"}}
"""


def until(true: Callable[[], bool], within: float = 60) -> bool:
    limit = time.monotonic() + within
    while not true() and time.monotonic() < limit:
        time.sleep(0.2)
    return true()


def written(directory: Path, **values: object) -> None:
    text = CONFIG.format(exclude=ONLY_TIDEPOOL, **values)
    (directory / "patchtide.yml").write_text(text, encoding="utf-8")
    for half, state in (("enter", "touch"), ("leave", "absent")):
        (directory / f"{half}.yml").write_text(TASKS.format(state=state), encoding="utf-8")


def news(directory: Path) -> dict[str, int]:
    """How often what was told of the newest run."""
    told = [json.loads(line) for line in (directory / "told").read_text("utf-8").splitlines()]
    return Counter(one["news"] for one in told if one["run"] == told[-1]["run"])


def test_kill_9_between_enter_and_leave_and_resume_leaves_everything(made: Made, tmp_path: Path) -> None:
    project = made(production=0, offered=["1.1"])
    with haproxy(tmp_path, {"test-1": 9, "other": 9}) as balancer, alertmanager(tmp_path) as alerts:
        written(project.directory, socket=balancer.socket, url=alerts.url, verified="nothing")
        assert project.run().returncode != 0
        assert project.ends() == {"test-1": "untouched"}
        assert "no good backup: verify" in project.status()["hosts"][0]["why"]
        assert balancer.states() == {"test-1": 0, "other": 0}

        written(project.directory, socket=balancer.socket, url=alerts.url, verified="backup")
        motd = project.shell("test-1", "sh", "-c", "echo hello > /etc/motd; chmod 640 /etc/motd; ls -l /etc/motd")
        controller = project.begin("run", "--no-input", "--yes")
        controller.until(" patch ", "begins")
        controller.kill()
        assert balancer.states() == {"test-1": 8, "other": 0}
        assert project.shell("test-1", "cat", "/etc/motd") == "being updated"
        assert project.shell("test-1", "sh", "-c", "cd /root; ls backup tasks test-1").split() == [
            "backup",
            "tasks",
            "test-1",
        ]
        assert until(lambda: alerts.active() == []), "the silence of a dead controller lapses"

        assert project.patchtide("resume").returncode == 0
        assert project.ends() == {"test-1": "patched"}
        told = news(project.directory)
        assert (told["planned"], told["done"], told["ended"], told["begun"] <= 1) == (1, 1, 1, True)
        assert balancer.states() == {"test-1": 0, "other": 0}
        assert alerts.active() == []
        assert project.shell("test-1", "cat", "/etc/motd") == "hello\n"
        assert project.shell("test-1", "ls", "-l", "/etc/motd").split()[0] == motd.split()[0]
        assert project.shell("test-1", "ls", "/root").split() == ["backup"]
        assert project.shell("test-1", "systemctl", "is-enabled", "apt-daily.timer").strip() == "enabled"
