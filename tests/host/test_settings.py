"""Settings come back with content, mode and kind; what somebody else changed since is left alone."""

import os
import stat
from pathlib import Path

import pytest
from plugins.module_utils.host import settings


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "main.conf").write_text("old")
    (folder / "app" / "main.conf").chmod(0o640)
    (folder / "app" / "same.conf").write_text("same")
    (folder / "app" / "link").symlink_to("main.conf")
    return folder


def test_everything_that_changed_comes_back_as_it_was(etc: Path, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    new = etc / "app" / "new.conf"
    record = settings.recorded_files([str(new), "/no/such/file"], copies, str(etc))
    assert settings.changed_files(record, str(etc)) == {}
    (etc / "app" / "main.conf").write_text("new")
    (etc / "app" / "main.conf").chmod(0o600)
    (etc / "app" / "link").unlink()
    (etc / "app" / "link").write_text("no link")
    new.write_text("came new")
    (etc / "app" / "came.conf").write_text("nobody knew")
    changed = settings.changed_files(record, str(etc))
    assert {Path(path).name for path in changed} == {"main.conf", "link", "new.conf", "came.conf"}
    assert settings.put_back(record, changed, copies) == []
    assert settings.changed_files(record, str(etc)) == {}
    assert (etc / "app" / "main.conf").read_text() == "old"
    assert stat.S_IMODE((etc / "app" / "main.conf").stat().st_mode) == 0o640
    assert (etc / "app" / "link").readlink() == Path("main.conf")
    assert not new.exists()


def test_a_removed_setting_comes_back_with_its_folder(etc: Path, tmp_path: Path) -> None:
    record = settings.recorded_files([], tmp_path / "copies", str(etc))
    for path in (etc / "app").iterdir():
        path.unlink()
    (etc / "app").rmdir()
    assert settings.put_back(record, settings.changed_files(record, str(etc)), tmp_path / "copies") == []
    assert (etc / "app" / "same.conf").read_text() == "same"


def test_copies_are_for_their_owner_alone(etc: Path, tmp_path: Path) -> None:
    settings.recorded_files([], tmp_path / "copies", str(etc))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "copies").iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE((tmp_path / "copies").stat().st_mode) == 0o700


def test_what_an_admin_changed_after_the_update_is_left_alone(etc: Path, tmp_path: Path) -> None:
    record = settings.recorded_files([], tmp_path / "copies", str(etc))
    (etc / "app" / "main.conf").write_text("by the update")
    (etc / "app" / "link").unlink()
    after = settings.changed_files(record, str(etc))
    assert settings.foreign_files(record, after, str(etc)) == set()
    (etc / "app" / "main.conf").write_text("by the admin")
    (etc / "app" / "same.conf").write_text("by the admin too")
    names = {Path(path).name for path in settings.foreign_files(record, after, str(etc))}
    assert names == {"main.conf", "same.conf"}


def test_after_an_interrupted_update_nothing_counts_as_foreign(etc: Path, tmp_path: Path) -> None:
    record = settings.recorded_files([], tmp_path / "copies", str(etc))
    (etc / "app" / "main.conf").write_text("half-way")
    assert settings.foreign_files(record, None, str(etc)) == set()


def test_new_settings_can_be_set_aside_and_brought_back(etc: Path, tmp_path: Path) -> None:
    path = str(etc / "app" / "same.conf")
    moved = settings.set_aside([path], tmp_path / "aside")
    assert not os.path.lexists(path)
    settings.bring_back(moved)
    assert Path(path).read_text() == "same"


@pytest.mark.parametrize("path", ["/etc/shadow", "/etc/passwd-", "/etc/resolv.conf", "/etc/ld.so.cache", "/etc/hosts"])
def test_accounts_caches_and_the_network_are_not_touched(path: str) -> None:
    assert settings._NOT_OURS.fullmatch(path)
    assert not settings._NOT_OURS.fullmatch("/etc/app" + path)


def test_a_file_that_cannot_be_put_back_is_told(etc: Path, tmp_path: Path) -> None:
    record = settings.recorded_files([], tmp_path / "copies", str(etc))
    (etc / "app" / "main.conf").unlink()
    (etc / "app" / "main.conf").mkdir()
    sentences = settings.put_back(record, [str(etc / "app" / "main.conf")], tmp_path / "copies")
    assert len(sentences) == 1
    assert "main.conf could not be put back" in sentences[0]
