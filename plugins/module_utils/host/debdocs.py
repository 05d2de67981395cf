"""The changelog that a .deb file carries, read in one pass without unpacking anything to disk."""

from __future__ import annotations

import posixpath
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from .command import streamed
from .packagemanager import PackageFile

_DOCS = "usr/share/doc"
_MOST = 4_194_304
"""Bytes, packed and unpacked, of a changelog that are looked at: the newest entries stand first."""


@dataclass
class Docs:
    """What a package says of its changes: changelogs by file name, or the package whose folder has them."""

    texts: dict[str, str] = field(default_factory=dict)
    elsewhere: str = ""

    def changelog(self, arch: str) -> str:
        """The Debian changelog, newest entries first; a rebuild for one architecture has a file of its own."""
        main = self.texts.get("changelog.Debian.gz", self.texts.get("changelog.gz", ""))
        return self.texts.get(f"changelog.Debian.{arch}.gz", "") + "\n" + main


def docs(package: PackageFile, rebuilt: bool) -> Docs:
    """The changelogs in a package file, empty where there are none; `rebuilt` where one more than usual is expected."""
    wanted = ("changelog.Debian.gz", "changelog.gz", f"changelog.Debian.{package.arch}.gz")
    found = Docs()
    with streamed(["dpkg-deb", "--fsys-tarfile", str(package.path)]) as output:
        try:
            with tarfile.open(fileobj=output, mode="r|") as archive:
                for member in archive:
                    _taken(found, archive, member, package.name, wanted)
                    if found.elsewhere or ("changelog.Debian.gz" in found.texts and not rebuilt):
                        return found
        except (tarfile.TarError, EOFError, zlib.error):
            return Docs()  # cut off, or no archive: what was read of it until then is not the whole
    return found


def _taken(found: Docs, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, wanted: tuple[str, ...]) -> None:
    """Take a member in, when it is a changelog or the link to one."""
    path = posixpath.normpath(member.name)
    folder, file = posixpath.split(path)
    if member.issym() and path in (f"{_DOCS}/{name}", f"{_DOCS}/{name}/{wanted[0]}"):
        target = _package_of(posixpath.join(folder, member.linkname))
        found.elsewhere = target if target != name else ""
    elif member.isfile() and folder == f"{_DOCS}/{name}" and file in wanted:
        source = archive.extractfile(member)
        found.texts[file] = unpacked(source) if source else ""


def _package_of(target: str) -> str:
    """The package whose folder of documentation a link leads into; nothing where it leads elsewhere."""
    words = posixpath.normpath(target).lstrip("/").split("/")
    return words[3] if words[:3] == _DOCS.split("/") and words[3:] else ""


def unpacked(source: IO[bytes]) -> str:
    """The beginning of a gzipped text, as far as anybody needs it."""
    return zlib.decompressobj(wbits=31).decompress(source.read(_MOST), _MOST).decode("utf-8", "replace")


def sibling(path: Path, package: PackageFile, name: str) -> Path | None:
    """The file of another package of the same version that lies beside this one."""
    version = package.version.replace(":", "-")
    beside = (path.with_name(f"{name}_{version}_{arch}{path.suffix}") for arch in (package.arch, "all"))
    return next((one for one in beside if one.is_file() and not one.is_symlink()), None)
