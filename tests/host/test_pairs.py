"""Pairs on the host: noted with what was before, done again without harm, undone in reverse, one failure apart."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import pairs
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    made = Journal("r-1", tmp_path / "journals")
    made.create()
    return made


def flag(path: Path, content: str = "down", mode: str = "0640") -> dict[str, Any]:
    return {"kind": "flag", "path": str(path), "content": content, "mode": mode}


def command(name: str, log: Path, *, leave: str = "true") -> dict[str, Any]:
    said = [["/bin/sh", "-c", f"echo {half} {name} >> {log}; {end}"] for half, end in (("+", "true"), ("-", leave))]
    return {"kind": "command", "name": name, "enter": said[0], "leave": said[1], "timeout": 5}


def entered(journal: Journal, *actions: dict[str, Any]) -> dict[str, Any]:
    return pairs.entered(journal, journal.read("maintenance") or {}, pairs.wanted(actions))


def left(journal: Journal) -> dict[str, Any]:
    return pairs.left(journal, journal.read("maintenance") or {})


def test_a_flag_comes_and_goes(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "flag"
    entered(journal, flag(path))
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("down", 0o640)
    left(journal)
    assert not path.exists()
    left(journal)
    assert pairs.open_pairs(journal.read("maintenance") or {}) == []


def test_what_was_there_comes_back_as_it_was_however_often_it_was_entered(journal: Journal, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(b"\xff\x00 all is well")
    path.chmod(0o604)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    before = path.stat()
    for _ in range(2):  # the second one finds the first one's flag, which is not what has to come back
        entered(journal, flag(path))
    assert path.read_text() == "down"
    left(journal)
    now = path.stat()
    assert path.read_bytes() == b"\xff\x00 all is well"
    assert (now.st_mode, now.st_uid, now.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


def test_the_note_is_written_before_the_deed(journal: Journal, tmp_path: Path) -> None:
    look = f'grep -q \'"name": "look"\' {journal.folder}/maintenance.json'
    entered(journal, {"kind": "command", "name": "look", "enter": ["/bin/sh", "-c", look], "leave": ["true"]})


def test_pairs_are_left_in_reverse_and_each_once(journal: Journal, tmp_path: Path) -> None:
    log = tmp_path / "log"
    entered(journal, command("a", log), command("b", log))
    left(journal)
    left(journal)
    assert log.read_text().splitlines() == ["+ a", "+ b", "- b", "- a"]


def test_one_that_fails_to_enter_is_left_too_and_those_after_it_are_not_begun(journal: Journal, tmp_path: Path) -> None:
    log = tmp_path / "log"
    broken = {**command("b", log), "enter": ["/bin/sh", "-c", "echo broken >&2; false"]}
    with pytest.raises(HostError, match="hook b, enter: broken"):
        entered(journal, command("a", log), broken, command("c", log))
    left(journal)
    assert log.read_text().splitlines() == ["+ a", "- b", "- a"]


def test_one_that_cannot_be_left_keeps_no_other_and_is_tried_again(journal: Journal, tmp_path: Path) -> None:
    log, there = tmp_path / "log", tmp_path / "there"
    entered(journal, command("a", log), command("b", log, leave=f"test -e {there}"), flag(tmp_path / "flag"))
    with pytest.raises(HostError, match="maintenance mode is not left: hook b, leave"):
        left(journal)
    assert not (tmp_path / "flag").exists()
    assert [pair["name"] for pair in pairs.open_pairs(journal.read("maintenance") or {})] == ["b"]
    there.touch()
    left(journal)
    assert log.read_text().splitlines() == ["+ a", "+ b", "- b", "- a", "- b"]


def test_hooks_with_tasks_stay_noted_until_somebody_says_that_they_are_left(journal: Journal, tmp_path: Path) -> None:
    entry = pairs.entered(journal, {}, [pairs.hook("mine")])
    assert pairs.open_pairs(left(journal)) == [pairs.hook("mine")]
    assert pairs.open_pairs(pairs.without(journal, entry, pairs.hook("mine"))) == []


@pytest.mark.parametrize("what", ["folder", "link", "big", "nowhere"])
def test_a_flag_that_could_not_be_taken_back_is_not_put_up(journal: Journal, tmp_path: Path, what: str) -> None:
    path = tmp_path / "flag"
    match what:
        case "folder":
            path.mkdir()
        case "link":
            path.symlink_to(tmp_path / "elsewhere")
        case "big":
            path.write_bytes(b"x" * 2_000_000)
        case _:
            path = tmp_path / "nowhere" / "flag"
    with pytest.raises(HostError, match=str(path)):
        entered(journal, flag(path))
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("odd", [{}, {"kind": "flag", "path": "x"}, {"kind": "command", "name": "x"}, {"kind": "?"}])
def test_what_nobody_knows_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(HostError, match="nothing that maintenance mode knows"):
        pairs.wanted([odd])
