"""Commands run as lists, never through a shell, with a time limit and output that is safe to print."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import IO, Iterable, Iterator, Mapping, Sequence

NOT_FOUND = 127
_END_BYTES = 131_072
_DRAIN_SECONDS = 2.0
_TELLING = ("E:", "dpkg: error", "dpkg: unrecoverable", "Error:", "error:", "RPM: error:")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
QUIET = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_MODE": "l",
    "NEEDRESTART_SUSPEND": "1",
    "UCF_FORCE_CONFFOLD": "1",
    "APT_LISTCHANGES_FRONTEND": "none",
    "APT_LISTBUGS_FRONTEND": "none",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}


@dataclass(frozen=True)
class Finished:
    """A command that ended: its exit code, both outputs, and whether it was stopped at its time limit."""

    argv: tuple[str, ...]
    code: int
    out: str
    err: str
    timed_out: bool = False

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.code == 0 and not self.timed_out

    def why(self) -> str:
        """The most telling lines of a failure, in one line of at most 600 characters."""
        text = readable((self.err.strip() or self.out.strip())[-20_000:], 20_000)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if self.timed_out:
            return "; it said last: ".join([f"{self.argv[0]} did not end in time", *lines[-1:]])[:600]
        telling = [_with_cause(lines, i) for i, line in enumerate(lines) if line.startswith(_TELLING)] or lines[-3:]
        return "; ".join(dict.fromkeys(telling))[:600] or f"{self.argv[0]} ended with {self.code} and no message"


def _with_cause(lines: list[str], index: int) -> str:
    """The line, with the next one where dpkg puts the cause there."""
    line = lines[index]
    follows = line.startswith("dpkg:") and line.endswith(":") and index + 1 < len(lines)
    return f"{line} {lines[index + 1]}" if follows else line


def environment() -> dict[str, str]:
    """The caller's environment with everything that could ask a question or translate an answer turned off."""
    return {"HOME": "/root", **os.environ, **QUIET}


def finished(argv: Sequence[str], timeout: float = 120, cwd: str | None = None) -> Finished:
    """The command after it ended or was killed at its timeout (seconds); a program that is missing gives code 127."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment(),
            start_new_session=True,
        )
    except OSError as error:
        return Finished(tuple(argv), NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    try:
        out, err = process.communicate(timeout=timeout)
        late = False
    except subprocess.TimeoutExpired:
        _end(process)
        out, err = process.communicate()
        late = True
    return Finished(tuple(argv), process.returncode, out.decode(errors="replace"), err.decode(errors="replace"), late)


def glimpsed(argv: Sequence[str], timeout: float, extra: Mapping[str, str] = MappingProxyType({})) -> Finished:
    """The command as `finished`, with `extra` in its environment; of what it prints only both ends are kept."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(), **extra},
            start_new_session=True,
        )
    except OSError as error:
        return Finished(tuple(argv), NOT_FOUND, "", f"{argv[0]}: {error.strerror}")
    ends = [_Ends(stream) for stream in (process.stdout, process.stderr) if stream]
    try:
        process.wait(timeout)
        late = False
    except subprocess.TimeoutExpired:
        _end(process)
        process.wait()
        late = True
    out, err = (one.text(_DRAIN_SECONDS) for one in ends)
    return Finished(tuple(argv), process.returncode, out, err, late)


class _Ends(threading.Thread):
    """Reads a stream to its end and keeps its first and last bytes: a check may print without end."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self.stream, self.head, self.tail = stream, b"", b""
        self.start()

    def run(self) -> None:
        """Read until nothing more comes."""
        with self.stream:
            while chunk := os.read(self.stream.fileno(), _END_BYTES):
                room = _END_BYTES - len(self.head)
                self.head += chunk[:room]
                self.tail = (self.tail + chunk[room:])[-_END_BYTES:]

    def text(self, patience: float) -> str:
        """What was printed, once all of it came, or patience (seconds) ended as a child keeps the stream open."""
        self.join(patience)
        return (self.head + self.tail).decode(errors="replace")


def logged(argv: Sequence[str], log: IO[bytes], timeout: float) -> Finished:
    """The command with both outputs appended to the log; the text kept in the result is the log's new part."""
    log.write(f"\n+ {' '.join(argv)}\n".encode())
    log.flush()
    start = log.tell()
    process = subprocess.Popen(
        list(argv),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment(),
        start_new_session=True,
    )
    late = False
    try:
        process.wait(timeout=max(timeout, 1))
    except subprocess.TimeoutExpired:
        late = True
        _end(process)
        process.wait()
    with open(log.name, "rb") as text:
        text.seek(start)
        said = text.read()[-200_000:].decode(errors="replace")
    log.seek(0, os.SEEK_END)
    return Finished(tuple(argv), process.returncode, said, "", late)


@contextmanager
def streamed(argv: Sequence[str]) -> Iterator[IO[bytes]]:
    """What the command prints, while it prints; ended when nobody reads on; nothing where it cannot be started."""
    try:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            start_new_session=True,
        )
    except OSError:
        yield io.BytesIO()
        return
    with process:
        try:
            yield process.stdout or io.BytesIO()
        finally:
            with suppress(OSError):  # it may have ended by itself
                os.killpg(process.pid, signal.SIGKILL)


def readable(text: str, limit: int = 2000) -> str:
    """The text without control characters, cut at the limit (characters)."""
    clean = _CONTROL.sub("", text)
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the command and everything it started to end, and insist after ten seconds."""
    for number, patience in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 2.0)):
        for pid in (*_descendants(process.pid), process.pid):
            try:
                os.kill(pid, number)
            except OSError:
                continue
        until = time.monotonic() + patience
        while time.monotonic() < until:
            if process.poll() is not None and not _descendants(process.pid):
                return
            time.sleep(0.1)


def _descendants(pid: int) -> list[int]:
    """Every process below this one, deepest last (a package's scripts run in sessions of their own)."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    queue = [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    yield int(entry), int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
