"""Which files go back and which packages go, from how a host stands after its update."""

import time
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import boot
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.packagemanager import Installed, Return
from plugins.module_utils.host.restoration import Course, _is_own, _needed


def course(keys: str, before: dict[str, list[str]], kept: list[dict[str, Any]]) -> Course:
    record = {"packages": before, "files": {}}
    return Course(
        Path("/x"), tuple(keys.split()), record, tuple(kept), False, None, (), time.monotonic(), lambda _: None
    )


def now(*rows: str) -> dict[str, Installed]:
    found = {}
    for row in rows:
        key, version, status = row.split()
        name, arch = key.split(":")
        found[key] = Installed(name, arch, version, "install", status)
    return found


KEPT = [{"name": "a", "arch": "all", "version": "1", "filename": "a_1_all.deb"}]
BEFORE = {"a:all": ["1", "install", "installed"], "z:all": ["1", "install", "installed"]}
FILE = [Path("/x/kept/a_1_all.deb")]


@pytest.mark.parametrize(
    ("rows", "old", "new"),
    [
        (("a:all 1 installed", "z:all 1 installed"), [], []),
        (("a:all 2 installed", "n:all 1 installed"), FILE, ["n:all"]),
        (("a:all 2 half-configured",), FILE, []),
        (("a:all 1 half-installed",), FILE, []),
        ((), FILE, []),
        (("a:all 1 installed", "n:all 1 config-files"), [], ["n:all"]),
        (("a:all 1 installed", "z:all 9 installed", "other:all 1 installed"), [], []),
    ],
)
def test_only_what_the_run_changed_goes_back(rows: tuple[str, ...], old: list[Path], new: list[str]) -> None:
    back = _needed(course("a:all n:all", BEFORE, KEPT), now(*rows), FILE)
    assert back == Return(tuple(old), tuple(new))


def test_a_package_of_which_only_settings_were_left_is_removed_again() -> None:
    before = {"n:all": ["1", "deinstall", "config-files"]}
    assert _needed(course("n:all", before, []), now("n:all 2 installed"), []) == Return(remove=("n:all",))
    assert _needed(course("n:all", before, []), now("n:all 1 config-files"), []) == Return()
    assert not Return()


def test_going_back_without_the_old_file_is_refused() -> None:
    with pytest.raises(HostError, match="no old file was kept of a:all 1"):
        _needed(course("a:all", BEFORE, []), now("a:all 2 installed"), [])


def test_what_others_changed_meanwhile_is_not_this_runs_failure() -> None:
    run = course("a:all", BEFORE, KEPT)
    assert _is_own(run, "a:all is 2 install installed, was 1 install installed")
    assert _is_own(run, "/etc/app.conf differs")
    assert _is_own(run, "nginx.service should be active")
    assert not _is_own(run, "z:all is 2 install installed, was 1 install installed")


def test_a_reboot_is_owed_only_for_what_changed_in_this_very_boot(tmp_path: Path) -> None:
    root = str(tmp_path)
    assert boot.owed([("b1", ["libc6", "tzdata"])], "b1", root=root)["why"] == ["libc6 changed since the last boot"]
    assert boot.owed([("b1", ["libc6"])], "b2", root=root) == {"owed": False, "why": []}
    assert boot.owed([("b1", ["openssl", "nginx"])], "b1", root=root)["owed"] is False
    assert boot.owed([("b1", ["linux-image-6.1.0-40-amd64"])], "b1", root=root)["owed"] is False, "not its own kernel"


def test_the_distributions_flag_owes_a_reboot_and_says_for_what(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "reboot-required").touch()
    (tmp_path / "run" / "reboot-required.pkgs").write_text("linux-base\ndbus\ndbus\n")
    assert boot.owed([], "b", root=str(tmp_path)) == {
        "owed": True,
        "why": ["/run/reboot-required exists (dbus, linux-base)"],
    }
