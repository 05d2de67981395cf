"""Where this host keeps the program between calls: with bytecode, where Ansible brings source to be compiled anew."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from pathlib import Path

FOLDER = "/var/lib/patchtide/program"
PACKAGE = "patchtide_host"
_BROUGHT = "/module_utils/host/"
SEAL = 64
"""Bytes at the end of what is kept: the SHA-256 of all before them, in hex."""


def place(package: str, loader: object) -> str:
    """Where a program of exactly these files is kept; empty for one that came in no archive, or runs from its own."""
    archive = getattr(loader, "archive", "")
    if not archive or package == PACKAGE:
        return ""
    with zipfile.ZipFile(archive) as brought:
        files = sorted((one.filename, one.CRC, one.file_size) for one in brought.infolist() if _BROUGHT in one.filename)
    return f"{FOLDER}/{hashlib.sha256(repr(files).encode()).hexdigest()[:32]}.pyz"


def sealed(data: bytes) -> bytes:
    """An archive whose comment is as long as a seal, with that comment replaced by the digest of all before it."""
    return data[:-SEAL] + _seal(data)


def is_own(path: str) -> bool:
    """Whether the file is there, whole, and nobody but who runs this can have written it."""
    try:
        found = os.lstat(path)
        own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        return own and _is_whole(Path(path).read_bytes())
    except OSError:
        return False


def _is_whole(data: bytes) -> bool:
    """Whether it is what was written: neither torn nor damaged, which an import would only find out halfway."""
    return data[-SEAL:] == _seal(data)


def _seal(data: bytes) -> bytes:
    return hashlib.sha256(data[:-SEAL]).hexdigest().encode()
