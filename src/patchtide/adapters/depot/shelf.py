"""The bundles that were imported: their manifests, as they were signed, beside the depot that has their files."""

import json
import os
from contextlib import suppress
from pathlib import Path

from patchtide.adapters.depot.archive import bundle_of
from patchtide.core.bundle import Bundle
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.documents import plain


class Shelf:
    """A folder with one JSON file per imported bundle: the manifest's text and its signatures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> tuple[str, ...]:
        """Return the names of all bundles in order."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.json")))

    def bundle(self, name: str) -> Bundle:
        """Return a bundle by its name; raises UsageError when there is none, or it cannot be read."""
        if name not in self.names():
            there = ", ".join(self.names()) or "none"
            raise UsageError(
                f"there is no bundle {name!r}", hint=f"There are: {there}. `patchtide bundle import` brings one."
            )
        path = self._folder / f"{name}.json"
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
            text, signatures = str(entry["manifest"]).encode(), json.dumps(entry["signatures"]).encode()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"the bundle cannot be read: {error}", where=str(path), hint="Import it again.") from None
        return bundle_of(text, signatures, str(path))

    def put(self, bundle: Bundle) -> None:
        """Keep a bundle, whole or not at all."""
        fresh = self._folder / f".{bundle.manifest.name}.new"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            entry = {"manifest": bundle.text, "signatures": plain(bundle)["signatures"]}
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(entry, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._folder / f"{bundle.manifest.name}.json")
        except OSError as error:
            with suppress(OSError):
                fresh.unlink()
            raise PatchtideError(f"the bundle cannot be kept: {error.strerror}", where=str(self._folder)) from None

    def remove(self, name: str) -> None:
        """Forget a bundle; raises UsageError when there is none."""
        if name not in self.names():
            raise UsageError(f"there is no bundle {name!r}", hint="`patchtide bundle list` names them.")
        (self._folder / f"{name}.json").unlink()

    def hashes(self) -> set[str]:
        """Return the files of all bundles; raises UsageError when one cannot be read, as nobody knows what it needs."""
        return {digest for name in self.names() for digest in self.bundle(name).manifest.files}
