"""What a machine is made of, without starting one."""

import os
from pathlib import Path

import pytest

from patchtide.lab import disk, machine
from patchtide.lab.programs import output


def test_the_key_on_a_console_counts_once_all_of_it_was_said() -> None:
    assert machine.host_keys("[  OK  ] Started something.\n") == ""
    assert machine.host_keys("host-key: ssh-ed25519 AAAAC3") == "", "cut off in the middle"
    said = "[  OK  ] Started something.\nhost-key: ssh-ed25519 AAAAC3 root@machine\r\n\nmachine login: "
    assert machine.host_keys(said) == "ssh-ed25519 AAAAC3 root@machine"


def test_only_the_emulator_of_this_very_disk_is_ever_ended(tmp_path: Path) -> None:
    (tmp_path / "disk.raw").touch()
    (tmp_path / "qemu.pid").write_text(str(os.getpid()))
    assert machine.process_of(tmp_path) is None, "this process has that id, and is no emulator"
    machine.down(tmp_path)
    assert not tmp_path.exists()


def test_a_folder_that_holds_no_machine_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear all")
    machine.down(tmp_path)
    assert (tmp_path / "letters.txt").exists()


def test_disks_are_cached_where_the_user_keeps_such_things(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = disk.cache_folder()
    assert folder == tmp_path / "patchtide-lab"
    (folder / "machine-0123.raw").touch()
    (folder / "other").touch()
    disk.remove_disks()
    assert [path.name for path in folder.iterdir()] == ["other"]


def test_a_missing_emulator_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "found", lambda program: program != "qemu-system-x86_64")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert "apt-get install --no-install-recommends qemu-system-x86" in (disk.machine_problem() or "")
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert "riscv64" in (disk.machine_problem() or "")


def test_the_partition_begins_behind_the_room_of_the_boot_loader(tmp_path: Path) -> None:
    disk.partitioned(tmp_path / "disk")
    told = output(["od", "-A", "n", "-t", "u4", "-j", "454", "-N", "8", str(tmp_path / "disk")], "unreadable")
    first, sectors = map(int, told.split())
    assert (first, (first + sectors) * 512) == (2048, (tmp_path / "disk").stat().st_size)
