"""Files that a user names: whole, or refused with a sentence, and nothing left lying about."""

from pathlib import Path

import pytest

from patchtide.cli.files import text_in, writable, written
from patchtide.core.errors import UsageError


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    written(path, "new")
    assert path.read_text("utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.xml"]


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "no" / "such"):
        with pytest.raises(UsageError) as refused:
            written(path, "new")
        assert refused.value.where == str(path)
        with pytest.raises(UsageError):
            writable(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name, why in (("missing", "No such file"), ("binary", "UTF-8")):
        with pytest.raises(UsageError, match=why):
            text_in(tmp_path / name, "the plan")
