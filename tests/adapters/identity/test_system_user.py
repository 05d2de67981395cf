"""An approval is worth what the name under it is worth."""

import os
import subprocess
import sys

import pytest

from patchtide.adapters import identity

ASK = "import os, pwd; from patchtide.adapters.identity import system_user; os.setuid({user}); print(system_user())"
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become others")


def asked_as(user: int, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(user=user)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@as_root
def test_a_variable_alone_makes_nobody_somebody_else() -> None:
    assert asked_as(65534, SUDO_USER="alice") == "nobody"


@as_root
def test_root_is_who_called_sudo() -> None:
    assert asked_as(0, SUDO_USER="alice") == "alice"
    assert asked_as(0, SUDO_USER="") == "root"


@as_root
def test_a_user_without_a_name_is_told_by_number() -> None:
    assert asked_as(4_000_000) == "uid 4000000"


def test_behind_a_sudo_of_root_it_is_who_called_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "alice")
    monkeypatch.setattr(os, "getuid", lambda: 65534)
    monkeypatch.setattr(identity, "_ancestors", lambda: iter([("bash", 65534), ("sudo", 0)]))
    assert identity.system_user() == "alice"
    monkeypatch.setattr(identity, "_ancestors", lambda: iter([("bash", 65534), ("sudo", 65534)]))
    assert identity.system_user() == "nobody"


def test_ancestors_are_found() -> None:
    assert all(name and uid >= 0 for name, uid in identity._ancestors())
