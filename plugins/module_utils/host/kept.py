"""Where this host keeps the program between calls, so that a call need neither unpack nor compile what it brings.

The controller sends this file's text at the head of every call, so it imports nothing of the program.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import os
import shutil
import stat
import sys
import tempfile
from importlib import import_module
from typing import Any

FOLDER = "/var/lib/patchtide/program"
PACKAGE = "patchtide_host"
BROUGHT = ".zip"
"""What the name of a program ends with that a call has brought: sources only."""
SEAL = 64
"""Bytes at the end of what is kept: the SHA-256 of all before them, in hex."""


def program(name: str, archive: str) -> Any:
    """The program of this name from where it is kept, or else from the archive that was brought (base64)."""
    path = place(name)
    sys.path.insert(0, path if is_own(path) else _unpacked(name, archive))
    return import_module(PACKAGE + ".program")


def _unpacked(name: str, archive: str) -> str:
    """The path of what was brought, for as long as this process lives."""
    folder = tempfile.mkdtemp(prefix="patchtide-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = os.path.join(folder, name + BROUGHT)
    with open(path, "wb") as file:
        file.write(base64.b64decode(archive))
    return path


def place(name: str) -> str:
    """Where the program of this name is kept."""
    return f"{FOLDER}/{name}.pyz"


def sealed(data: bytes) -> bytes:
    """An archive whose comment is as long as a seal, with that comment replaced by the digest of all before it."""
    return data[:-SEAL] + _seal(data)


def is_own(path: str) -> bool:
    """Whether the file is there, whole, and nobody but who runs this can have written it."""
    try:
        found = os.lstat(path)
        own = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022
        return own and _is_whole(path)
    except OSError:
        return False


def _is_whole(path: str) -> bool:
    """Whether it is what was written: neither torn nor damaged, which an import would only find out halfway."""
    with open(path, "rb") as file:
        data = file.read()
    return data[-SEAL:] == _seal(data)


def _seal(data: bytes) -> bytes:
    return hashlib.sha256(data[:-SEAL]).hexdigest().encode()
