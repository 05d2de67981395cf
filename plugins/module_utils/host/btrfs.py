"""Snapshots of a root on btrfs: beside the root's subvolume, and exchanged with it by name in one step."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

from .command import finished
from .errors import HostError
from .host import free_bytes
from .mounts import boots_by_name, fstab_disagrees, is_ours, mounts, packages_elsewhere
from .snapshots import Snapshots, Taken

TOP = Path("/run/patchtide-btrfs")
_MARGIN = 268_435_456
_AT_FDCWD = -100
_EXCHANGE = 2
_SUFFIX = "replaced"


class Btrfs(Snapshots):
    """The root's subvolume has a name by which it is booted; whatever bears that name is the root."""

    method = "btrfs"

    def impossible(self, needed: int) -> str:
        """The root is a named subvolume with everything in it that packages own, and there is room."""
        found = mounts()
        root = found.get("/")
        if root is None or root.kind != "btrfs":
            return f"the root file system is {root.kind if root else 'unknown'}; snapshots are taken of btrfs"
        if root.part == "/":
            return "the root is the top of its btrfs and not a subvolume that could be exchanged"
        if not boots_by_name(root.part, Path("/proc/cmdline").read_text(encoding="utf-8", errors="replace")):
            return f"the boot loader does not start the root by its name {root.part} (rootflags=subvol=...)"
        if fstab_disagrees(root.part, Path("/etc/fstab").read_text(encoding="utf-8", errors="replace")):
            return f"/etc/fstab does not mount the root by its name {root.part}"
        elsewhere = packages_elsewhere(found)
        if elsewhere:
            return f"{', '.join(elsewhere)} is a file system of its own, so a snapshot of the root would not hold it"
        return _without_tools() or _inner_subvolumes(root.part) or _without_room(needed)

    def take(self, run: str) -> Taken:
        """`btrfs subvolume snapshot -r`."""
        root = mounts()["/"]
        name = f"{root.part.strip('/')}.patchtide-{run}"
        with _top() as top:
            if (top / name).exists():
                _btrfs("subvolume", "delete", "--commit-after", str(top / name))
            _btrfs("subvolume", "snapshot", "-r", "/", str(top / name))
            _btrfs("filesystem", "sync", str(top))
            return {"method": self.method, "root": root.part.strip("/"), "name": name, **_identity(top / name)}

    def unusable(self, taken: Taken) -> str:
        """It is there, read-only, and the very one that was taken."""
        with _top() as top:
            path = top / taken["name"]
            if not path.is_dir():
                return f"the snapshot {taken['name']} is gone"
            if _identity(path)["uuid"] != taken["uuid"]:
                return f"the snapshot {taken['name']} is not the one that was taken"
            if "ro=true" not in _btrfs("property", "get", "-t", "subvol", str(path), "ro"):
                return f"the snapshot {taken['name']} was made writable"
        return ""

    def revert(self, taken: Taken, kept: Path) -> None:
        """A writable copy of the snapshot changes names with the root's subvolume."""
        with _top() as top:
            root, fresh = top / taken["root"], top / f"{taken['name']}.{_SUFFIX}"
            if _identity(root)["parent"] == taken["uuid"]:
                return  # it was done already, and the boot is still to come
            if fresh.exists():
                _btrfs("subvolume", "delete", "--commit-after", str(fresh))
            _btrfs("subvolume", "snapshot", str(top / taken["name"]), str(fresh))
            if kept.is_dir() and kept.stat().st_dev == Path("/").stat().st_dev:
                _carried_over(kept, fresh)
            _btrfs("filesystem", "sync", str(top))
            _exchanged(root, fresh)
            _btrfs("filesystem", "sync", str(top))

    def drop(self, taken: Taken, replaced: bool) -> None:
        """`btrfs subvolume delete`."""
        names = [taken["name"], *([f"{taken['name']}.{_SUFFIX}"] if replaced else [])]
        with _top() as top:
            for path in (top / name for name in names):
                if path.exists():
                    _btrfs("subvolume", "delete", str(path))


@contextmanager
def _top() -> Iterator[Path]:
    """The whole file system of the root mounted, subvolumes as folders, for as long as the block takes."""
    TOP.mkdir(mode=0o700, exist_ok=True)
    mounted = finished(["mount", "-t", "btrfs", "-o", "subvolid=5", "--", mounts()["/"].device, str(TOP)], 60)
    if not mounted.ok:
        raise HostError(f"the btrfs of the root cannot be mounted whole: {mounted.why()}", code="snapshot")
    try:
        yield TOP
    finally:
        finished(["umount", str(TOP)], 60)


def _btrfs(*words: str) -> str:
    done = finished(["btrfs", *words], 300)
    if not done.ok:
        raise HostError(f"btrfs {' '.join(words[:2])} failed: {done.why()}", code="snapshot")
    return done.out


def _identity(path: Path) -> dict[str, str]:
    """The subvolume's own id, and that of what it is a snapshot of."""
    told = _btrfs("subvolume", "show", str(path))
    found = dict(re.findall(r"^\s+(UUID|Parent UUID):\s+(\S+)$", told, re.MULTILINE))
    if "UUID" not in found:
        raise HostError(f"btrfs says no UUID of {path}", code="snapshot")
    return {"uuid": found["UUID"], "parent": found.get("Parent UUID", "")}


def _without_tools() -> str:
    if shutil.which("btrfs", path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        return "the program btrfs is not installed (btrfs-progs)"
    return "" if hasattr(ctypes.CDLL(None), "renameat2") else "this C library cannot exchange two names (renameat2)"


def _inner_subvolumes(part: str) -> str:
    """Subvolumes inside the root: a snapshot shows them empty, which is right only for those that are."""
    listed = re.findall(r" path (.+)$", _btrfs("subvolume", "list", "-o", "/"), re.MULTILINE)
    prefix = f"{part.strip('/')}/"
    inner = ["/" + path[len(prefix) :] for path in listed if path.startswith(prefix)]
    filled = [path for path in inner if is_ours(path) or _has_content(path)]
    return f"{', '.join(filled)} is a subvolume inside the root, which a snapshot does not hold" if filled else ""


def _has_content(path: str) -> bool:
    try:
        return bool(os.listdir(path))
    except OSError:
        return True


def _without_room(needed: int) -> str:
    """A snapshot keeps what the update replaces."""
    free = free_bytes("/")
    if free >= needed + _MARGIN:
        return ""
    return f"/ has {free // 1_048_576} MiB free, {(needed + _MARGIN) // 1_048_576} MiB are needed beside a snapshot"


def _carried_over(kept: Path, fresh: Path) -> None:
    """Put the folder into the new root as it is now: what was journaled since the snapshot has to be known there."""
    place = fresh / kept.relative_to("/")
    if place.exists():
        shutil.rmtree(str(place))
    copied = finished(["cp", "--archive", "--reflink=auto", "--", str(kept), str(place)], 600)
    if not copied.ok:
        raise HostError(f"{kept} could not be carried over into the snapshot: {copied.why()}", code="snapshot")


def _exchanged(one: Path, other: Path) -> None:
    """Give two subvolumes each other's name in one step: there is no moment without a root."""
    library = ctypes.CDLL(None, use_errno=True)
    names: Sequence[bytes] = (os.fsencode(str(one)), os.fsencode(str(other)))
    if library.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _EXCHANGE):
        reason = os.strerror(ctypes.get_errno())
        raise HostError(f"the snapshot could not take the root's place: {reason}", code="snapshot")
