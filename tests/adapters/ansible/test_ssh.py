"""What only real hosts behind SSH show: connections that outlive a run, and keys that nobody knows."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.adapters.ansible.conftest import PERFORM, RUN, Ground, made

from patchtide import lab
from patchtide.adapters.ansible.orphans import marked
from patchtide.adapters.ansible.workplace import sockets_of
from patchtide.core.events import Status

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if problem := lab.problem():
        pytest.skip(problem)
    directory = tmp_path_factory.mktemp("lab")
    lab.up(lab.blank_spec(directory, name=f"ptadp{os.getpid()}", hosts=1), print)
    yield directory
    lab.down(directory, print)


@pytest.fixture
def ground(hosts: Path, tmp_path: Path) -> Ground:
    ground = made(tmp_path)
    ground.inventory.write_text((hosts / "inventory.yml").read_text())
    return ground


def name_of(ground: Ground) -> str:
    (host,) = ground.executor.hosts([str(ground.inventory)], "all")
    return host.name


def masters() -> frozenset[int]:
    return marked("PATCHTIDE_RUN", RUN, sockets_of(RUN))


def connected(pid: int) -> bool:
    """Whether a process is an ssh master, which others send their sessions through; one that is gone is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ssh: ")
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.fault(21, how="every master is looked for after a step")
def test_no_connection_outlives_its_step(ground: Ground) -> None:
    name = name_of(ground)
    assert ground.reports({name: "ok"})[name].status is Status.OK
    assert masters() == frozenset()


@pytest.mark.fault(24, how="a host without a line in known_hosts, checking left at its default")
def test_a_host_key_that_nobody_knows_is_never_accepted(ground: Ground) -> None:
    text = ground.inventory.read_text().replace("-o StrictHostKeyChecking=yes", "")
    known = ground.root / "known_hosts"
    ground.inventory.write_text(re.sub(r'(UserKnownHostsFile=\\")[^"\\]*', rf"\1{known}", text))
    name = name_of(ground)
    report = ground.reports({name: "ok"})[name]
    assert report.status is Status.UNREACHABLE
    assert "Host key verification failed" in report.reason
    assert not known.exists()


@pytest.mark.fault(21, how="SIGKILL of a controller that has an ssh master open")
def test_connections_of_a_dead_controller_are_ended_too(ground: Ground) -> None:
    name = name_of(ground)
    command = [*PERFORM, str(ground.root), RUN, name, ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while not any(connected(pid) for pid in masters()):
            assert process.poll() is None
            time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    assert ground.executor.fence(RUN) > 0
    assert masters() == frozenset()
    assert ground.reports({name: "ok"})[name].status is Status.OK
