"""The program whole: it runs alone, and a host that keeps it compiles it once."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import program, whole
from plugins.module_utils.host.kept import SEAL, sealed

from patchtide.adapters.ansible.packing import packed

HOST = Path(whole.__file__).parent
CONTENT = HOST.parents[2]
# What a call does after it has found its program: says where that came from and what had to be compiled for it.
TAIL = """
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
program(NAME, ARCHIVE)
from patchtide_host import patching, whole
seen = [name for name in compiled if "patchtide_host" in name]
print(json.dumps({"from": patching.__spec__.loader.archive, "compiled": len(seen)}))
if sys.argv[1:] == ["keep"]:
    whole.keep()
"""


class Brought:
    """The script that the controller sends with a call; the program is kept below a folder of the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "program"
        self.releases = 0
        self.bring()

    def bring(self, more: str = "") -> None:
        self.releases += 1
        content = self.root / f"release {self.releases}"
        shutil.copytree(CONTENT / "plugins", content / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
        host = content / "plugins/module_utils/host"
        for path in host.glob("*.py"):
            text = path.read_text().replace("/var/lib/patchtide/program", str(self.folder))
            path.write_text(text + (more if path.name == "patching.py" else ""))
        packed(content, content / "modules")
        self.script = (content / "modules" / "verify.py").read_text()

    def ran(self, script: str, *words: str) -> dict[str, Any]:
        environment = {"PATH": os.environ["PATH"]}
        command = [sys.executable, "-", *words]
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=True, env=environment)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def called(self, *words: str) -> dict[str, Any]:
        return self.ran(self.script[: self.script.rindex("try:\n")] + TAIL, *words)

    def asked(self, **given: object) -> dict[str, Any]:
        """What the script answers once Ansible has filled its arguments in."""
        return self.ran(self.script.replace("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>", json.dumps(given)))

    @property
    def kept(self) -> list[Path]:
        return sorted(self.folder.glob("*.pyz"))


@pytest.fixture
def brought(tmp_path: Path) -> Brought:
    return Brought(tmp_path)


def test_it_is_shipped_whole_and_runs_alone(tmp_path: Path) -> None:
    assert program.main([]) == 2
    data = whole.packed()
    inside = {Path(name).stem for name in zipfile.ZipFile(io.BytesIO(data)).namelist()}
    assert {path.stem for path in HOST.glob("*.py")} <= inside
    (tmp_path / "host.pyz").write_bytes(data)
    command = [sys.executable, "-I", str(tmp_path / "host.pyz"), "dance"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2


def test_what_is_kept_need_not_be_compiled_again(brought: Brought) -> None:
    first = brought.called("keep")
    assert first["from"].startswith("/proc/self/fd/")
    assert first["compiled"] > 50
    (kept,) = brought.kept
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert brought.called("keep") == {"from": str(kept), "compiled": 0}


def test_another_program_is_not_taken_for_it(brought: Brought) -> None:
    brought.called("keep")
    brought.bring("# a later release\n")
    assert brought.called("keep")["from"].startswith("/proc/self/fd/")
    assert len(brought.kept) == 2, "a call of the other release may be under way"
    os.utime(brought.kept[0], (1, 1))
    os.utime(brought.kept[1], (1, 1))
    brought.bring("# a still later release\n")
    brought.called("keep")
    assert len(brought.kept) == 1


def test_where_it_cannot_be_kept_it_is_brought_again(brought: Brought) -> None:
    brought.folder.write_text("no folder")
    brought.called("keep")
    assert brought.called()["from"].startswith("/proc/self/fd/")


def test_what_was_damaged_is_not_used_and_kept_anew(brought: Brought) -> None:
    brought.called("keep")
    (kept,) = brought.kept
    good = kept.read_bytes()
    with zipfile.ZipFile(kept) as archive:
        entry = next(one for one in archive.infolist() if one.filename.endswith("/patching.pyc"))
    middle = entry.header_offset + entry.compress_size // 2
    for damaged in (good[:middle] + b"\0" * 64 + good[middle + 64 :], good[:-1], good[: len(good) // 2], b""):
        kept.write_bytes(damaged)
        assert brought.called("keep")["from"].startswith("/proc/self/fd/")
        assert brought.called()["from"] == str(kept)


def rewritten(path: Path, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = b" " * SEAL
        for name, data in parts.items():
            archive.writestr(name, data.replace(old, new) if name.endswith(".pyc") else data)
    path.write_bytes(sealed(path.read_bytes()))


def test_what_cannot_be_trusted_or_read_is_not_used(brought: Brought) -> None:
    brought.called("keep")
    (kept,) = brought.kept
    kept.chmod(0o620)
    assert brought.called()["from"].startswith("/proc/self/fd/"), "others may have written it"
    kept.chmod(0o600)
    good = kept.read_bytes()
    kept.write_bytes(good[:1000])
    assert brought.called()["from"].startswith("/proc/self/fd/"), "it is torn"
    kept.write_bytes(good)
    rewritten(kept, MAGIC_NUMBER, b"\x00\x00\r\n")
    found = brought.called()
    assert found["from"] == str(kept), "another Python takes the source"
    assert found["compiled"] > 50


def test_a_call_understands_what_it_is_given(brought: Brought) -> None:
    named = {"_ansible_module_name": "patchtide.patchtide.maintenance", "_ansible_check_mode": False}
    assert "option run is missing" in brought.asked(**named, state="left")["msg"]
    assert "there is no option runs" in brought.asked(**named, state="left", runs="r-1")["msg"]
    wrong = brought.asked(**named, run="r-1", state="gone")
    assert (wrong["failed"], wrong["msg"]) == (True, "option state is 'gone' (it may be entered, left)")
    lending = {"_ansible_module_name": "patchtide.patchtide.lend", "_ansible_check_mode": True}
    assert brought.asked(**lending, packages=[])["skipped"] is True
    measuring = {"_ansible_module_name": "patchtide.patchtide.measure", "host": "web", "address": "127.0.0.1"}
    check = {"name": "shell", "kind": "command", "argv": ["/bin/sh", "-c", "exit 3"], "exit": 3}
    (measured,) = brought.asked(**measuring, checks=[check])["report"]["measurements"]
    assert (measured["name"], measured["status"]) == ("shell", "pass")


def test_a_host_without_room_says_so(brought: Brought) -> None:
    full = "import os\ndef full(_): raise OSError(28, 'No space left on device')\nos.memfd_create = full\n"
    assert "No space left on device" in brought.ran(full + brought.script)["msg"]


def test_nothing_is_imported_from_the_folder_that_it_is_called_in(
    brought: Brought, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("base64", "hashlib", "json", "tempfile", "zipimport"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.chdir(tmp_path)
    assert brought.asked(_ansible_module_name="a.b.inspect")["msg"].startswith("option run is missing")


def test_what_is_in_use_is_not_too_old(brought: Brought) -> None:
    brought.called("keep")
    (kept,) = brought.kept
    os.utime(kept, (1, 1))
    brought.called()
    brought.bring("# a later release\n")
    brought.called("keep")
    assert len(brought.kept) == 2
