"""A tiny collection whose host program does what a request asks for, on hosts that are this machine."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from patchtide.adapters.ansible import AnsibleExecutor
from patchtide.adapters.ansible.orphans import marked
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report

RUN = f"20260101-000000-{os.getpid()}"  # several may run the tests at once, and each ends its own processes
CONTENT = Path(__file__).parents[3]
PROGRAM = r"""
import json, os, signal, sys, time

def playbooks():
    found, pid = [], os.getpid()
    while pid > 1:
        with open("/proc/%d/cmdline" % pid) as file:
            if "ansible-playbook" in file.read():
                found.append(pid)
        with open("/proc/%d/stat" % pid) as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
    return found

def called(arguments):
    given = json.loads(arguments)
    do = given["do"]
    if given["trace"]:
        with open(given["trace"], "w") as file:
            file.write(str(os.getpid()))
    if do == "fail":
        return {"failed": True, "msg": "it broke", "report": {"broken": True}}
    if do == "big":
        return {"report": {"text": "x" * 800000}}
    if do == "bigfail":
        return {"failed": True, "msg": "it broke", "report": {"text": "x" * 800000}}
    if do == "silent":
        return {"changed": False}
    if do == "crash":
        sys.exit("what a crash")
    if do == "sleep":
        time.sleep(300)
    if do == "killfork":
        os.kill(playbooks()[0], signal.SIGKILL)
        time.sleep(5)
    if do == "killall":
        for pid in reversed(playbooks()):
            os.kill(pid, signal.SIGKILL)
        time.sleep(5)
    return {"report": {"word": given["word"], "environment": dict(os.environ)}}
"""
PLAYBOOK = """
- hosts: all
  gather_facts: false
  vars:
    patchtide_request: >-
      {{ lookup("ansible.builtin.file", patchtide_requests + "/" + inventory_hostname + ".json") | from_json }}
  tasks:
    - ansible.builtin.meta: end_host
      when: patchtide_request.do == 'end'
    - ansible.builtin.command: "false"
      ignore_errors: true
      when: patchtide_request.do == 'shrug'
    - patchtide.patchtide.probe:
        do: "{{ patchtide_request.do }}"
        word: "{{ patchtide_request.word | default(none) }}"
        trace: "{{ patchtide_request.trace | default(none) }}"
      when: patchtide_request.do != 'skip'
      ignore_unreachable: "{{ patchtide_request.do == 'forgive' }}"
    - ansible.builtin.command: "false"
      when: patchtide_request.do == 'late'
"""

PERFORM = (
    sys.executable,
    "-c",
    """
import sys
from pathlib import Path
from patchtide.adapters.ansible import AnsibleExecutor
from patchtide.core.steps import Step
from patchtide.ports import Deed
root, run, host, trace = Path(sys.argv[1]), *sys.argv[2:]
requests = {host: {"do": "sleep", "trace": trace or None}}
deed = Deed(run, Step.PROBE, requests, run + ".1", 300, (str(root / "inventory.json"),))
list(AnsibleExecutor(root / "content", root / "state" / "scratch", 5).perform(deed))
""",
)


@dataclass(frozen=True)
class Ground:
    """A directory with a collection and an inventory, and the executor that works with them."""

    root: Path
    forks: int = 20

    @property
    def executor(self) -> AnsibleExecutor:
        return AnsibleExecutor(self.root / "content", self.root / "state" / "scratch", self.forks)

    @property
    def inventory(self) -> Path:
        return self.root / "inventory.json"

    def with_playbook(self, text: str) -> None:
        (self.root / "content" / "playbooks" / "probe.yml").write_text(text)

    def with_hosts(self, *names: str, **special: Mapping[str, object]) -> None:
        hosts: dict[str, Mapping[str, object]] = {**{name: {} for name in names}, **special}
        shared = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        self.inventory.write_text("all: " + json.dumps({"vars": shared, "hosts": hosts}))

    def deed(self, requests: Mapping[str, object], *, run: str = RUN, timeout: float = 300) -> Deed:
        """A deed whose requests are either words for `do` or whole requests."""
        whole = {name: request if isinstance(request, dict) else {"do": request} for name, request in requests.items()}
        return Deed(run, Step.PROBE, whole, f"{run}.1", timeout, (str(self.inventory),))

    def reports(self, requests: Mapping[str, object], *, run: str = RUN, timeout: float = 300) -> dict[str, Report]:
        found = list(self.executor.perform(self.deed(requests, run=run, timeout=timeout)))
        assert sorted(report.host for report in found) == sorted(requests)
        return {report.host: report for report in found}

    def left_behind(self) -> list[str]:
        return [str(path) for path in (self.root / "state" / "scratch").rglob("*")]


def alive(pid: int | str) -> bool:
    """Whether a process still runs; where nobody reaps orphans, the ended ones stay as zombies."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def seen(path: Path) -> int:
    """Wait until the module has left its trace and return its process id."""
    while not path.exists() or not path.read_text():
        time.sleep(0.05)
    return int(path.read_text())


def made(root: Path) -> Ground:
    content, host = root / "content", Path("plugins/module_utils/host")
    for folder in (content / "playbooks", content / "plugins/modules", content / host):
        folder.mkdir(parents=True)
    (content / "plugins/modules/probe.py").write_text("")
    (content / host / "__init__.py").write_text("")
    (content / host / "program.py").write_text(PROGRAM)
    (content / host / "kept.py").write_text((CONTENT / host / "kept.py").read_text())
    ground = Ground(root)
    ground.with_playbook(PLAYBOOK)
    ground.with_hosts("good", "other", "third")
    return ground


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return made(tmp_path)


@pytest.fixture(scope="session")
def shared_ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return made(tmp_path_factory.mktemp("a ground (é)"))


@pytest.fixture
def no_orphans() -> Iterator[Callable[[], Iterable[int]]]:
    """Afterwards no process of the run may be left."""
    yield lambda: marked("PATCHTIDE_RUN", RUN)
    assert marked("PATCHTIDE_RUN", RUN) == frozenset()
