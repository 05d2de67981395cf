"""Bundles written, taken in and judged with a project's depot, its shelf and the keys that it trusts."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from patchtide.adapters.depot.archive import Judged, manifest_text, packed, unpacked
from patchtide.adapters.depot.files import FileDepot
from patchtide.core.bundle import Bundle, Manifest
from patchtide.core.signature import Signature

Sign = Callable[[Path, bytes], Signature]
Verify = Callable[[Sequence[Path], bytes, Sequence[Signature]], str | None]


class BundleKeeper:
    """A project's bundles; `sign` and `verify` are given, as one adapter knows no other."""

    def __init__(self, depot: FileDepot, trust: Sequence[str], sign: Sign, verify: Verify) -> None:
        self.shelf = depot.shelf
        self._depot = depot
        self._trust = tuple(map(Path, trust))
        self._sign = sign
        self._verify = verify

    def key(self, bundle: Bundle) -> str | None:
        """Return the name of the trusted key that signed a bundle, or None; raises UsageError for what is no key."""
        return self._verify(self._trust, bundle.text.encode(), bundle.signatures)

    def written(self, target: Path, manifest: Manifest, files: Mapping[str, str], key: Path | None) -> Bundle:
        """Write a bundle, signed when there is a key, and return it; raises UsageError."""
        text = manifest_text(manifest)
        signatures = (self._sign(key, text.encode()),) if key else ()
        bundle = Bundle(manifest, text, signatures)
        packed(target, bundle, files)
        return bundle

    def taken(self, source: Path, judge: Judged) -> Bundle:
        """Take a bundle in whole, or leave nothing of it behind; raises UsageError."""
        with self._depot.receiving() as folder:
            bundle = unpacked(source, Path(folder), judge)
        self.shelf.put(bundle)
        return bundle
