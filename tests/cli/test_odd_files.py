"""Odd files that a user names by the real command line: nobody waits for ever, and nothing odd is replaced."""

import errno
import io
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide

from patchtide.cli import entry
from patchtide.cli.output import raw, unwritten
from patchtide.core.errors import UsageError

CONFIGURATION = """\
inventory: hosts.yml
tiers:
  - {name: test, hosts: all, window: always}
health:
  - {name: web, http: {port: 80}}
"""
PATIENCE = 60
KINDS = ["pipe", "folder", "socket", "circle", "link to nowhere", "device"]


def made(path: Path, kind: str) -> None:
    """Make something that is no plain file."""
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            with socket.socket(socket.AF_UNIX) as end:
                end.bind(str(path))
        case "circle":
            path.symlink_to(path.name)
        case "link to nowhere":
            path.symlink_to("nowhere")
        case _:
            path.symlink_to("/dev/zero")


@contextmanager
def bounded() -> Iterator[None]:
    """Fail instead of waiting for ever."""
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)


READING = [
    ("config", "validate", "-c", "odd"),
    ("simulate", "--plan", "odd"),
    ("run", "--yes", "--plan", "odd"),
    ("audit", "verify", "--against", "odd"),
    ("audit", "checkpoint", "--sign", "odd"),
    ("key", "show", "odd"),
    ("bundle", "import", "odd"),
    ("store", "restore", "odd"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_refused_by_its_name(patchtide: Patchtide, project: Path, kind: str) -> None:
    made(project / "odd", kind)
    for words in READING:
        with bounded():
            answer = patchtide(*words)
        assert answer.code in {1, 2}, (words, answer.err)
        assert "odd" in answer.err.splitlines()[0], (words, answer.err)
        assert "unexpected" not in answer.err
        assert "None" not in answer.err


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_no_calendar_and_no_inventory(patchtide: Patchtide, project: Path, kind: str) -> None:
    made(project / "odd", kind)
    calendar = CONFIGURATION + "blackouts:\n  - {name: fair, ical: odd}\n"
    for text in (calendar, CONFIGURATION.replace("hosts.yml", "odd")):
        (project / "patchtide.yml").write_text(text, encoding="utf-8")
        with bounded():
            answer = patchtide("config", "validate")
        assert (answer.code, "odd" in answer.err) == (2, True), answer.err


@pytest.mark.parametrize("kind", ["pipe", "socket", "circle", "link to nowhere", "device"])
@pytest.mark.parametrize("place", [".patchtide", ".patchtide/log.db"])
def test_a_log_behind_what_is_no_file_and_no_folder_is_missed_and_not_taken_for_a_new_one(
    patchtide: Patchtide, project: Path, kind: str, place: str
) -> None:
    (project / place).parent.mkdir(exist_ok=True)
    made(project / place, kind)
    words = [("history",), ("status",), ("store", "check"), ("store", "backup"), ("audit", "verify"), ("tick",)]
    for word in [*words, ("quarantine", "add", "tide=1.1", "--reason", "harm")]:
        answer = patchtide(*word)
        assert (answer.code, ".patchtide" in answer.err) == (1, True), (word, answer.out, answer.err)
        assert "unexpected" not in answer.err


def test_what_is_no_plain_file_is_written_into_and_never_replaced(patchtide: Patchtide, project: Path) -> None:
    os.mkfifo(project / "pipe")
    reader = os.open(project / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    answer = patchtide("audit", "checkpoint", "-o", "pipe")
    assert (answer.code, (project / "pipe").is_fifo()) == (0, True), answer.err
    assert b"patchtide/checkpoint/v1" in os.read(reader, 65536)
    os.close(reader)


def test_a_link_stays_one_and_the_file_behind_it_is_written(patchtide: Patchtide, project: Path) -> None:
    (project / "real").mkdir()
    (project / "link").symlink_to("real/out.json")
    for _ in range(2):
        answer = patchtide("audit", "checkpoint", "-o", "link")
        assert (answer.code, (project / "link").is_symlink()) == (0, True), answer.err
    assert "checkpoint" in (project / "real" / "out.json").read_text("utf-8")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_what_is_closed_stops_no_command(project: Path, closed: str) -> None:
    for words in ("history", "config show", "quarantine add tide=1.1 --reason harm", "store check"):
        command = f"exec {sys.executable} -m patchtide {words} {closed}"
        answer = subprocess.run(["sh", "-c", command], cwd=project, capture_output=True, text=True, check=False)
        assert (answer.returncode, "unexpected" in answer.stderr) == (0, False), (words, answer.stderr)


@pytest.mark.parametrize("words", ["--help", "history", "history --json", "config show", "plan --help"])
def test_an_answer_that_does_not_fit_is_no_answer(project: Path, words: str) -> None:
    command = f"exec {sys.executable} -m patchtide {words} >/dev/full"
    answer = subprocess.run(["sh", "-c", command], cwd=project, capture_output=True, text=True, check=False)
    assert (answer.returncode, "No space left on device" in answer.stderr) == (1, True), answer.stderr
    assert "unexpected" not in answer.stderr


@pytest.mark.parametrize(("code", "ends"), [(0, 1), (8, 1), (5, 5), (10, 10), (-1, 2)])
def test_what_a_code_says_of_a_run_is_kept_and_what_it_says_of_an_answer_is_not(
    code: int, ends: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answering(_words: list[str]) -> int:
        with Path("/dev/full").open("w", encoding="utf-8") as full, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", full)
            raw("{}")
        if code < 0:
            raise UsageError("no")
        return code

    monkeypatch.setattr(entry, "_done", answering)
    assert entry.main(["history"]) == ends
    assert ("error: not all could be printed" in capsys.readouterr().err) is (code >= 0)
    monkeypatch.setattr(entry, "_done", lambda _: 0)
    assert entry.main(["history"]) == 0, "one call's loss is not another's"


def test_a_terminal_that_is_gone_is_no_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, f"nobody reads {text}")

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Gone())
        raw("{}")
    assert unwritten() == ""


def test_progress_that_does_not_fit_is_no_failure(project: Path) -> None:
    command = f"exec {sys.executable} -m patchtide audit verify 2>/dev/full"
    assert subprocess.run(["sh", "-c", command], cwd=project, capture_output=True, check=False).returncode == 0


def test_stdout_by_its_name_is_written_into(project: Path) -> None:
    command = [sys.executable, "-m", "patchtide", "audit", "checkpoint", "-q", "-o", "/dev/stdout"]
    answer = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert "patchtide/checkpoint/v1" in answer.stdout
    assert Path("/dev/stdout").is_symlink()


def test_a_name_that_is_too_long_is_the_name_of_no_file(patchtide: Patchtide, project: Path) -> None:
    name = "x" * 5000
    words = [("config", "validate", "-c", name), ("store", "check", name), ("store", "restore", name)]
    words += [("run", "--yes", "--plan", name), ("bundle", "import", name), ("bundle", "export", name, "-o", "b")]
    words += [("audit", "checkpoint", "-o", name), ("bundle", "export", "r", "-o", name), ("key", "show", name)]
    for word in words:
        answer = patchtide(*word)
        assert (answer.code in {1, 2}, "unexpected" in answer.err) == (True, False), (word[:2], answer.err[-300:])
