"""The snapshot as the second step of the way back: when it is promised, when it is used, and that it is used once."""

import io
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host import btrfs, host, ladder, mounts, snapshot
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal
from plugins.module_utils.host.snapshots import Snapshots, Taken

ROOT = "29 1 0:25 /@rootfs / rw,noatime shared:1 - btrfs /dev/vda1 rw,subvolid=256,subvol=/@rootfs\n"
PROC = "30 29 0:5 / /proc rw - proc proc rw\n"


def mounted(tmp_path: Path, *lines: str) -> dict[str, mounts.Mount]:
    (tmp_path / "mountinfo").write_text("".join((ROOT, PROC, *lines)))
    return mounts.mounts(str(tmp_path / "mountinfo"))


def test_the_root_is_known_by_the_name_of_its_subvolume(tmp_path: Path) -> None:
    root = mounted(tmp_path)["/"]
    assert (root.kind, root.device, root.part) == ("btrfs", "/dev/vda1", "/@rootfs")


@pytest.mark.parametrize(
    ("path", "elsewhere"),
    [
        ("/boot", True),
        ("/boot/efi", False),
        ("/usr/local", True),
        ("/var", True),
        ("/var/lib/dpkg", True),
        ("/var/lib/postgresql", False),
        ("/home", False),
        (r"/srv/a\040b", False),
    ],
)
def test_what_packages_own_has_to_be_on_the_root(tmp_path: Path, path: str, elsewhere: bool) -> None:
    found = mounted(tmp_path, f"31 29 8:2 / {path} rw - ext4 /dev/vdb1 rw\n")
    assert mounts.packages_elsewhere(found) == ([path] if elsewhere else [])
    assert path.replace(r"\040", " ") in found


@pytest.mark.parametrize(
    ("cmdline", "by_name"),
    [
        ("root=UUID=1 ro rootflags=subvol=@rootfs quiet", True),
        ("root=UUID=1 rootflags=noatime,subvol=/@rootfs", True),
        ("root=UUID=1 rootflags=subvol=@other", False),
        ("root=UUID=1 ro quiet", False),
        ("root=UUID=1 rootflags=subvolid=256", False),
    ],
)
def test_a_root_that_is_not_booted_by_its_name_cannot_be_exchanged(cmdline: str, by_name: bool) -> None:
    assert mounts.boots_by_name("/@rootfs", cmdline) is by_name


@pytest.mark.parametrize(
    ("line", "disagrees"),
    [
        ("LABEL=x / btrfs subvol=@rootfs,noatime 0 0", False),
        ("LABEL=x / btrfs defaults 0 0", False),
        ("LABEL=x / btrfs subvolid=256 0 0", True),
        ("LABEL=x / btrfs subvol=@old 0 0", True),
        ("# LABEL=x / btrfs subvol=@old 0 0", False),
        ("LABEL=x /home btrfs subvolid=257 0 0", False),
    ],
)
def test_fstab_has_to_name_the_same_root(line: str, disagrees: bool) -> None:
    assert mounts.fstab_disagrees("/@rootfs", f"{line}\n") is disagrees


def test_another_root_than_btrfs_is_refused_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = mounted(tmp_path, "33 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    monkeypatch.setattr(btrfs, "mounts", lambda: found)
    assert "the root file system is ext4" in btrfs.Btrfs().impossible(0)
    monkeypatch.setattr(btrfs, "mounts", lambda: mounted(tmp_path, "33 1 8:1 / / rw - btrfs /dev/sda1 rw\n"))
    assert "the top of its btrfs" in btrfs.Btrfs().impossible(0)


class Recorded(Snapshots):
    """A method that writes down what it is asked to do."""

    def __init__(self, useless: str = "", broken: bool = False) -> None:
        self.did: list[str] = []
        self.useless, self.broken = useless, broken

    def impossible(self, needed: int) -> str:
        return f"{needed} bytes"

    def take(self, run: str) -> Taken:
        self.did.append("take")
        return {"name": run}

    def unusable(self, taken: Taken) -> str:
        return self.useless

    def revert(self, taken: Taken, kept: Path) -> None:
        self.did.append("revert")
        if self.broken:
            raise HostError("no exchange")

    def drop(self, taken: Taken, replaced: bool) -> None:
        self.did.append("drop both" if replaced else "drop")
        if self.broken:
            raise HostError("busy")


def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Recorded, packages: str = "failed") -> Journal:
    journal = Journal("r1", tmp_path)
    journal.create()
    journal.write("rollback", {"state": "running", "boot": "b1", "methods": [], "reason": "stuck"})
    monkeypatch.setattr(snapshot, "of_this_host", lambda: method)
    ends = {"state": packages, "outcome": packages, "reason": "stuck", "differences": []}
    monkeypatch.setattr(ladder, "restored", lambda *_: ends)
    return journal


def went_back(journal: Journal) -> dict[str, Any]:
    way: Any = type("Way", (), {"note": staticmethod(lambda method: ladder._noted(journal, method))})
    manager: Any = None
    return ladder.put_back(journal, way, manager, io.BytesIO())


def test_packages_that_go_back_need_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begun(tmp_path, monkeypatch, method := Recorded(), packages="restored")
    snapshot.take(journal)
    assert went_back(journal)["outcome"] == "restored"
    assert method.did == ["take"]


def test_the_snapshot_is_journaled_before_it_is_used_and_used_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path, monkeypatch, method := Recorded())
    snapshot.take(journal)
    end = went_back(journal)
    assert (end["outcome"], end["reboot"]["owed"]) == (ladder.REVERTING, True)
    assert (journal.read("rollback") or {})["methods"] == ["snapshot"]
    assert method.did == ["take"], "the boot is turned to it last of all"
    ladder.switched(journal)
    assert method.did == ["take", "revert"]
    assert went_back(journal)["outcome"] == "failed", "a second time it is a person's"


def test_without_a_snapshot_or_with_a_useless_one_the_packages_were_the_only_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path, monkeypatch, Recorded(useless="it is gone"))
    assert went_back(journal)["reason"] == "stuck"
    snapshot.take(journal)
    end = went_back(journal)
    assert (end["outcome"], end["reason"]) == ("failed", "stuck; it is gone")


def test_a_snapshot_that_cannot_take_the_roots_place_leaves_the_rollback_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path, monkeypatch, Recorded(broken=True))
    snapshot.take(journal)
    journal.write("rollback", {**(journal.read("rollback") or {}), **went_back(journal)})
    ladder.switched(journal)
    entry = journal.read("rollback") or {}
    assert (entry["state"], entry["outcome"]) == ("failed", "failed")
    assert "no exchange" in entry["reason"]


def test_until_the_boot_nothing_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begun(tmp_path, monkeypatch, Recorded())
    monkeypatch.setattr(ladder, "fingerprint", lambda: "b1")
    entry = journal.read("rollback") or {}
    assert ladder.looked_over(journal, entry) == entry
    monkeypatch.setattr(ladder, "fingerprint", lambda: "b2")
    monkeypatch.setattr(ladder, "course", lambda *_: type("Way", (), {"paused": ()}))
    monkeypatch.setattr(host, "package_manager", lambda: None)
    same = {"state": "done", "outcome": "restored", "reason": "", "differences": []}
    monkeypatch.setattr(ladder, "compared", lambda *_: same)
    end = ladder.looked_over(journal, {**entry, "outcome": ladder.REVERTING})
    assert (end["outcome"], end["reason"]) == ("restored", "stuck; the snapshot was put in place")


def test_a_snapshot_is_dropped_once_and_known_while_it_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begun(tmp_path, monkeypatch, method := Recorded(broken=True))
    snapshot.drop(journal)
    assert method.did == []
    snapshot.take(journal)
    snapshot.drop(journal)
    assert (journal.read("snapshot") or {})["kept"] == "busy"
    method.broken = False
    for replaced in (False, False, True, True):
        snapshot.drop(journal, replaced)
    assert method.did == ["take", "drop", "drop", "drop both"]
    assert snapshot.unused(journal) is None
