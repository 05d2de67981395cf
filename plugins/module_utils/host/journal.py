"""A run's journal on the host: one folder, one small JSON file per part, each replaced atomically."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, Dict

from .errors import HostError
from .names import RESERVED, run_id

ROOT = Path("/var/lib/patchtide")
_RESERVE_BYTES = 1_048_576

Entry = Dict[str, Any]


class Journal:
    """What one run did on this host, under ROOT/<run> (0700), readable after a crash at any moment."""

    def __init__(self, run: str, root: Path | None = None) -> None:
        self.run = run_id(run)
        self.root = ROOT if root is None else root
        self.folder = self.root / self.run

    def exists(self) -> bool:
        """Whether this run left anything here."""
        return self.folder.is_dir()

    def create(self) -> None:
        """Make the folder, private to root; HostError when something else stands in its place."""
        for folder in (self.root, self.folder):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                found = folder.lstat()
            except OSError as error:
                raise HostError(f"the journal folder {folder} cannot be made: {error.strerror}") from error
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                raise HostError(
                    f"{folder} is not a folder of the user who runs this",
                    "give it to that user, or move it away",
                    "journal",
                )
            folder.chmod(0o700)
        reserve = self.folder / "reserve"
        if not reserve.exists():
            replace_durably(reserve, b"\0" * _RESERVE_BYTES)

    def read(self, part: str) -> Entry | None:
        """The part as last written, None when it never was; HostError when it cannot be read."""
        path = self.folder / f"{part}.json"
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise HostError(f"the journal {path} cannot be read: {error}", "a person has to look", "journal") from error
        if not isinstance(value, dict):
            raise HostError(f"the journal {path} holds no object", "a person has to look", "journal")
        return value

    def write(self, part: str, entry: Entry) -> Entry:
        """Replace the part durably (temp file, fsync, rename, fsync of the folder) and return it."""
        data = json.dumps(entry, indent=1, sort_keys=True).encode()
        path = self.folder / f"{part}.json"
        try:
            replace_durably(path, data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            # A full disk must not keep us from saying so: the reserve was kept for this.
            (self.folder / "reserve").unlink()
            replace_durably(path, data)
        return entry

    def fence(self, attempt: int) -> None:
        """Keep the highest attempt seen; HostError for a lower one, which is an orphan of an earlier controller."""
        highest = int((self.read("attempt") or {}).get("attempt", 0))
        if attempt < highest:
            raise HostError(
                f"attempt {attempt} of run {self.run} is too late: attempt {highest} already works on this host",
                "end the older controller",
                code="fenced",
            )
        if attempt > highest:
            self.write("attempt", {"attempt": attempt})


def run_folders(root: Path) -> list[Path]:
    """The folders of the runs that left anything here."""
    if not root.is_dir():
        return []
    folders = (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())
    return [path for path in folders if path.name[:1] != "." and path.name not in RESERVED]


def replace_durably(path: Path, data: bytes) -> None:
    """Write a private file so that a crash at any moment leaves the old or the new one, whole."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(str(temporary), str(path))
    except OSError:
        temporary.unlink()
        raise
    folder = os.open(str(path.parent), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
