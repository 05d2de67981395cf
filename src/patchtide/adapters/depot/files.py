"""A folder of files that are named by their sha256, which is looked at whenever one is read."""

import hashlib
import re
import shutil
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from patchtide.adapters.depot.shelf import Shelf
from patchtide.core.errors import PatchtideError

_NAME = re.compile(r"[0-9a-f]{64}")
_INCOMING = "incoming-"
_STALE_SECONDS = 86_400
_HINT = "Make room, and make the state directory writable for this user."


class FileDepot:
    """The depot below a folder, which is 0700 and made when something comes in; its files are 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self.shelf = Shelf(self._folder / "bundles")

    def held(self, hashes: Iterable[str]) -> dict[str, str]:
        """Return the path of each of these files that is here; one that no longer fits its hash is removed."""
        return {name: str(path) for name in hashes if (path := self._sound(name)) is not None}

    @contextmanager
    def receiving(self) -> Iterator[str]:
        """Give a private folder for files named by their sha256; when it is left without an error they are taken in.

        What is not what its name says is dropped. Raises PatchtideError where there is no room or no right to write.
        """
        try:
            incoming = self._incoming()
            try:
                yield str(incoming)
                self._take_in(incoming)
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
        except OSError as error:
            message = f"the depot cannot be written: {error.strerror}"
            raise PatchtideError(message, hint=_HINT, where=str(self._folder)) from None

    def prune(self, wanted: Collection[str]) -> int:
        """Remove every file but these and those of bundles, and return how many went."""
        kept = {*wanted, *self.shelf.hashes()}
        gone = [path for path in self._files() if path.name not in kept]
        for path in gone:
            with suppress(OSError):
                path.unlink()
        return len(gone)

    def _sound(self, name: str) -> Path | None:
        path = self._folder / name
        with suppress(OSError):  # what cannot be read is not here
            if not _NAME.fullmatch(name) or path.is_symlink() or not path.is_file():
                return None
            if digest_of_file(path) == name:
                return path
            path.unlink(missing_ok=True)
        return None

    def _incoming(self) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._folder.glob(f"{_INCOMING}*"):  # of a controller that died
            if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=_INCOMING, dir=self._folder))

    def _take_in(self, incoming: Path) -> None:
        for path in sorted(incoming.iterdir()):
            is_plain = _NAME.fullmatch(path.name) and path.is_file() and not path.is_symlink()
            if is_plain and digest_of_file(path) == path.name:
                path.chmod(0o600)
                path.replace(self._folder / path.name)

    def _files(self) -> list[Path]:
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return [path for path in found if _NAME.fullmatch(path.name)]


def digest_of_file(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
