"""What vendors say of pending updates: their files are fetched ahead of staging, and the changelogs in them read."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Sequence

from .errors import HostError
from .files import WORKSHOP
from .host import free_bytes
from .journal import ROOT
from .packagemanager import Changes, Outlook, PackageManager, Pending, Trouble, stored_name
from .settings import sha256

CACHE = ROOT / "cache"  # one of the names that no run can have
SECONDS = 240
"""How long fetching and reading may take: a plan is waited for."""
_KEPT_SECONDS = 7 * 86_400
_MARGIN = 134_217_728
_UNKNOWN = "what these updates fix stays unknown"


def informed(manager: PackageManager, outlook: Outlook, cache: Path = CACHE) -> tuple[Outlook, list[Trouble]]:
    """The outlook with what is known of each update, and notes on what is not: they stand in nobody's way."""
    until = time.monotonic() + SECONDS
    wanted = [one for one in outlook.pending if one.sha256]
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        cache.chmod(0o700)
        forget(cache, {stored_name(one.wanted, manager.suffix) for one in wanted})
        notes = _fetched(wanted, cache, manager, until)
    except OSError as error:
        notes = [_note(f"{cache} cannot be used: {error.strerror}")]
    pending = []
    for one in outlook.pending:
        found, note = _read(one, cache / stored_name(one.wanted, manager.suffix), manager, until)
        notes += [note] if note else []
        pending.append(
            replace(
                one,
                cves=_together(one.cves, found.cves),
                advisories=tuple(sorted({*one.advisories, *found.advisories})),
                released=found.released,
            )
        )
    return replace(outlook, pending=tuple(pending)), notes


def forget(cache: Path, names: set[str]) -> None:
    """Remove what is pending no more, after some days: what is left out of one plan may be asked about by the next."""
    oldest = time.time() - _KEPT_SECONDS
    for path in cache.iterdir():
        if path.name not in names and path.lstat().st_mtime < oldest and not path.is_dir():
            path.unlink()


def _fetched(wanted: Sequence[Pending], cache: Path, manager: PackageManager, until: float) -> list[Trouble]:
    """Bring the files that are missing into the cache; notes on what could not be had."""
    missing = [one for one in wanted if not _is(cache / stored_name(one.wanted, manager.suffix), one)]
    lacking = _room_missing(missing, cache)
    if lacking:
        return [lacking]
    missing = [one for one in missing if not _had_already(one, cache, manager)]
    workshop = Path(tempfile.mkdtemp(prefix="patchtide-", dir=WORKSHOP))
    try:
        return _downloaded(missing, workshop, cache, manager, until)
    finally:
        shutil.rmtree(str(workshop), ignore_errors=True)


def _downloaded(
    missing: Sequence[Pending], workshop: Path, cache: Path, manager: PackageManager, until: float
) -> list[Trouble]:
    """All at once; one by one when that fails, because of the one that the mirror has no more."""
    try:
        _download(missing, workshop, cache, manager, until)
    except HostError as error:
        if len(missing) == 1:
            return [_note(f"{missing[0].name} {missing[0].version} could not be fetched: {error.reason}")]
        return [note for one in missing for note in _downloaded([one], workshop, cache, manager, until)]
    return []


def _download(missing: Sequence[Pending], workshop: Path, cache: Path, manager: PackageManager, until: float) -> None:
    left = until - time.monotonic()
    if missing and left <= 0:
        raise HostError(f"there was no time left of {SECONDS} seconds")
    files = manager.fetch([one.wanted for one in missing], workshop, left)
    for one in missing:
        if sha256(files[one.wanted]) != one.sha256:
            raise HostError(f"the file of {one.name} {one.version} does not have the sha256 of the package lists")
        _put(files[one.wanted], cache / stored_name(one.wanted, manager.suffix))


def _had_already(one: Pending, cache: Path, manager: PackageManager) -> bool:
    for path in manager.cached(one.wanted):
        if _is(path, one):
            _put(path, cache / stored_name(one.wanted, manager.suffix))
            return True
    return False


def _put(path: Path, target: Path) -> None:
    """Copy a file into the cache, whole or not at all."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(str(path), str(beside))
        beside.chmod(0o600)
        beside.replace(target)
    finally:
        if beside.exists():
            beside.unlink()


def _is(path: Path, one: Pending) -> bool:
    return path.is_file() and not path.is_symlink() and sha256(path) == one.sha256


def _room_missing(missing: Sequence[Pending], cache: Path) -> Trouble | None:
    """A note when there is no room for the files twice (fetched, and stored) with some left over."""
    need = 2 * sum(one.size for one in missing) + _MARGIN if missing else 0
    for path in (str(cache), WORKSHOP):
        free = free_bytes(path)
        if free < need:
            return _note(
                f"{path} has {free // 1_048_576} MiB free, {need // 1_048_576} MiB are needed to fetch updates"
            )
    return None


def _read(one: Pending, path: Path, manager: PackageManager, until: float) -> tuple[Changes, Trouble | None]:
    """What the file's changelog says; nothing of a file that is not there, which was noted already."""
    if not _is(path, one):
        return Changes(), None
    if time.monotonic() > until:
        return Changes(), _note(f"the changelog of {one.name} was not read within {SECONDS} seconds")
    try:
        return manager.changes(path, one.installed), None
    except HostError as error:
        return Changes(), _note(f"the changelog of {one.name} {one.version} cannot be read: {error.reason}")


def _note(reason: str) -> Trouble:
    return Trouble("advisories", f"{reason}; {_UNKNOWN}", "updates are not held up by this, unless `updates` says so")


def _together(listed: tuple[str, ...] | None, logged: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The CVEs that the source's list or the changelog names; unknown where neither can be read."""
    return None if listed is None and logged is None else tuple(sorted({*(listed or ()), *(logged or ())}))
