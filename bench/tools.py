"""The tools that are measured. Each updates every host and sees its service answer; each returns seconds."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from patchtide import lab
from patchtide.lab.inventory import ADDRESS, ssh_options

FILES = Path(__file__).parent / "files"
BIN = Path(sys.executable).parent
_CONFIG = """\
inventory: lab/inventory.yml
forks: {forks}
tiers:
  - {{name: production, hosts: env_prod, window: always}}
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, deadline: 15s}}
  - {{name: units, services: unchanged, deadline: 30s{more}}}
"""
_AT_ONCE = ", crash_window: 0s"
_PYINFRA = """\
hosts = [
{hosts}
]
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds: `whole` from the command's beginning to its end, `in_window` while hosts were out of service."""

    whole: float
    in_window: float


Tool = Callable[[lab.Lab, Path], Timed]


def ssh(fleet: lab.Lab, _: Path) -> Timed:
    """Parallel ssh with a few lines of shell: the floor, without a thought for what might go wrong."""
    script = (FILES / "update.sh").read_text("utf-8")

    def updated(host: lab.RunningHost) -> None:
        target = ["-p", str(host.ssh_port), "-i", str(fleet.directory / "id_ed25519"), f"root@{ADDRESS}"]
        _done(
            ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", *ssh_options(fleet.directory), *target, "sh -s"], script
        )

    began = time.monotonic()
    with ThreadPoolExecutor(len(fleet.hosts)) as pool:
        list(pool.map(updated, fleet.hosts))
    return _all(began)


def pyinfra(fleet: lab.Lab, directory: Path) -> Timed:
    """Run pyinfra with its own operations."""
    common = {"ssh_user": "root", "ssh_key": str(fleet.directory / "id_ed25519"), "ssh_hostname": ADDRESS}
    common |= {"ssh_known_hosts_file": str(fleet.directory / "known_hosts"), "ssh_strict_host_key_checking": "yes"}
    lines = [f"    ({host.name!r}, { ({**common, 'ssh_port': host.ssh_port})!r})," for host in fleet.hosts]
    inventory = directory / "pyinfra_inventory.py"
    inventory.write_text(_PYINFRA.format(hosts="\n".join(lines)), encoding="utf-8")
    began = time.monotonic()
    words = ["-y", "--parallel", str(len(fleet.hosts)), str(inventory), str(FILES / "pyinfra_update.py")]
    _done([str(BIN / "pyinfra"), *words])
    return _all(began)


def usual(fleet: lab.Lab, directory: Path) -> Timed:
    """Run the playbook that most teams have, with pipelining and a fork for every host."""
    settings = {"ANSIBLE_FORKS": str(len(fleet.hosts)), "ANSIBLE_PIPELINING": "true"}
    began = time.monotonic()
    words = [str(BIN / "ansible-playbook"), "-i", str(fleet.inventory), str(FILES / "usual.yml")]
    _done(words, environment=settings, folder=directory)
    return _all(began)


def patchtide(fleet: lab.Lab, directory: Path) -> Timed:
    """Patchtide, with its way back proven first, its recovery points, its confirm timers and its log.

    Like the others it takes a service that runs at its word.
    """
    return _patchtide(fleet, directory, _AT_ONCE)


def patchtide_watching(fleet: lab.Lab, directory: Path) -> Timed:
    """Patchtide as it is configured by default: it waits whether a restarted service crashes, here for 15 s."""
    return _patchtide(fleet, directory, "")


def _patchtide(fleet: lab.Lab, directory: Path, more: str) -> Timed:
    (directory / "patchtide.yml").write_text(_CONFIG.format(forks=len(fleet.hosts), more=more), encoding="utf-8")
    began = time.monotonic()
    _done([str(BIN / "patchtide"), "run", "--yes", "--no-input"], folder=directory)
    whole = time.monotonic() - began
    return Timed(whole, _in_window(directory))


TOOLS: Mapping[str, Tool] = {
    "ssh": ssh,
    "pyinfra": pyinfra,
    "usual_playbook": usual,
    "patchtide": patchtide,
    "patchtide_watching": patchtide_watching,
}


def _in_window(directory: Path) -> float:
    """Return the seconds from the first host's `enter` to the last host's `leave`, as the log of the run has them."""
    said = _done([str(BIN / "patchtide"), "report", "--format", "json"], folder=directory)
    steps = json.loads(said)["steps"]
    began = [datetime.fromisoformat(step["start"]) for step in steps if step["step"] == "enter"]
    ended = [datetime.fromisoformat(step["end"]) for step in steps if step["step"] == "leave"]
    return (max(ended) - min(began)).total_seconds()


def _all(began: float) -> Timed:
    """Return the time since then: what does not stage first is in the window all the while."""
    seconds = time.monotonic() - began
    return Timed(seconds, seconds)


def _done(
    words: Sequence[str], text: str = "", environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    done = subprocess.run(
        words,
        input=text,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-2000:] + done.stderr[-2000:])
        raise SystemExit(f"{words[0]} ended with {done.returncode}: nothing was measured")
    return done.stdout
