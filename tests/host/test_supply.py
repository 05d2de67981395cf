"""Where a host's new files come from: what lies there, its sources, what was brought; or which are missing and why."""

import os
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from plugins.module_utils.host import host, lending
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.lending import lend
from plugins.module_utils.host.names import Package
from plugins.module_utils.host.packagemanager import PackageManager, Wanted
from plugins.module_utils.host.supply import absence, brought, close_inbox, fetched, on_the_host, open_inbox

CONTENT = b"tide 1.1"
DIGEST = sha256(CONTENT).hexdigest()
TIDE = Package("tide", "all", "1.1", "tide_1.1_all.deb", len(CONTENT), DIGEST, "1.0")
WANTED = Wanted("tide", "all", "1.1")
STORED = "tide_1.1_all.deb"


class Mirror(PackageManager):
    """A package manager that has files lying about, and sources that give some versions."""

    suffix = ".deb"

    def __init__(self, lying: Sequence[Path] = (), gives: Sequence[Wanted] = ()) -> None:
        self.lying, self.gives = list(lying), set(gives)
        self.asked: list[list[Wanted]] = []

    def cached(self, wanted: Wanted) -> list[Path]:
        return self.lying

    def fetch(self, wanted: Sequence[Wanted], folder: Path, timeout: float = 60) -> dict[Wanted, Path]:
        self.asked.append(list(wanted))
        if set(wanted) <= self.gives:
            return {one: folder / one.name for one in wanted}
        raise HostError(f"no {', '.join(one.name for one in wanted)}")


Mirror.__abstractmethods__ = frozenset()


def mirror(lying: Sequence[Path] = (), gives: Sequence[Wanted] = ()) -> Mirror:
    return Mirror(lying, gives)  # type: ignore[abstract]  # what is not asked for here is not made up


def laid(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", [f"staged/{STORED}", f"inbox/{DIGEST}", "elsewhere/cached.deb"])
def test_a_locked_file_is_found_wherever_it_lies(tmp_path: Path, place: str) -> None:
    path = laid(tmp_path / place)
    assert on_the_host(tmp_path, WANTED, TIDE, mirror([tmp_path / "elsewhere/cached.deb"])) == path


@pytest.mark.parametrize("place", [f"staged/{STORED}", f"inbox/{DIGEST}", "elsewhere/cached.deb"])
def test_what_has_another_content_or_is_a_link_is_not_it(tmp_path: Path, place: str) -> None:
    manager = mirror([tmp_path / "elsewhere/cached.deb"])
    laid(tmp_path / place, b"another tide 1.1")
    assert on_the_host(tmp_path, WANTED, TIDE, manager) is None
    (tmp_path / place).unlink()
    (tmp_path / place).symlink_to(laid(tmp_path / "the file"))
    assert on_the_host(tmp_path, WANTED, TIDE, manager) is None


def many(*names: str) -> list[Wanted]:
    return [Wanted(name, "all", "1") for name in names]


def test_sources_are_asked_once_when_they_have_everything(tmp_path: Path) -> None:
    manager = mirror(gives=many("a", "b"))
    assert fetched(many("a", "b"), tmp_path, manager) == ({one: tmp_path / one.name for one in many("a", "b")}, {})
    assert len(manager.asked) == 1


def test_what_sources_lack_does_not_take_the_rest_with_it(tmp_path: Path) -> None:
    found, reasons = fetched(many("a", "b", "c"), tmp_path, mirror(gives=many("a", "c")))
    assert [one.name for one in found] == ["a", "c"]
    assert {one.name: why for one, why in reasons.items()} == {"b": "no b"}


def test_sources_that_give_nothing_are_not_asked_for_each_of_many(tmp_path: Path) -> None:
    manager = mirror()
    found, reasons = fetched(many(*"abcdefgh"), tmp_path, manager)
    assert found == {}
    assert set(reasons) == set(many(*"abcdefgh"))
    assert len(manager.asked) == 4, "once for all, then three of them"


@pytest.mark.parametrize(
    ("published", "failure", "sentence"),
    [
        (None, None, "the host's sources do not offer tide 1.1"),
        ("0" * 64, None, "another file than the locked one for tide 1.1: the sha256 differs"),
        (DIGEST, "404 Not Found", "tide 1.1: 404 Not Found"),
        (DIGEST, None, "the file that was fetched is not the locked one"),
    ],
)
def test_a_missing_file_says_why(published: str | None, failure: str | None, sentence: str) -> None:
    assert sentence in absence(TIDE, published, failure)


def test_the_inbox_is_for_root_and_gone_once_it_was_used(tmp_path: Path) -> None:
    assert brought(tmp_path) == []
    open_inbox(tmp_path)
    assert (tmp_path / "inbox").stat().st_mode & 0o777 == 0o700
    laid(tmp_path / "inbox" / DIGEST)
    assert brought(tmp_path) == [DIGEST]
    close_inbox(tmp_path)
    assert not (tmp_path / "inbox").exists()


@pytest.fixture
def lender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    manager = mirror([laid(tmp_path / "forged", b"x"), laid(tmp_path / "kept" / STORED)])
    monkeypatch.setattr(host, "require_root", lambda: None)
    monkeypatch.setattr(host, "package_manager", lambda: manager)
    return manager


def test_a_host_lends_the_file_with_the_hash_for_anybody_who_knows_the_folder(tmp_path: Path, lender: Mirror) -> None:
    root = tmp_path / "lent"
    root.mkdir()
    report = lend([TIDE.as_dict()], str(root)).report
    assert report["lent"] == [DIGEST]
    folder = Path(report["folder"])
    assert (folder / DIGEST).read_bytes() == CONTENT
    assert (folder.stat().st_mode & 0o777, (folder / DIGEST).stat().st_mode & 0o777) == (0o711, 0o444)
    assert (tmp_path / "kept" / STORED).stat().st_mode & 0o222, "the host's own file stays as it was"


def test_what_a_host_has_not_got_is_not_lent(tmp_path: Path, lender: Mirror) -> None:
    lender.lying.pop()
    assert lend([TIDE.as_dict()], str(tmp_path)).report["lent"] == []


def test_a_host_without_room_says_so(tmp_path: Path, lender: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lending, "free_bytes", lambda _: 1)
    with pytest.raises(HostError, match="has no room"):
        lend([TIDE.as_dict()], str(tmp_path))


def test_what_a_dead_controller_had_asked_for_goes_after_a_day(tmp_path: Path, lender: Mirror) -> None:
    old, new = tmp_path / "patchtide-lend-old", tmp_path / "patchtide-lend-new"
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (time.time() - 90_000,) * 2)
    lend([TIDE.as_dict()], str(tmp_path))
    assert (old.exists(), new.exists()) == (False, True)
