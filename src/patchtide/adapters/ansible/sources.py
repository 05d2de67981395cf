"""The files of an inventory: where something stands in them, and whether they have changed."""

import os
import re
from collections.abc import Collection, Hashable, Iterator, Sequence
from pathlib import Path

_LONGEST_FILE = 5_000_000


def place_of(inventory: Sequence[str], texts: Collection[str], near: str = "") -> str | None:
    """Return file and line of the first text found, on a line that also has `near` in it if there is one."""
    wanted = re.compile("|".join(map(_whole, texts)) or r"(?!)")
    lines = [(file, number, line) for file, number, line in _lines(inventory) if wanted.search(line)]
    best = [found for found in lines if near in found[2]] or lines
    return f"{best[0][0]}:{best[0][1]}" if best else None


def _whole(text: str) -> str:
    """Return the pattern of a text that is not a part of a longer name."""
    return rf"(?<![\w.-]){re.escape(text)}(?![\w.-])" if text[:1].isalnum() else re.escape(text)


def _lines(inventory: Sequence[str]) -> Iterator[tuple[Path, int, str]]:
    """Yield the lines of an inventory's files and of the variables beside them: file, number from 1, text."""
    for file in _files(inventory):
        for number, line in enumerate(_text(file).splitlines(), start=1):
            yield file, number, line


def state_of(inventory: Sequence[str]) -> Hashable | None:
    """Return what changes when a file of the inventory does; None for one that a program or a plugin makes up."""
    files = _files(inventory)
    if any(os.access(file, os.X_OK) or _dynamic(_text(file)) for file in files):
        return None
    return tuple(
        (str(file), found.st_ino, found.st_size, found.st_mtime_ns) for file in files for found in [file.stat()]
    )


def _dynamic(text: str) -> bool:
    return any(line.startswith(("plugin:", '"plugin"', "'plugin'", "{")) for line in text.splitlines())


def _files(inventory: Sequence[str]) -> list[Path]:
    """Return an inventory's files, each once and in order."""
    found: dict[Path, None] = {}
    for path in map(Path, inventory):
        folder = path if path.is_dir() else path.parent
        roots = (path, folder / "group_vars", folder / "host_vars")
        found |= dict.fromkeys(file for root in roots for file in _below(root))
    return list(found)


def _below(root: Path) -> list[Path]:
    candidates = [root] if root.is_file() else sorted(root.rglob("*"))
    return [path for path in candidates if path.is_file()]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file.stat().st_size <= _LONGEST_FILE else ""
    except OSError:
        return ""
