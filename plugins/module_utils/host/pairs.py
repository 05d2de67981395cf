"""What maintenance mode does on a host besides pausing updaters: pairs of entering and leaving, in an undo journal.

Each is written down, with what was there before, before it is done; it is undone from there, the last one first.
"""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any, Callable, Sequence

from .command import finished
from .errors import HostError, summed_up
from .journal import Entry, Journal, replace_durably

PART = "maintenance"
_MOST_BYTES = 1_048_576
_MODES = 0o777

Pair = Entry


def wanted(actions: Sequence[Any]) -> list[Pair]:
    """The pairs that a request names; HostError for what is none."""
    return [_wanted(action) for action in actions]


def _wanted(action: Any) -> Pair:
    kind = action.get("kind") if isinstance(action, dict) else None
    if kind == "flag" and str(action.get("path", "")).startswith("/"):
        mode = int(str(action.get("mode", "0644")), 8) & _MODES
        return {"kind": kind, "name": str(action["path"]), "content": str(action.get("content", "")), "mode": mode}
    if kind == "command" and action.get("enter") and action.get("leave"):
        halves = {half: [str(word) for word in action[half]] for half in ("enter", "leave")}
        return {"kind": kind, "name": str(action["name"]), **halves, "timeout": float(action.get("timeout", 60))}
    raise HostError(f"{action!r} is nothing that maintenance mode knows", code="parameters")


def open_pairs(entry: Entry) -> list[Pair]:
    """The pairs that were entered, or may have been, and are not left."""
    return list(entry.get("open", []))


def hook(name: str) -> Pair:
    """The pair of a hook whose tasks somebody else runs."""
    return {"kind": "tasks", "name": name}


def entered(journal: Journal, entry: Entry, pairs: Sequence[Pair]) -> Entry:
    """The journal's part once the pairs are entered, each noted before it is done; HostError for the first that fails.

    What was there before is noted only once: a second call finds the pair's own work there.
    """
    for pair in pairs:
        if not any(_is(pair, one) for one in open_pairs(entry)):
            noted = {**pair, "before": _before(Path(pair["name"]))} if pair["kind"] == "flag" else pair
            entry = journal.write(PART, {**entry, "open": [*open_pairs(entry), noted]})
        _ENTER[pair["kind"]](pair)
    return entry


def left(journal: Journal, entry: Entry) -> Entry:
    """The journal's part once all pairs are undone, the last one first; HostError names all that could not be.

    Hooks with tasks stay noted: whoever runs them says when they are left.
    """
    failed = []
    for pair in reversed(open_pairs(entry)):
        try:
            if pair["kind"] == "tasks":
                continue
            _LEAVE[pair["kind"]](pair)
            entry = without(journal, entry, pair)
        except HostError as error:
            failed.append(error.sentence())
    if failed:
        raise HostError(f"maintenance mode is not left: {summed_up(failed)}", code="maintenance")
    return entry


def without(journal: Journal, entry: Entry, pair: Pair) -> Entry:
    """The journal's part once a pair is left."""
    return journal.write(PART, {**entry, "open": [one for one in open_pairs(entry) if not _is(pair, one)]})


def _is(pair: Pair, other: Pair) -> bool:
    return bool(pair["kind"] == other["kind"] and pair["name"] == other["name"])


def _before(path: Path) -> Entry | None:
    """What is at the flag's path: None for nothing; HostError for what could not be brought back."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HostError(f"{path} cannot be looked at: {error.strerror}", code="flag") from error
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        raise HostError(f"{path} is no file of at most 1 MiB", "name another path, or remove it", code="flag")
    content = base64.b64encode(path.read_bytes()).decode()
    return {"content": content, "mode": stat.S_IMODE(found.st_mode), "uid": found.st_uid, "gid": found.st_gid}


def _raise_flag(pair: Pair) -> None:
    _put(Path(pair["name"]), pair["content"].encode(), pair["mode"])


def _lower_flag(pair: Pair) -> None:
    path, before = Path(pair["name"]), pair["before"]
    try:
        if before is not None:
            _put(path, base64.b64decode(before["content"]), before["mode"])
            os.chown(str(path), before["uid"], before["gid"])
        elif path.is_symlink() or path.exists():
            path.unlink()
    except OSError as error:
        raise HostError(f"{path} cannot be brought back: {error.strerror}", code="flag") from error


def _put(path: Path, content: bytes, mode: int) -> None:
    try:
        replace_durably(path, content)
        path.chmod(mode)
    except OSError as error:
        raise HostError(f"{path} cannot be written: {error.strerror}", "is its folder there?", code="flag") from error


def _run(half: str) -> Callable[[Pair], None]:
    def run(pair: Pair) -> None:
        done = finished(pair[half], pair["timeout"])
        if not done.ok:
            raise HostError(f"hook {pair['name']}, {half}: {done.why()}", code="hook")

    return run


def _nothing(_: Pair) -> None:
    """Whoever asked runs the tasks."""


_ENTER: dict[str, Callable[[Pair], None]] = {"flag": _raise_flag, "command": _run("enter"), "tasks": _nothing}
_LEAVE: dict[str, Callable[[Pair], None]] = {"flag": _lower_flag, "command": _run("leave")}
