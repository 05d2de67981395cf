"""The files of an inventory: where something stands in them, and whether they have changed."""

import os
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

_LONGEST_FILE = 5_000_000


def lines_of(inventory: Sequence[str]) -> Iterator[tuple[Path, int, str]]:
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
