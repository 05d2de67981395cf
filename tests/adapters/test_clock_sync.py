"""What this machine says of its own clock: asked as its users would ask it."""

from pathlib import Path

import pytest

from patchtide.adapters.clock import synchronised


@pytest.mark.parametrize(
    ("script", "known"),
    [("echo yes", True), ("echo no", False), ("echo", None), ("echo 'Failed to connect to bus'; exit 1", None)],
)
def test_the_machine_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, known: bool | None) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert synchronised() is known


def test_a_machine_that_cannot_be_asked_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert synchronised() is None
