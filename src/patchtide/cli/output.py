"""The only place that prints: data on stdout, progress on stderr, and nobody who stops reading stops a run."""

import errno
import json
import os
import re
import shutil
import sys
from typing import TextIO

import click

from patchtide.cli.call import Call
from patchtide.report.words import cleaned, data_of

_COLORS = {
    "patched": "green",
    "done": "green",
    "ok": "green",
    "rolled_back": "yellow",
    "partly": "yellow",
    "warning": "yellow",
    "quarantined": "red",
    "needs_person": "red",
    "failed": "red",
    "unreachable": "red",
    "stop": "red",
    "untouched": "cyan",
    "halted": "cyan",
}
_WORD = re.compile(rf"\b({'|'.join(_COLORS)})\b")
_WIDEST = 160
_UNWRITTEN: list[str] = []


def printed(text: str, call: Call) -> None:
    """Print data on stdout, without a host's control characters, with the words of a run in colour at a terminal."""
    safe = cleaned(text).rstrip("\n")
    _written(sys.stdout, painted(safe) if in_color(sys.stdout, call) else safe)


def raw(text: str) -> None:
    """Print a document on stdout as it is."""
    _written(sys.stdout, text.rstrip("\n"))


def told(text: str, call: Call) -> None:
    """Print progress on stderr, unless nobody wants any."""
    if not call.quiet:
        _written(sys.stderr, cleaned(text))


def warned(text: str) -> None:
    """Print on stderr what has to be seen."""
    _written(sys.stderr, cleaned(text))


def document(name: str, view: object, **more: object) -> str:
    """Return the one JSON document of a command, with its schema in front."""
    data = data_of(view)
    body = data if isinstance(data, dict) else {"items": data}
    extra = data_of(more)
    whole = {"schema": f"patchtide/{name}/v1", **body, **(extra if isinstance(extra, dict) else {})}
    return json.dumps(whole, indent=2, ensure_ascii=False, default=str)


def answered(call: Call, name: str, view: object, text: str, **more: object) -> int:
    """Print what a command did, as its document or as a sentence, and return the exit code of what went well."""
    if call.json:
        raw(document(name, view, **more))
    else:
        printed(text, call)
    return 0


def in_color(stream: TextIO, call: Call) -> bool:
    """Tell whether colours may be written: to a terminal, and nobody said no."""
    return stream.isatty() and not call.no_color and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str) -> str:
    """Return a text with the words for states and outcomes in colour."""
    return _WORD.sub(lambda word: click.style(word[0], fg=_COLORS[word[0]], bold=True), text)


def width(call: Call) -> int:
    """Return how wide text on stdout may be, 0 for as wide as it gets: somebody may be searching it."""
    if call.json or not sys.stdout.isatty():
        return 0
    return min(shutil.get_terminal_size().columns, _WIDEST)


def _written(stream: TextIO, text: str) -> None:
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        print(text.encode("ascii", "replace").decode(), file=stream, flush=True)
    except (ValueError, OSError) as error:  # the reader is gone, or the stream is closed: that is no failure
        if stream is sys.stdout and is_full(error):
            _UNWRITTEN.append(str(error))
        _silence(stream)


def is_full(error: Exception) -> bool:
    """Tell whether something could not be written because there is no room for it."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def unwritten() -> str:
    """Return why something for stdout was lost since this was asked last, or an empty text.

    It stops nothing that is going on; but who reads an answer from a file must not take half of it for all.
    """
    why = "; ".join(dict.fromkeys(_UNWRITTEN))
    _UNWRITTEN.clear()
    return why


def _silence(stream: TextIO) -> None:
    """Send what still follows to nowhere, so that the interpreter has nothing to complain about at its end."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError):
        return
