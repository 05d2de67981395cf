"""Bundles as tar archives that are read as strictly as they are written: byte for byte the same form, or refused."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tarfile import BLOCKSIZE, RECORDSIZE, USTAR_FORMAT, HeaderError, TarInfo
from typing import BinaryIO

from patchtide.core.bundle import Bundle, Manifest, misfit
from patchtide.core.errors import UsageError
from patchtide.core.packages import odd_part
from patchtide.core.signature import Signature
from patchtide.documents import parsed, plain

MANIFEST = "manifest.json"
SIGNATURES = "signatures.json"
_LONGEST_MANIFEST = 16_777_216
_LONGEST_SIGNATURES = 65_536
_CHUNK = 1_048_576
_AGAIN = "Copy it again from where it was made; a bundle is only read as `patchtide bundle export` wrote it."

Judged = Callable[[Bundle], None]
"""Raises UsageError for a bundle that is not wanted, before any of its files is read."""


def manifest_text(manifest: Manifest) -> str:
    """Return the text that is signed."""
    return json.dumps(plain(manifest), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def packed(target: Path, bundle: Bundle, files: Mapping[str, str]) -> None:
    """Write a bundle whole or not at all, with its files from these paths; raises UsageError."""
    temporary = None
    target = Path(os.path.realpath(target))  # a link stays one
    if target.exists() and not target.is_file():
        raise UsageError("the bundle cannot be written: it is no plain file", where=str(target))
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        with os.fdopen(descriptor, "wb") as archive:
            _write(archive, MANIFEST, bundle.text.encode())
            _write(archive, SIGNATURES, json.dumps(plain(bundle)["signatures"]).encode())
            for name, size in sorted(bundle.manifest.files.items()):
                _copy(archive, name, size, Path(files[name]))
            archive.write(bytes(_end(archive.tell())))
            archive.flush()
            os.fsync(archive.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        raise UsageError(f"the bundle cannot be written: {error.strerror}", where=str(target)) from None
    finally:
        if temporary:
            with suppress(OSError):
                Path(temporary).unlink()


def unpacked(source: Path, folder: Path, judge: Judged) -> Bundle:
    """Read a bundle and put its files, named by their hashes, into a folder; raises UsageError for any deviation."""
    try:
        if not source.is_file():
            raise UsageError("there is no such file", where=str(source))
        with source.open("rb") as archive:
            return _read(archive, source, folder, judge)
    except OSError as error:
        raise UsageError(f"the bundle cannot be read: {error.strerror}", where=str(source)) from None


def _read(archive: BinaryIO, source: Path, folder: Path, judge: Judged) -> Bundle:
    text = _small(archive, MANIFEST, _LONGEST_MANIFEST, source)
    signatures = _small(archive, SIGNATURES, _LONGEST_SIGNATURES, source)
    bundle = bundle_of(text, signatures, str(source))
    judge(bundle)
    files = sorted(bundle.manifest.files.items())
    _refuse_size(archive.tell(), [size for _, size in files], source, folder)
    for name, size in files:
        _extract(archive, name, size, folder / name, source)
    rest = archive.read(RECORDSIZE + 1)
    if rest != bytes(_end(archive.tell() - len(rest))):
        raise _refused("it goes on behind its last file", source)
    return bundle


def bundle_of(text: bytes, signatures: bytes, where: str) -> Bundle:
    """Return the bundle that a manifest and its signatures describe; raises UsageError."""
    document = _json(text, where)
    manifest = parsed(Manifest, document, what="not a bundle's manifest", where=where)
    packages = [file for files in manifest.patch_set.values() for file in files]
    problem = misfit(manifest) or next(filter(None, map(odd_part, packages)), None)
    if problem:
        raise UsageError(f"the bundle does not fit together: {problem}", where=where, hint=_AGAIN)
    signed = parsed(tuple[Signature, ...], _json(signatures, where), what="not a bundle's signatures", where=where)
    return Bundle(manifest, text.decode(), signed)


def _json(data: bytes, where: str) -> object:
    try:
        return json.loads(data.decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the bundle cannot be read: {error}", where=where, hint=_AGAIN) from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _header(name: str, size: int) -> bytes:
    """Return the only header that a member of this name and size may have: no owner, no time, an ordinary file."""
    entry = TarInfo(name)
    entry.size = size
    return entry.tobuf(USTAR_FORMAT, "ascii", "strict")


def _padding(size: int) -> int:
    return -size % BLOCKSIZE


def _end(position: int) -> int:
    """Return the number of zeros that end an archive."""
    return 2 * BLOCKSIZE + -(position + 2 * BLOCKSIZE) % RECORDSIZE


def _write(archive: BinaryIO, name: str, data: bytes) -> None:
    archive.write(_header(name, len(data)) + data + bytes(_padding(len(data))))


def _copy(archive: BinaryIO, name: str, size: int, path: Path) -> None:
    archive.write(_header(f"files/{name}", size))
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            archive.write(chunk)
    if digest.hexdigest() != name or path.stat().st_size != size:
        raise UsageError(f"{path} is not the file that was proven", hint="Export again.")
    archive.write(bytes(_padding(size)))


def _small(archive: BinaryIO, name: str, longest: int, source: Path) -> bytes:
    header = archive.read(BLOCKSIZE)
    size = _member(header).size
    if not 0 <= size <= longest:
        raise _refused(f"{name} should follow, and it would have {size} bytes", source)
    if header != _header(name, size):
        raise _unexpected(header, name, source)
    return _block(archive, size, source)


def _block(archive: BinaryIO, size: int, source: Path) -> bytes:
    data = archive.read(size + _padding(size))
    if len(data) != size + _padding(size) or any(data[size:]):
        raise _refused("it is cut off or damaged", source)
    return data[:size]


def _extract(archive: BinaryIO, name: str, size: int, target: Path, source: Path) -> None:
    header = archive.read(BLOCKSIZE)
    if header != _header(f"files/{name}", size):
        raise _unexpected(header, f"files/{name}", source)
    digest = hashlib.sha256()
    left = size
    with target.open("xb") as file:
        while left and (chunk := archive.read(min(_CHUNK, left))):
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
    if left or any(archive.read(_padding(size))):
        raise _refused("it is cut off or damaged", source)
    if digest.hexdigest() != name:
        raise _refused(f"the content of files/{name} is not what its name says", source)


def _refuse_size(position: int, sizes: Sequence[int], source: Path, folder: Path) -> None:
    """Refuse an archive of another length than it says, or for which there is no room, before files are made."""
    length = position + sum(BLOCKSIZE + size + _padding(size) for size in sizes)
    found = source.stat().st_size
    if found != length + _end(length):
        raise _refused(f"it has {found} bytes, and its manifest makes {length + _end(length)} of them", source)
    free = shutil.disk_usage(folder).free
    if free < sum(sizes):
        hint = "Make room for the state directory."
        raise UsageError(f"the bundle needs {sum(sizes)} bytes, {free} are free", where=str(folder), hint=hint)


def _member(header: bytes) -> TarInfo:
    try:
        return TarInfo.frombuf(header, "ascii", "replace")
    except HeaderError:
        return TarInfo("")


def _unexpected(header: bytes, name: str, source: Path) -> UsageError:
    found = _member(header)
    if not found.name:
        return _refused(f"it is cut off, or no bundle: {name} should follow", source)
    what = "a file" if found.isreg() else "no ordinary file"
    return _refused(f"{found.name!r} is there ({what}) where {name} should be", source)


def _refused(why: str, source: Path) -> UsageError:
    return UsageError(f"the bundle is refused: {why}", where=str(source), hint=_AGAIN)
