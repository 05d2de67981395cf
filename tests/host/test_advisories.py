"""Files of pending updates are fetched once, checked, read, and forgotten; nothing of this stands in anybody's way."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from plugins.module_utils.host import advisories
from plugins.module_utils.host.advisories import informed
from plugins.module_utils.host.apt import Apt
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.packagemanager import Changes, Outlook, Pending, Wanted

FOUND = Changes(("CVE-2025-1111",), ("DSA-1-1",), "2025-01-01T00:00:00+00:00")


class Mirror(Apt):
    """apt whose downloads are texts; `gone` ones are no more on the mirror."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.asked: list[list[str]] = []
        self.content = "content of {}"
        self.elsewhere: list[Path] = []

    def fetch(self, wanted: Sequence[Wanted], folder: Path, timeout: float = 0) -> dict[Wanted, Path]:
        self.asked.append([one.name for one in wanted])
        if any(one.name in self.gone for one in wanted):
            raise HostError("404 Not Found")
        for one in wanted:
            (folder / one.name).write_text(self.content.format(one.name), encoding="utf-8")
        return {one: folder / one.name for one in wanted}

    def cached(self, wanted: Wanted) -> list[Path]:
        return [path for path in self.elsewhere if path.name.startswith(wanted.name)]

    def changes(self, path: Path, since: str | None) -> Changes:
        return FOUND


def update(name: str, size: int = 12, sha256: str | None = None) -> Pending:
    digest = hashlib.sha256(f"content of {name}".encode()).hexdigest() if sha256 is None else sha256
    return Pending(name, "all", "1", "2", "", "", False, f"{name}_2_all.deb", size, digest)


@pytest.fixture
def mirror() -> Mirror:
    return Mirror()


def looked(mirror: Mirror, cache: Path, *updates: Pending) -> tuple[dict[str, tuple[str, ...] | None], list[str]]:
    outlook, notes = informed(mirror, Outlook(updates), cache)
    return {one.name: one.cves for one in outlook.pending}, [note.reason for note in notes]


def test_files_are_fetched_together_once_and_read(mirror: Mirror, tmp_path: Path) -> None:
    cache = tmp_path / "root" / "cache"
    for _ in range(2):
        outlook, notes = informed(mirror, Outlook((update("a"), update("b")), held=("c",)), cache)
        assert notes == []
        assert [(one.cves, one.advisories, one.released) for one in outlook.pending] == [
            (FOUND.cves, FOUND.advisories, FOUND.released)
        ] * 2
        assert outlook.held == ("c",)
    assert mirror.asked[0] == ["a", "b"]
    assert [names for names in mirror.asked[1:] if names] == []
    assert {path.name: path.stat().st_mode & 0o777 for path in cache.iterdir()} == {
        "a_2_all.deb": 0o600,
        "b_2_all.deb": 0o600,
    }
    assert cache.stat().st_mode & 0o777 == 0o700


def test_a_file_that_the_mirror_has_no_more_leaves_the_others_known(mirror: Mirror, tmp_path: Path) -> None:
    mirror.gone = {"b"}
    cves, notes = looked(mirror, tmp_path, update("a"), update("b"), update("c"))
    assert cves == {"a": FOUND.cves, "b": None, "c": FOUND.cves}
    assert notes == ["b 2 could not be fetched: 404 Not Found; what these updates fix stays unknown"]


def test_another_file_than_the_listed_one_is_never_read(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content = "altered {}"
    cves, notes = looked(mirror, tmp_path, update("a"))
    assert cves == {"a": None}
    assert "sha256" in notes[0]
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_cache_that_was_altered_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    looked(mirror, tmp_path, update("a"))
    (tmp_path / "a_2_all.deb").write_text("altered", encoding="utf-8")
    assert looked(mirror, tmp_path, update("a")) == ({"a": FOUND.cves}, [])
    assert len([names for names in mirror.asked if names]) == 2


def test_what_is_pending_no_more_is_removed_after_some_days(mirror: Mirror, tmp_path: Path) -> None:
    looked(mirror, tmp_path, update("a"), update("b"), update("c"))
    for name in ("a", "b"):
        os.utime(tmp_path / f"{name}_2_all.deb", (0, 0))
    looked(mirror, tmp_path, update("b"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b_2_all.deb", "c_2_all.deb"]


def test_a_file_that_lies_on_the_host_already_is_not_fetched(mirror: Mirror, tmp_path: Path) -> None:
    archive = tmp_path / "archives" / "a.deb"
    archive.parent.mkdir()
    archive.write_text("content of a", encoding="utf-8")
    mirror.elsewhere = [archive]
    assert looked(mirror, tmp_path / "cache", update("a")) == ({"a": FOUND.cves}, [])
    assert [names for names in mirror.asked if names] == []


def test_without_room_nothing_is_fetched_and_the_facts_are_unknown(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(advisories, "free_bytes", lambda path: 130 * 1_048_576)
    cves, notes = looked(mirror, tmp_path, update("a", size=10 * 1_048_576))
    assert cves == {"a": None}
    assert "130 MiB free, 148 MiB are needed" in notes[0]
    assert mirror.asked == []


def test_when_the_time_is_over_the_rest_is_unknown(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked(mirror, tmp_path, update("a"))
    monkeypatch.setattr(advisories, "SECONDS", -1)
    cves, notes = looked(mirror, tmp_path, update("a"), update("b"))
    assert cves == {"a": None, "b": None}
    assert len(notes) == 2


def test_an_update_without_a_hash_is_not_fetched(mirror: Mirror, tmp_path: Path) -> None:
    assert looked(mirror, tmp_path, update("a", sha256="")) == ({"a": None}, [])


def test_a_folder_that_cannot_be_made_is_noted(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "root").write_text("", encoding="utf-8")
    cves, notes = looked(mirror, tmp_path / "root" / "cache", update("a"))
    assert cves == {"a": None}
    assert "cannot be used: Not a directory" in notes[0]
