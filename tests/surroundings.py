"""A real HAProxy and a real Alertmanager on 127.0.0.1, for tests that want to see what they do."""

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HAPROXY = """\
global
  stats socket {socket} mode 600 level admin
  stats socket ipv4@127.0.0.1:{admin} level admin
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend all
  bind 127.0.0.1:{port}
  default_backend web
backend web
{servers}
"""


@dataclass(frozen=True)
class Balancer:
    """A running HAProxy with the backend `web`."""

    socket: Path
    admin: int
    port: int

    def states(self) -> dict[str, int]:
        """Return each server's administrative state as HAProxy shows it: 0 is ready, 1 maint, 8 drain."""
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            line.sendall(b"show servers state web\n")
            text = b"".join(iter(lambda: line.recv(65536), b"")).decode()
        rows = [row.split() for row in text.splitlines()[2:] if row.strip()]
        return {row[3]: int(row[6]) for row in rows}


@dataclass(frozen=True)
class Alerts:
    """A running Alertmanager."""

    port: int

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def active(self) -> list[str]:
        """Return the values of the first matchers of the silences that are active."""
        with urllib.request.urlopen(f"{self.url}/api/v2/silences", timeout=10) as answer:  # noqa: S310 - our own server
            found: list[dict[str, Any]] = json.load(answer)
        return sorted(one["matchers"][0]["value"] for one in found if one["status"]["state"] == "active")


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port


@contextmanager
def haproxy(folder: Path, servers: dict[str, int]) -> Iterator[Balancer]:
    """Run HAProxy with these servers, by name and port, while the context lasts."""
    made = Balancer(folder / "admin.sock", free_port(), free_port())
    lines = "\n".join(f"  server {name} 127.0.0.1:{port}" for name, port in servers.items())
    text = HAPROXY.format(socket=made.socket, admin=made.admin, port=made.port, servers=lines)
    (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
    with _running([_program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], folder, made.admin):
        yield made


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alerts]:
    """Run Alertmanager while the context lasts."""
    made = Alerts(free_port())
    (folder / "alerts.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", encoding="utf-8")
    words = [f"--config.file={folder}/alerts.yml", f"--storage.path={folder}/alerts", "--cluster.listen-address="]
    with _running(
        [_program("prometheus-alertmanager"), *words, f"--web.listen-address=127.0.0.1:{made.port}"], folder, made.port
    ):
        yield made


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    assert found, f"{name} is not installed: scripts/setup hosts brings it"
    return found


@contextmanager
def _running(argv: Sequence[str], folder: Path, port: int) -> Iterator[None]:
    log = folder / f"{Path(argv[0]).name}.log"
    with log.open("wb") as output, subprocess.Popen(argv, stdout=output, stderr=output) as process:
        try:
            _await(port, process, log)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit and process.poll() is None:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens on {port}: {log.read_text(encoding='utf-8')}")
