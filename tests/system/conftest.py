"""Real hosts and the product's own commands on them; what is true on a host is looked up past SSH and Patchtide."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import pytest

from patchtide import lab

CONFIG = """\
inventory: lab/inventory.yml
tiers:
  - {{name: test, hosts: env_test, window: always{test}}}
  - {{name: production, hosts: env_prod, window: {window}{production}}}
windows:
  all-day: {{rrule: FREQ=DAILY, at: "00:00", duration: 24h, timezone: UTC}}
  never-now: {{rrule: FREQ=YEARLY;BYMONTH={month};BYMONTHDAY=15, at: "03:00", duration: 4h, timezone: UTC}}
updates:
  exclude: [{exclude}]
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, deadline: 15s}}
  - {{name: units, services: unchanged, crash_window: 0s, deadline: 30s}}
"""
# Debian's own updates take their time; tests about something else leave them out.
ONLY_TIDEPOOL = ", ".join(
    f'{{package: "{pattern}", owner: tests, reason: about tidepool only, until: 2099-12-31}}'
    for pattern in ("[!t]*", "t[!i]*")
)


class Fleet(Protocol):
    """Where a project's hosts are: a lab of containers, or a machine of its own."""

    def shell(self, host: str, argv: Sequence[str], text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Return a program run inside a host."""
        ...


F = TypeVar("F", bound=Fleet)


@dataclass
class Project(Generic[F]):
    """A project directory with hosts of its own."""

    directory: Path
    fleet: F
    environment: dict[str, str] = field(default_factory=dict)
    patience: float = 900
    """Seconds that a command may take; an emulated machine is slow."""
    begun: "list[Controller]" = field(default_factory=list)

    def configure(
        self, *, test: str = "", production: str = "", window: str = "all-day", exclude: str = ONLY_TIDEPOOL
    ) -> None:
        """Write patchtide.yml; `test` and `production` are more keys of the tiers, each beginning with a comma."""
        month = (datetime.now(UTC).month + 5) % 12 + 1  # half a year from today
        text = CONFIG.format(test=test, production=production, window=window, exclude=exclude, month=month)
        (self.directory / "patchtide.yml").write_text(text, encoding="utf-8")

    def patchtide(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Return what a command of the product said and how it ended."""
        done = subprocess.run(
            [sys.executable, "-m", "patchtide", *words],
            cwd=self.directory,
            env={**os.environ, **self.environment, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=self.patience,
        )
        sys.stdout.write(f"$ patchtide {' '.join(words)}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
        return done

    def run(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Return the end of `patchtide run` as a pipeline calls it."""
        return self.patchtide("run", "--no-input", "--yes", *words, env=env)

    def begin(self, *words: str) -> "Controller":
        """Start a command and return it while it runs."""
        log = self.directory / f"controller-{time.monotonic_ns()}.log"
        with log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "patchtide", *words],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.begun.append(Controller(process, log))
        return self.begun[-1]

    def status(self) -> dict[str, Any]:
        """Return how the newest run stands, by the product's own account."""
        document: dict[str, Any] = json.loads(self.patchtide("status", "--json").stdout)
        return document

    def ends(self) -> dict[str, str]:
        """Return each host's end state in the newest run."""
        return {host["name"]: host["end"] for host in self.status()["hosts"]}

    def why(self, host: str) -> str:
        """Return the reason of a host's end state in the newest run."""
        return next(str(one["why"]) for one in self.status()["hosts"] if one["name"] == host)

    def shell(self, host: str, *argv: str) -> str:
        """Return what a program says that is run inside a host, past SSH."""
        done = self.fleet.shell(host, argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def version(self, host: str, package: str = "tidepool") -> str:
        """Return the installed version of a package on a host."""
        return self.shell(host, "dpkg-query", "-W", "-f", "${Version}", package)

    def state(self, host: str) -> str:
        """Return everything that a rollback has to restore, as text: packages, marks, conffiles, services."""
        return self.shell(host, "sh", "-c", _STATE)

    def healthy(self, host: str) -> bool:
        """Whether the web service of a host answers well, asked from inside it."""
        ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080/healthz', timeout=5).status)"
        return self.fleet.shell(host, ["python3", "-c", ask]).stdout.strip() == "200"

    def transactions(self, host: str, version: str) -> int:
        """Return how often dpkg unpacked a version of tidepool on a host."""
        log = self.shell(host, "cat", "/var/log/dpkg.log")
        return sum(" upgrade tidepool:" in line and line.endswith(f" {version}") for line in log.splitlines())


_STATE = r"""
dpkg-query -W -f '${binary:Package} ${Version} ${Status}\n'
apt-mark showauto
apt-mark showhold
dpkg-query -W -f '${Conffiles}\n' | awk 'NF {print $1}' | sort -u | xargs -r md5sum 2>/dev/null
systemctl list-units --type=service --state=running --no-legend --plain | awk '$1 !~ /^user@/ {print $1, $3}'
systemctl list-unit-files --type=service,timer --no-legend | awk '{print $1, $2}'
"""


@dataclass
class Controller:
    """A command of the product that runs in the background."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def until(self, *words: str, within: float = 300) -> str:
        """Return the first line of output that holds all words; fails when the command ends without one."""
        limit = time.monotonic() + within
        while time.monotonic() < limit:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if all(word in line for word in words):
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.fail(f"no line with {words} came; the log says:\n{self.log.read_text(encoding='utf-8')}")

    def kill(self) -> None:
        """Kill it as the kernel would, its children left alone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def reap(self) -> None:
        """End it where a test failed before it did, or its remains fail another test."""
        if self.process.poll() is None:
            self.kill()

    def ended(self, within: float = 600) -> int:
        """Return its exit code."""
        code = self.process.wait(within)
        sys.stdout.write(f"{self.log.read_text(encoding='utf-8')}[{code}]\n")
        return code


Made = Callable[..., Project[lab.Lab]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: the emulated machine goes on beside all the rest."""
    items.sort(key=lambda item: item.get_closest_marker("machine") is None)


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Made]:
    """Make projects with labs of their own; all of them are taken down at the end, however it came."""
    directories: list[Path] = []
    projects: list[Project[lab.Lab]] = []

    def make(test: int = 1, production: int = 1, offered: Sequence[str] = (), dnf: int = 0) -> Project[lab.Lab]:
        directory = tmp_path_factory.mktemp("project")
        directories.append(directory)
        name = f"ptsys{os.getpid()}x{len(directories)}"
        fleet = lab.up(lab.default_spec(directory / "lab", name, test, production, dnf=dnf), print)
        for version in offered:
            fleet.offer(version)
        projects.append(Project(directory, fleet))
        projects[-1].configure()
        return projects[-1]

    problem = lab.problem()
    if problem is not None:
        pytest.fail(f"real hosts cannot be had: {problem}")
    try:
        yield make
    finally:
        for controller in (one for project in projects for one in project.begun):
            controller.reap()
        for directory in directories:
            lab.down(directory / "lab", print)
