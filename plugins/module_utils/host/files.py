"""Package files of a run on disk: fetched, verified, kept, and the room they and their content need."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any, Callable, Sequence

from .errors import HostError
from .host import free_bytes
from .journal import ROOT, Entry
from .names import Package
from .packagemanager import PackageFile, PackageManager, Trouble, Wanted, stored_name
from .settings import sha256
from .supply import MissingError, absence, fetched, on_the_host

WORKSHOP = "/var/tmp"  # noqa: S108  mkdtemp makes a folder of its own there
_MARGIN = 67_108_864
_KERNEL = re.compile(r"linux-image-.*|kernel(-core)?")
_KERNEL_BYTES = 157_286_400


def collected(
    folder: Path, todo: Sequence[Package], old: Sequence[Wanted], manager: PackageManager
) -> tuple[list[PackageFile], list[tuple[PackageFile, tuple[str, str]]]]:
    """(new files, old files with (sha256, source)), all verified, in the run's folders `staged` and `kept`."""
    for name in ("staged", "kept"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    new = {Wanted(one.name, one.arch, one.version): one for one in todo}
    published = manager.published([*new, *old])
    workshop = Path(tempfile.mkdtemp(prefix="patchtide-", dir=WORKSHOP))
    try:
        here = {one: path for one in old for path in [_cached(one, published.get(one), manager)] if path}
        found = {one: path for one in new for path in [on_the_host(folder, one, new[one], manager)] if path}
        wanted = [one for one in new if one not in found and published.get(one) == new[one].sha256]
        wanted += [one for one in old if one not in here and one in published]
        got, why = fetched(wanted, workshop, manager)
        found.update({one: path for one, path in got.items() if one in new and sha256(path) == new[one].sha256})
        staged = [_stored(folder / "staged", one, found[one], new[one].sha256, manager) for one in new if one in found]
        _refuse_without(
            {new[one]: absence(new[one], published.get(one), why.get(one)) for one in new if one not in found}
        )

        def rebuilt(one: Wanted) -> Path:
            return manager.rebuilt(one, workshop, staged)

        kept = [_kept(folder / "kept", one, here.get(one), got.get(one), published, rebuilt, manager) for one in old]
    finally:
        shutil.rmtree(str(workshop), ignore_errors=True)
    return staged, kept


def _refuse_without(reasons: dict[Package, str]) -> None:
    if reasons:
        raise MissingError(reasons)


def described(staged: Sequence[PackageFile], todo: Sequence[Package]) -> list[dict[str, str]]:
    """The staged files as the contract lists them."""
    by_key = {package.key: package for package in todo}
    return [
        {"name": f.name, "arch": f.arch, "version": f.version, "filename": f.path.name, "sha256": by_key[f.key].sha256}
        for f in staged
    ]


def intact(folder: Path, entry: Entry) -> bool:
    """Whether every staged and kept file of the entry is there with its hash."""
    try:
        verified(folder / "staged", entry["staged"])
        verified(folder / "kept", entry["kept"])
    except HostError:
        return False
    return True


def verified(folder: Path, listed: Sequence[dict[str, Any]]) -> list[Path]:
    """The paths of the listed files; HostError when one is missing or no longer has its hash."""
    paths = []
    for one in listed:
        path = folder / os.path.basename(one["filename"])
        if path.is_symlink() or not path.is_file():
            raise HostError(f"{path} is gone", "stage again", code="file")
        if sha256(path) != one["sha256"]:
            raise HostError(f"{path} does not have the sha256 it was staged with", "stage again", code="file")
        paths.append(path)
    return paths


def room_missing(
    todo: Sequence[Package], new: Sequence[PackageFile] = (), old: Sequence[PackageFile] = ()
) -> Trouble | None:
    """A trouble when a file system lacks room to fetch the packages, or to unpack the files in both directions."""
    needs: dict[int, tuple[str, int]] = {}
    kernels = [name for name in (*(one.name for one in todo), *(one.name for one in new)) if _KERNEL.fullmatch(name)]
    # Old files are taken to be about as big as the new ones; each is fetched in one place and stored in another.
    fetched = 2 * sum(package.size for package in todo)
    store = str(ROOT) if ROOT.is_dir() else "/var/lib"  # it may be a file system of its own
    wanted = [(store, fetched + _MARGIN), (WORKSHOP, fetched)]
    # Files are unpacked beside those that they replace, in both directions; what comes new replaces nothing.
    unpacked = max(sum(file.installed_bytes for file in files) for files in (new, old))
    wanted += [("/usr", unpacked + _MARGIN)] if new else []
    wanted += [("/boot", _KERNEL_BYTES)] if kernels else []
    for path, size in wanted:
        if os.path.isdir(path):
            device = os.stat(path).st_dev
            needs[device] = (needs.get(device, (path, 0))[0], needs.get(device, (path, 0))[1] + size)
    for path, size in needs.values():
        free = free_bytes(path)
        if free < size:
            reason = f"{path} has {free // 1_048_576} MiB free, {size // 1_048_576} MiB are needed"
            return Trouble("space", reason, f"make room on {path}")
    return None


def _cached(wanted: Wanted, digest: str | None, manager: PackageManager) -> Path | None:
    for path in manager.cached(wanted):
        if digest is None or sha256(path) == digest:
            return path
    return None


def _kept(
    folder: Path,
    wanted: Wanted,
    here: Path | None,
    fetched: Path | None,
    published: dict[Wanted, str],
    rebuilt: Callable[[Wanted], Path],
    manager: PackageManager,
) -> tuple[PackageFile, tuple[str, str]]:
    source, path = ("cache", here) if here else ("mirror", fetched) if fetched else ("repack", None)
    if path is None:
        path = rebuilt(wanted)
    digest = sha256(path) if source == "repack" else published.get(wanted) or sha256(path)
    return _stored(folder, wanted, path, digest, manager), (digest, source)


def _stored(folder: Path, wanted: Wanted, path: Path | None, digest: str, manager: PackageManager) -> PackageFile:
    """The file in the run's own folder, its hash and its own words checked there, where nobody else can write."""
    target = folder / stored_name(wanted, manager.suffix)
    if path is not None and path != target:
        shutil.copyfile(str(path), str(target))
        target.chmod(0o600)
    if not target.is_file() or sha256(target) != digest:
        raise HostError(
            f"{target.name} does not have the sha256 {digest}", "the file is not the locked one", code="hash"
        )
    found = manager.facts(target)
    if (found.name, found.arch, found.version) != (wanted.name, wanted.arch, wanted.version):
        said = f"{found.name} {found.version} {found.arch}"
        raise HostError(f"{target.name} calls itself {said}", "the file is not the locked one", code="hash")
    return found
