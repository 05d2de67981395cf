"""The recovery point: everything about the host that a rollback has to bring back, and the comparison with it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any, Iterable

from .boot import fingerprint
from .clock import utc_now
from .errors import HostError
from .packagemanager import Installed, PackageManager
from .services import (
    Service,
    activity_differences,
    enablement_differences,
    service_states,
    services,
    unit_files,
)

_BESIDE = (".dpkg-dist", ".dpkg-old", ".dpkg-new", ".ucf-dist", ".ucf-old")


def recorded(manager: PackageManager, keys: list[str], files: list[Path], copies: Path) -> dict[str, Any]:
    """The host's state now; copies of the configuration files of these packages and files go to the folder `copies`."""
    paths = manager.configuration(keys, files)
    copies.mkdir(mode=0o700, exist_ok=True)
    running = services()
    installed = manager.installed()
    return {
        "recorded": utc_now(),
        "boot": fingerprint(),
        "packages": package_states(installed),
        "automatic": sorted(manager.automatic(installed)),
        "services": service_states(running),
        "units": unit_files(),
        "conffiles": {path: _kept_file(path, copies) for path in sorted(_with_leftovers(paths))},
    }


def package_states(installed: dict[str, Installed]) -> dict[str, list[str]]:
    """Version, wanted and status by name:arch."""
    return {key: [one.version, one.wanted, one.status] for key, one in sorted(installed.items())}


def differences(
    record: dict[str, Any], manager: PackageManager, ignored_units: Iterable[str] = (), now: dict[str, Service] | None = None
) -> list[str]:
    """A sentence for everything on the host that is not as recorded; empty when the state is restored."""
    installed = manager.installed()
    before, after = record["packages"], package_states(installed)
    found = [_package_sentence(key, before.get(key), after.get(key)) for key in sorted(set(before) | set(after))]
    sentences = [sentence for sentence in found if sentence]
    sentences += _mark_sentences(set(record["automatic"]), manager.automatic(installed), set(after))
    sentences += [f"{path} differs" for path in changed_files(record["conffiles"])]
    running = services() if now is None else now
    units = activity_differences(record["services"], running, tuple(ignored_units))
    sentences += [f"{name} should be {wanted}" for name, wanted in units]
    ignored = set(ignored_units)
    was_enabled = {name: state for name, state in record["units"].items() if name not in ignored}
    return sentences + enablement_differences(was_enabled, unit_files())


def changed_files(conffiles: dict[str, Any]) -> list[str]:
    """The recorded configuration files whose content, mode, owner or existence differs now."""
    return [path for path, was in sorted(conffiles.items()) if _described(path) != _description(was)]


def restored_files(conffiles: dict[str, Any], copies: Path) -> list[str]:
    """Put back every recorded configuration file that differs; the paths touched."""
    touched = changed_files(conffiles)
    for path in touched:
        _put_back(path, conffiles[path], copies)
    return touched


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


def _with_leftovers(paths: set[str]) -> set[str]:
    return paths | {path + ending for path in paths for ending in _BESIDE}


def _described(path: str) -> dict[str, Any] | None:
    """The file as it is: kind, content, mode and owner; None when there is none."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    owner = {"mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}
    if stat.S_ISLNK(found.st_mode):
        return {"link": os.readlink(path)}
    if stat.S_ISREG(found.st_mode):
        return {"sha256": sha256(Path(path)), **owner}
    return {"kind": stat.S_IFMT(found.st_mode), **owner}


def _kept_file(path: str, copies: Path) -> dict[str, Any] | None:
    described = _described(path)
    if described is None or "sha256" not in described:
        return described
    copy = hashlib.sha256(path.encode()).hexdigest()[:32]
    shutil.copyfile(path, str(copies / copy))
    os.chmod(str(copies / copy), 0o600)
    return {**described, "copy": copy}


def _description(was: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if was is None else {key: value for key, value in was.items() if key != "copy"}


def _put_back(path: str, was: dict[str, Any] | None, copies: Path) -> None:
    if was is None:
        os.unlink(path)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.patchtide-new"
    if "link" in was:
        os.symlink(was["link"], temporary)
    elif "copy" in was:
        shutil.copyfile(str(copies / was["copy"]), temporary)
        os.chmod(temporary, was["mode"])
        os.chown(temporary, was["uid"], was["gid"])
    else:
        return
    os.replace(temporary, path)


def _package_sentence(key: str, before: list[str] | None, after: list[str] | None) -> str:
    if before == after:
        return ""
    if before is None:
        return f"{key} {(after or [''])[0]} is here, was not"
    if after is None:
        return f"{key} {before[0]} is gone"
    return f"{key} is {' '.join(after)}, was {' '.join(before)}"


def _mark_sentences(before: set[str], after: set[str], present: set[str]) -> list[str]:
    lost = [f"{key} is marked manual, was automatic" for key in sorted((before - after) & present)]
    return lost + [f"{key} is marked automatic, was manual" for key in sorted((after - before) & present)]
