"""Where a call begins and ends: help at once, errors as sentences, exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Patchtide

from patchtide.cli import entry
from patchtide.cli.root import TABLE
from patchtide.core.errors import LockedError, PatchtideError, UnreachableError, UsageError

HEAVY = {"pydantic", "ansible_runner", "rich", "dateutil", "jinja2", "yaml", "sqlite3", "asyncio"}


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "patchtide", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.split("|")[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert "click" in imported
    assert not HEAVY & imported


def test_the_table_says_what_the_commands_say() -> None:
    for name, lazy in TABLE.items():
        assert lazy.load().name == name
        assert lazy.help[-1] in ".?"


def test_every_command_has_the_options_of_all_and_help(patchtide: Patchtide) -> None:
    for name, lazy in TABLE.items():
        found = lazy.load()
        inner = found.commands if isinstance(found, click.Group) else {}
        for words in [(name,), *((name, other) for other in inner)]:
            answer = patchtide(*words, "--help")
            assert answer.code == 0
            assert "--json" in answer.out
            assert answer.out.startswith(f"Usage: patchtide {' '.join(words)}")


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["stauts"], "Did you mean 'status'?"),
        (["windows", "nxt"], "Did you mean 'next'?"),
        (["run", "--no-wiat"], "--no-wait"),
        (["report", "--format", "htlm"], "html"),
    ],
)
def test_what_was_meant_is_offered(patchtide: Patchtide, words: list[str], meant: str) -> None:
    answer = patchtide(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("error: ")
    assert meant in answer.err


def test_nothing_asked_is_answered_with_help(patchtide: Patchtide) -> None:
    answer = patchtide()
    assert answer.code == 2
    assert "Setting up" in answer.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PatchtideError("it broke"), 1),
        (UsageError("it is wrong", where="patchtide.yml:3", hint="Right it."), 2),
        (UnreachableError("no answer"), 4),
        (LockedError("taken"), 7),
        (entry.InterruptedRunError("interrupted; resumable: patchtide resume R"), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_errors_are_sentences_with_their_exit_code(
    patchtide: Patchtide, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def broken(_: list[str]) -> int:
        raise error

    monkeypatch.setattr(entry, "_done", broken)
    answer = patchtide("status", "--json")
    assert answer.code == code
    assert answer.err.startswith("error: ")
    document = json.loads(answer.err.splitlines()[-1])
    assert document["schema"] == "patchtide/error/v1"
    assert document["exit_code"] == code
    assert set(document) == {"schema", "exit_code", "message", "where", "hint"}


def test_an_error_says_what_where_and_what_to_do() -> None:
    assert entry.sentence("it is wrong", "patchtide.yml:3", "Right it.") == (
        "error: it is wrong (patchtide.yml:3)\n  hint: Right it."
    )
    assert entry.sentence("two:\n  line 1: a", "f:1", "") == "error: two: (f:1)\n  line 1: a"


def test_a_bug_is_one_sentence_and_a_file_for_its_owner(
    patchtide: Patchtide, monkeypatch: pytest.MonkeyPatch, project: Path
) -> None:
    def broken(_: list[str]) -> int:
        raise ZeroDivisionError("oops")

    (project / ".patchtide").mkdir()
    monkeypatch.setattr(entry, "_done", broken)
    answer = patchtide("status")
    assert answer.code == 1
    assert "ZeroDivisionError: oops" in answer.err
    assert "Traceback" not in answer.err
    (kept,) = (project / ".patchtide").glob("crash-*.txt")
    assert "Traceback" in kept.read_text("utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("PATCHTIDE_DEBUG", "1")
    assert "Traceback" in patchtide("status").err


def test_a_missing_configuration_says_how_to_get_one(patchtide: Patchtide, project: Path) -> None:
    (project / "patchtide.yml").unlink()
    answer = patchtide("status")
    assert answer.code == 2
    assert "patchtide.yml" in answer.err
    assert "init" in answer.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.fault(15, how="SIGTERM, SIGHUP and SIGINT to a command")
def test_a_polite_kill_is_an_interrupt(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import os, sys, threading\n"
        "from patchtide.cli import entry\n"
        "def waiting(_):\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    threading.Event().wait(60)\n"
        "entry._done = waiting\n"
        "sys.exit(entry.main(['run']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 130
    assert "interrupted" in done.stderr


def test_a_reader_who_leaves_is_no_failure(project: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "patchtide", "config", "schema"], stdout=pipe, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 0
    assert done.stderr == b""


def test_the_version_is_told(patchtide: Patchtide) -> None:
    from patchtide import __version__

    assert patchtide("--version").out == f"patchtide {__version__}\n"
