"""What a controller that died left running is found and ended, and nothing else is."""

import os
import signal
import subprocess
import sys
import time

import pytest
from tests.adapters.ansible.conftest import PERFORM, RUN, Ground, alive

from patchtide.adapters.ansible.orphans import ended, marked
from patchtide.core.events import Status


def controller(ground: Ground) -> "subprocess.Popen[bytes]":
    """A controller whose one host is in the middle of its step."""
    trace = ground.root / "trace"
    process = subprocess.Popen([*PERFORM, str(ground.root), RUN, "good", str(trace)], stderr=subprocess.DEVNULL)
    while not trace.exists():
        assert process.poll() is None
        time.sleep(0.05)
    return process


def stranger(**environment: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["sleep", "300"], env={**os.environ, **environment})


@pytest.mark.fault(1, how="SIGKILL of a controller with a real Ansible below it")
def test_a_dead_controllers_children_are_ended_and_its_files_removed(ground: Ground) -> None:
    other = stranger(PATCHTIDE_RUN=RUN + "x")
    process = controller(ground)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert marked("PATCHTIDE_RUN", RUN)
    assert ground.executor.fence(RUN) > 0
    assert marked("PATCHTIDE_RUN", RUN) == frozenset()
    assert ground.left_behind() == []
    assert other.poll() is None
    other.kill()
    other.wait()


def test_nothing_to_fence_is_nothing(ground: Ground) -> None:
    assert ground.executor.fence(RUN) == 0


def test_the_next_attempt_sweeps_up_after_the_dead_but_not_after_the_living(ground: Ground) -> None:
    dead = controller(ground)
    dead.kill()
    dead.wait()
    (ground.root / "trace").unlink()
    living = controller(ground)
    (private,) = [path for path in (ground.root / "state" / "scratch" / RUN).iterdir() if path.is_dir()]
    assert ground.reports({"other": "ok"}, run="survey")["other"].status is Status.OK
    assert living.poll() is None
    assert private.is_dir()
    living.send_signal(signal.SIGINT)
    living.wait()
    assert ground.left_behind() == []


@pytest.mark.fault(15, how="an interrupt with a real Ansible below")
def test_an_interrupted_controller_takes_its_children_along(ground: Ground) -> None:
    process = controller(ground)
    process.send_signal(signal.SIGINT)
    assert process.wait() != 0
    assert marked("PATCHTIDE_RUN", RUN) == frozenset()
    assert ground.left_behind() == []
    pid = (ground.root / "trace").read_text()
    assert not alive(pid)


def test_who_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("patchtide.adapters.ansible.orphans._GRACE_SECONDS", 0.2)
    command = ["bash", "-c", "trap '' TERM; echo deaf; while true; do sleep 1; done"]
    environment = {**os.environ, "PATCHTIDE_RUN": "deaf"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert ended("PATCHTIDE_RUN", "deaf") >= 1
        assert process.wait() == -signal.SIGKILL


def test_we_and_our_parents_are_never_ended() -> None:
    """A controller that was itself started by a marked process must not end itself."""
    code = "from patchtide.adapters.ansible.orphans import ended; print(ended('PATCHTIDE_RUN', 'mine'))"
    command = ["bash", "-c", f'{sys.executable} -c "{code}"; echo alive']
    environment = {**os.environ, "PATCHTIDE_RUN": "mine"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["0", "alive"]


def test_a_name_that_only_begins_alike_is_another() -> None:
    other = stranger(PATCHTIDE_RUN="run-12")
    try:
        assert marked("PATCHTIDE_RUN", "run-1") == frozenset()
        assert marked("PATCHTIDE_RUN", "run-12") == {other.pid}
    finally:
        other.kill()
        other.wait()
