"""The program whole: it runs alone, and a host that keeps it compiles it once."""

import io
import json
import os
import subprocess
import sys
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import program, whole
from plugins.module_utils.host.kept import SEAL, sealed

HOST = Path(whole.__file__).parent
INSIDE = "ansible_collections/patchtide/patchtide/plugins/module_utils/host"
# What a module does: imports all of it, and says where it came from and what had to be compiled for it.
CALL = f"""
import json, sys
compiled = []
sys.addaudithook(lambda event, args: compiled.append(str(args[1])) if event == "compile" else None)
sys.path.insert(0, sys.argv[1])
from {INSIDE.replace("/", ".")} import patching, program, whole
seen = [name for name in compiled if "host" in name and not name.endswith(("__init__.py", "kept.py"))]
print(json.dumps({{"from": patching.__spec__.loader.archive, "compiled": len(seen)}}))
if sys.argv[2:] == ["keep"]:
    whole.keep()
"""


class Brought:
    """The program as Ansible brings it with a call: source in an archive; it is kept below a folder of the test."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "program"
        self.archive = root / "payload.zip"
        self.bring()

    def bring(self, more: str = "") -> None:
        above = [str(path) for path in Path(INSIDE).parents][:-1]
        with zipfile.ZipFile(self.archive, "w") as archive:
            for folder in above:
                archive.writestr(f"{folder}/__init__.py", "")
            for path in sorted(HOST.glob("*.py")):
                text = path.read_text().replace("/var/lib/patchtide/program", str(self.folder))
                archive.writestr(f"{INSIDE}/{path.name}", text + (more if path.name == "patching.py" else ""))

    def called(self, *words: str) -> dict[str, Any]:
        command = [sys.executable, "-I", "-c", CALL, str(self.archive), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

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
    assert first["from"] == str(brought.archive)
    assert first["compiled"] > 50
    (kept,) = brought.kept
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert brought.called("keep") == {"from": str(kept), "compiled": 0}


def test_another_program_is_not_taken_for_it(brought: Brought) -> None:
    brought.called("keep")
    brought.bring("# a later release\n")
    assert brought.called("keep")["from"] == str(brought.archive)
    assert len(brought.kept) == 2, "a call of the other release may be under way"
    os.utime(brought.kept[0], (1, 1))
    os.utime(brought.kept[1], (1, 1))
    brought.bring("# a still later release\n")
    brought.called("keep")
    assert len(brought.kept) == 1


def test_where_it_cannot_be_kept_it_is_brought_again(brought: Brought) -> None:
    brought.folder.write_text("no folder")
    brought.called("keep")
    assert brought.called()["from"] == str(brought.archive)


def test_what_was_damaged_is_not_used_and_kept_anew(brought: Brought) -> None:
    brought.called("keep")
    (kept,) = brought.kept
    good = kept.read_bytes()
    with zipfile.ZipFile(kept) as archive:
        entry = next(one for one in archive.infolist() if one.filename.endswith("/patching.pyc"))
    middle = entry.header_offset + entry.compress_size // 2
    for damaged in (good[:middle] + b"\0" * 64 + good[middle + 64 :], good[:-1], good[: len(good) // 2], b""):
        kept.write_bytes(damaged)
        assert brought.called("keep")["from"] == str(brought.archive)
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
    assert brought.called()["from"] == str(brought.archive), "others may have written it"
    kept.chmod(0o600)
    good = kept.read_bytes()
    kept.write_bytes(good[:1000])
    assert brought.called()["from"] == str(brought.archive), "it is torn"
    kept.write_bytes(good)
    rewritten(kept, MAGIC_NUMBER, b"\x00\x00\r\n")
    found = brought.called()
    assert found["from"] == str(kept), "another Python takes the source"
    assert found["compiled"] > 50
