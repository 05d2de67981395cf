"""New files of a run: found on the host, fetched from its sources, or brought by the controller; or said missing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Mapping, Sequence

from .errors import HostError, summed_up
from .names import Package
from .packagemanager import PackageManager, Wanted, stored_name
from .settings import sha256

INBOX = "inbox"
_ENOUGH_FAILURES = 3
_HINT = "a host that has proven these files can lend them, or a bundle can bring them"


class MissingError(HostError):
    """Files that neither this host nor its sources have exactly as locked; `files` are these packages."""

    def __init__(self, reasons: Mapping[Package, str]) -> None:
        super().__init__(summed_up(list(reasons.values())), _HINT, "missing")
        self.files = list(reasons)


def on_the_host(folder: Path, wanted: Wanted, package: Package, manager: PackageManager) -> Path | None:
    """The locked file where it lies here already: staged, brought by the controller, or cached."""
    candidates = [folder / "staged" / stored_name(wanted, manager.suffix), folder / INBOX / package.sha256]
    for path in [*candidates, *manager.cached(wanted)]:
        if path.is_file() and not path.is_symlink() and sha256(path) == package.sha256:
            return path
    return None


def fetched(
    wanted: Sequence[Wanted], workshop: Path, manager: PackageManager
) -> tuple[dict[Wanted, Path], dict[Wanted, str]]:
    """(files, reasons): what the sources gave, and why they did not give the rest."""
    try:
        return manager.fetch(wanted, workshop), {}
    except HostError:
        return _one_by_one(wanted, workshop, manager)


def _one_by_one(
    wanted: Sequence[Wanted], workshop: Path, manager: PackageManager
) -> tuple[dict[Wanted, Path], dict[Wanted, str]]:
    found: dict[Wanted, Path] = {}
    reasons: dict[Wanted, str] = {}
    for one in wanted:
        if not found and len(reasons) == _ENOUGH_FAILURES:  # a mirror that is away would take a timeout for each
            reasons.update({rest: "the sources give nothing" for rest in wanted if rest not in reasons})
            break
        try:
            found.update(manager.fetch([one], workshop))
        except HostError as error:
            reasons[one] = error.reason
    return found, reasons


def absence(package: Package, published: str | None, failure: str | None) -> str:
    """The sentence why the host's sources do not give the locked file."""
    name = f"{package.name} {package.version}"
    if published is None:
        return f"the host's sources do not offer {name}"
    if published != package.sha256:
        return f"the host's sources offer another file than the locked one for {name}: the sha256 differs"
    return f"{name}: {failure or 'the file that was fetched is not the locked one'}"


def open_inbox(folder: Path) -> None:
    """Make the folder into which the controller brings files, each named by its sha256."""
    (folder / INBOX).mkdir(mode=0o700, exist_ok=True)


def brought(folder: Path) -> list[str]:
    """The sha256 by which the controller named what it brought."""
    return sorted(path.name for path in (folder / INBOX).glob("*"))


def close_inbox(folder: Path) -> None:
    """Remove what was brought: it is staged now, or was not what it was called."""
    shutil.rmtree(str(folder / INBOX), ignore_errors=True)
