"""Where this host keeps the program between calls: with bytecode, where Ansible brings source to be compiled anew."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile

FOLDER = "/var/lib/patchtide/program"
PACKAGE = "patchtide_host"
_BROUGHT = "/module_utils/host/"


def place(package: str, loader: object) -> str:
    """Where a program of exactly these files is kept; empty for one that came in no archive, or runs from its own."""
    archive = getattr(loader, "archive", "")
    if not archive or package == PACKAGE:
        return ""
    with zipfile.ZipFile(archive) as brought:
        files = sorted((one.filename, one.CRC, one.file_size) for one in brought.infolist() if _BROUGHT in one.filename)
    return f"{FOLDER}/{hashlib.sha256(repr(files).encode()).hexdigest()[:32]}.pyz"


def is_own(path: str) -> bool:
    """Whether the file is there, and nobody but who runs this can have written it."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
