"""The controller's own checks, and users' playbooks, through a real Ansible that runs here."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from patchtide.adapters.ansible import AnsibleExecutor
from patchtide.core.events import Status
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = """\
all:
  vars: {ansible_connection: ssh, ansible_become: true, ansible_python_interpreter: /no/such/python}
  hosts:
    t1: {ansible_host: 127.0.0.1}
    t2: {ansible_host: 127.0.0.1}
"""
HERE = INVENTORY.replace("ssh, ansible_become: true", "local").replace("/no/such/python", sys.executable)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/t1" else 500)
        self.end_headers()
        self.wfile.write(b"well")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def web() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def performed(folder: Path, inventory: str, playbook: str, requests: dict[str, dict[str, object]]) -> dict[str, Report]:
    (folder / "hosts.yml").write_text(inventory, encoding="utf-8")
    executor = AnsibleExecutor(ROOT, folder / "scratch", 5, folder)
    deed = Deed("r-1", Step.VERIFY, requests, "r-1.1", 60, (str(folder / "hosts.yml"),), playbook)
    return {report.host: report for report in executor.perform(deed)}


def test_the_controller_asks_each_host_s_address_whatever_the_inventory_says_of_ssh(tmp_path: Path, web: int) -> None:
    check = {"name": "web", "kind": "http", "port": web, "path": "/{host}", "deadline": 0.1, "every": 0.1}
    asked: dict[str, dict[str, object]] = {host: {"checks": [check], "past": None} for host in ("t1", "t2")}
    found = performed(tmp_path, INVENTORY, "measure", asked)
    assert {host: (one.status, one.reason) for host, one in found.items()} == dict.fromkeys(asked, (Status.OK, ""))
    measured = {host: one.data["measurements"][0] for host, one in found.items()}  # type: ignore[index]
    assert {host: one["status"] for host, one in measured.items()} == {"t1": "pass", "t2": "fail"}


SMOKE = """\
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.command: "false"
      rescue:
        - ansible.builtin.command: "true"
    - ansible.builtin.command: test {{ inventory_hostname }} = t1
"""


def test_a_users_playbook_is_judged_by_how_it_ends_on_each_host(tmp_path: Path) -> None:
    (tmp_path / "smoke.yml").write_text(SMOKE, encoding="utf-8")
    found = performed(tmp_path, HERE, str(tmp_path / "smoke.yml"), {"t1": {}, "t2": {}})
    assert {host: one.status for host, one in found.items()} == {"t1": Status.OK, "t2": Status.FAILED}
    assert "non-zero return code" in found["t2"].reason


def test_a_playbook_that_does_nothing_on_a_host_says_nothing_of_it(tmp_path: Path) -> None:
    skipping = SMOKE.partition("    - block")[0] + "    - ansible.builtin.command: 'true'\n      when: false\n"
    (tmp_path / "smoke.yml").write_text(skipping, encoding="utf-8")
    found = performed(tmp_path, HERE, str(tmp_path / "smoke.yml"), {"t1": {}})
    assert found["t1"].status is Status.UNKNOWN
