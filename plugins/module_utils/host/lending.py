"""lend: copies of proven package files, laid out for the controller to fetch for a host whose sources lack them."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from . import host
from .answer import Answer, Call
from .errors import HostError
from .files import WORKSHOP
from .host import free_bytes
from .names import Package
from .names import packages as named_packages
from .packagemanager import PackageManager, Wanted
from .settings import sha256

PREFIX = "patchtide-lend-"
BLANK: dict[str, Any] = {"folder": "", "lent": []}
_STALE_SECONDS = 86_400
_MARGIN = 67_108_864


def lend(packages: list[Any], root: str = WORKSHOP) -> Answer:
    """Copies of what this host has of these packages, each under its sha256, for whichever user can fetch them.

    They lie in a new folder whose name nobody can guess; the caller removes it. What is not here is not lent.
    """
    host.require_root()
    wanted = named_packages(packages)
    _sweep(Path(root))
    _refuse_without_room(wanted, root)
    manager = host.package_manager()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
    folder.chmod(0o711)
    lent = [one.sha256 for one in wanted if _is_lent(one, folder, manager)]
    return Answer({**BLANK, "folder": str(folder), "lent": lent}, changed=True)


def _is_lent(package: Package, folder: Path, manager: PackageManager) -> bool:
    target = folder / package.sha256
    for path in manager.cached(Wanted(package.name, package.arch, package.version)):
        if not path.is_symlink() and sha256(path) == package.sha256:
            shutil.copyfile(str(path), str(target))
            target.chmod(0o444)
            return True
    return False


def _refuse_without_room(wanted: list[Package], root: str) -> None:
    size = sum(one.size for one in wanted)
    if free_bytes(root) < size + _MARGIN:
        raise HostError(f"{root} has no room for {size // 1_048_576} MiB to lend", f"make room on {root}", "space")


def _sweep(root: Path) -> None:
    """Remove what a controller that died left behind."""
    for left in root.glob(f"{PREFIX}*"):
        if left.is_dir() and not left.is_symlink() and left.stat().st_mtime < time.time() - _STALE_SECONDS:
            shutil.rmtree(str(left), ignore_errors=True)


CALL = Call(
    {"packages": {"type": "list", "elements": "dict", "required": True}},
    lambda given, _: lend(given["packages"]),
    BLANK,
    in_check_mode=False,
)
