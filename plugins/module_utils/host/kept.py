"""Where this host keeps the program between calls, so that a call need neither unpack nor compile what it brings.

The controller sends this file's text at the head of every call, so it imports nothing of the program.
"""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import sys
from contextlib import suppress
from importlib import import_module
from typing import Any

FOLDER = "/var/lib/patchtide/program"
PACKAGE = "patchtide_host"
SEAL = 64
"""Bytes at the end of what is kept: the SHA-256 of all before them, in hex."""
brought = ""
"""The name of a program that was brought with a call; empty for one that runs from a file of its own."""


def program(name: str, archive: str) -> Any:
    """The program of this name from where it is kept, or else from the archive that was brought (base64)."""
    path = place(name)
    kept = is_own(path)
    if kept:
        with suppress(OSError):
            os.utime(path)  # another release removes what nobody has used for some time
    sys.path.insert(0, path if kept else _unpacked(archive))
    there: Any = import_module(PACKAGE + ".kept")
    there.brought = "" if kept else name
    return import_module(PACKAGE + ".program")


def _unpacked(archive: str) -> str:
    """The path of what was brought: in memory, so that a full disk is no obstacle, and a killed call leaves nothing."""
    descriptor = os.memfd_create("patchtide")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(base64.b64decode(archive))
    return f"/proc/self/fd/{descriptor}"


def place(name: str) -> str:
    """Where the program of this name is kept, for this Python."""
    return f"{FOLDER}/{name}.{sys.implementation.cache_tag}.pyz"


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
