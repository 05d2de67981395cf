"""Files under their own hashes: what is not what its name says is never handed out."""

import os
from hashlib import sha256
from pathlib import Path

import pytest

from patchtide.adapters.depot import FileDepot
from patchtide.core.errors import PatchtideError

CONTENT = b"a package file"
NAME = sha256(CONTENT).hexdigest()


def filled(folder: Path) -> FileDepot:
    depot = FileDepot(folder / "depot")
    with depot.receiving() as incoming:
        (Path(incoming) / NAME).write_bytes(CONTENT)
    return depot


def test_what_came_in_is_held_private_and_nothing_else_is_left(tmp_path: Path) -> None:
    depot = filled(tmp_path)
    held = Path(depot.held([NAME, "0" * 64])[NAME])
    assert held.read_bytes() == CONTENT
    assert held.stat().st_mode & 0o777 == 0o600
    assert held.parent.stat().st_mode & 0o777 == 0o700
    assert list(held.parent.iterdir()) == [held]


@pytest.mark.parametrize("name", ["0" * 64, "readme", NAME.upper()])
def test_what_is_not_what_its_name_says_is_dropped(tmp_path: Path, name: str) -> None:
    depot = FileDepot(tmp_path)
    with depot.receiving() as incoming:
        (Path(incoming) / name).write_bytes(CONTENT)
    assert depot.held([name, NAME]) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(CONTENT)
    depot = FileDepot(tmp_path / "depot")
    with depot.receiving() as incoming:
        (Path(incoming) / NAME).symlink_to(tmp_path / "elsewhere")
    assert depot.held([NAME]) == {}
    (tmp_path / "depot" / NAME).symlink_to(tmp_path / "elsewhere")
    assert depot.held([NAME]) == {}


def test_a_file_that_was_changed_on_the_disk_is_not_served(tmp_path: Path) -> None:
    depot = filled(tmp_path)
    (tmp_path / "depot" / NAME).write_bytes(b"something else")
    assert depot.held([NAME]) == {}
    assert not (tmp_path / "depot" / NAME).exists()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "incoming-x", NAME + "/.."])
def test_no_name_leads_out(tmp_path: Path, name: str) -> None:
    assert filled(tmp_path).held([name]) == {}


def test_what_failed_half_way_leaves_nothing(tmp_path: Path) -> None:
    depot = FileDepot(tmp_path)
    with pytest.raises(ZeroDivisionError), depot.receiving() as incoming:
        _ = (Path(incoming) / NAME).write_bytes(CONTENT) // 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_controller_left_is_swept_after_a_day(tmp_path: Path) -> None:
    depot = FileDepot(tmp_path)
    old, new = tmp_path / "incoming-old", tmp_path / "incoming-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    with depot.receiving():
        pass
    assert list(tmp_path.iterdir()) == [new]


def test_pruning_keeps_what_is_wanted(tmp_path: Path) -> None:
    depot = filled(tmp_path)
    assert depot.prune({NAME}) == 0
    assert depot.prune(set()) == 1
    assert depot.held([NAME]) == {}


@pytest.mark.fault(7, how="a depot that cannot be written")
def test_no_room_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "depot").write_text("a file in the way")
    with (
        pytest.raises(PatchtideError, match="depot cannot be written") as refused,
        FileDepot(tmp_path / "depot").receiving(),
    ):
        pytest.fail("there is no such folder")
    assert refused.value.hint
