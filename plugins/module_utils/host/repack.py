"""A package file made from what is installed, as the package was published and not as its admin changed it."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Sequence

from . import dpkg
from .command import NOT_FOUND, Finished, finished
from .errors import HostError
from .packagemanager import PackageFile, Wanted

_SECONDS = 900
_FAST = ("-Zgzip", "-z1")  # xz takes minutes for a big package, and the file stays on this host


def repacked(wanted: Wanted, folder: Path, near: Sequence[PackageFile]) -> Path:
    """The file, made by dpkg-repack in a folder of its own; `near` are files that may have conffiles as published.

    dpkg-repack packs conffiles as they lie on the host. Installed from that, dpkg would take an admin's edit for what
    the package brought, and overwrite it with the next update.
    """
    shop = Path(tempfile.mkdtemp(prefix="repack-", dir=str(folder)))
    key = dpkg.queried(f"{wanted.name}:{wanted.arch}")
    made = finished(["dpkg-repack", "--generate", key], _SECONDS, cwd=str(shop))
    if made.code == NOT_FOUND:
        reason = f"no source has {wanted.name} {wanted.version} any more, and dpkg-repack is not installed"
        raise HostError(reason, "install dpkg-repack, or keep the file in apt's cache", code="kept")
    trees = [path for path in shop.iterdir() if path.is_dir()]
    if not made.ok or len(trees) != 1:
        raise _failed(wanted, made)
    _publish_conffiles(wanted, key, trees[0], near)
    built = finished(["dpkg-deb", *_FAST, "--build", str(trees[0]), str(shop)], _SECONDS)
    found = list(shop.glob("*.deb"))
    if not built.ok or len(found) != 1:
        raise _failed(wanted, built)
    return found[0]


def _failed(wanted: Wanted, done: Finished) -> HostError:
    return HostError(f"dpkg-repack made no file of {wanted.name} {wanted.version}: {done.why()}", code="kept")


def _publish_conffiles(wanted: Wanted, key: str, tree: Path, near: Sequence[PackageFile]) -> None:
    """Give the tree's conffiles the content that dpkg knows them by; HostError where that is not to be had."""
    edited = {
        path: digest for path, digest in dpkg.conffile_sums(key).items() if _md5(tree / path.lstrip("/")) != digest
    }
    if not edited:
        return
    published = tree.parent / "published"
    for file in near:
        if file.name == wanted.name:
            finished(["dpkg-deb", "--extract", str(file.path), str(published)], _SECONDS)
    for path, digest in edited.items():
        source, target = published / path.lstrip("/"), tree / path.lstrip("/")
        if _md5(source) != digest:
            reason = f"no source has {wanted.name} {wanted.version} any more, and {path} was changed on this host"
            raise HostError(reason, "bring the package's old file into apt's cache", code="kept")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(source), str(target))


def _md5(path: Path) -> str:
    """The content's md5, by which dpkg knows its conffiles; empty for anything that is no plain file."""
    if path.is_symlink() or not path.is_file():
        return ""
    return hashlib.md5(path.read_bytes()).hexdigest()  # noqa: S324  dpkg's own choice
