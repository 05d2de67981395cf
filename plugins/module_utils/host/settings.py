"""The host's settings: every file under /etc and every configuration file of the packages, recorded and put back."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional

from .errors import HostError

Description = Optional[Dict[str, Any]]

ETC = "/etc"
# Accounts, caches and what the network writes are nobody's package settings; putting them back would do harm.
_NOT_OURS = re.compile(
    r"/etc/((passwd|group|shadow|gshadow|subuid|subgid)-?|\.pwd\.lock|.*\.lock|ld\.so\.cache|mtab|resolv\.conf(\..*)?"
    r"|machine-id|adjtime|hostname|hosts|udev/hwdb\.bin|lvm/(archive|backup|cache)/.*|.*\.patchtide-new"
    r"|systemd/system/(timers\.target\.wants/)?patchtide-.*)"
)
_COPIED_BYTES = 8_388_608


def recorded_files(others: Iterable[str], copies: Path, etc: str = ETC) -> dict[str, Description]:
    """Every setting by path, None where the file is absent; contents are copied to the folder `copies`."""
    copies.mkdir(mode=0o700, exist_ok=True)
    return {path: _kept(path, copies) for path in sorted({*setting_paths(etc), *others})}


def changed_files(recorded: dict[str, Description], etc: str = ETC) -> dict[str, Description]:
    """What differs from the record now: path to description, None where the file is gone."""
    now = {path: described(path) for path in {*recorded, *setting_paths(etc)}}
    return {path: now[path] for path in sorted(now) if now[path] != _bare(recorded.get(path))}


def foreign_files(recorded: dict[str, Description], after: dict[str, Description] | None, etc: str = ETC) -> set[str]:
    """The paths that somebody else changed since the update ended; `after` is what the update itself had changed."""
    if after is None:
        return set()
    changed = changed_files(recorded, etc)
    since = {path for path, now in changed.items() if path not in after or after[path] != now}
    return since | {path for path in after if path not in changed}


def put_back(recorded: dict[str, Description], paths: Iterable[str], copies: Path) -> list[str]:
    """Give these paths their recorded content, mode and owner; a sentence for each that could not be."""
    sentences = []
    for path in paths:
        try:
            _put_back(path, recorded.get(path), copies)
        except OSError as error:
            sentences.append(f"{path} could not be put back: {error.strerror}")
    return sentences


def set_aside(paths: Iterable[str], folder: Path) -> dict[str, Path]:
    """Move these files out of the way; where each lies now, by path."""
    folder.mkdir(mode=0o700, exist_ok=True)
    moved = {}
    for path in paths:
        place = folder / hashlib.sha256(path.encode()).hexdigest()[:32]
        shutil.move(path, str(place))
        moved[path] = place
    return moved


def bring_back(moved: dict[str, Path]) -> None:
    """Undo `set_aside`, for files that did not come anew."""
    for path, place in moved.items():
        if not os.path.lexists(path):
            shutil.move(str(place), path)


def setting_paths(etc: str = ETC) -> Iterator[str]:
    """Every file and symbolic link under /etc that can be a package's or an admin's setting."""
    for folder, names, files in os.walk(etc):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]
        for name in (*files, *links):
            path = os.path.join(folder, name)
            if not _NOT_OURS.fullmatch(path):
                yield path


def described(path: str) -> Description:
    """The file as it is: content, mode and owner, or where a link points; None when there is none."""
    try:
        found = os.lstat(path)
        if stat.S_ISLNK(found.st_mode):
            return {"link": os.readlink(path)}
    except (FileNotFoundError, NotADirectoryError):
        return None
    owner = {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}
    if stat.S_ISREG(found.st_mode):
        return {"sha256": sha256(Path(path)), **owner}
    return {"kind": stat.S_IFMT(found.st_mode), **owner}


def sha256(path: Path) -> str:
    """The file's sha256; HostError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as handle:
            for block in iter(lambda: handle.read(1_048_576), b""):
                digest.update(block)
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}", code="file") from error
    return digest.hexdigest()


def _kept(path: str, copies: Path) -> Description:
    found = described(path)
    if found is None or "sha256" not in found or os.path.getsize(path) > _COPIED_BYTES:
        return found
    copy = f"{found['sha256']}"
    if not (copies / copy).exists():
        shutil.copyfile(path, str(copies / copy))
        os.chmod(str(copies / copy), 0o600)
    return {**found, "copy": copy}


def _bare(was: Description) -> Description:
    return None if was is None else {key: value for key, value in was.items() if key != "copy"}


def _put_back(path: str, was: Description, copies: Path) -> None:
    if was is None:
        os.unlink(path)
        return
    if "link" not in was and "copy" not in was:
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.patchtide-new"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    if "link" in was:
        os.symlink(was["link"], temporary)
    else:
        shutil.copyfile(str(copies / was["copy"]), temporary)
        os.chmod(temporary, was["mode"])
        os.chown(temporary, was["uid"], was["gid"])
    os.replace(temporary, path)
