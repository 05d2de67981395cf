"""The cases that are files: configurations that are refused, with what is said, and ones that are understood."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from patchtide.core.errors import UsageError

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 11, 21)

_EXPECTED = re.compile(r"# expect: (.+)\n# line: (\d+)\n")


def refused() -> list[Path]:
    """The files that are refused."""
    return sorted((DATA / "bad").glob("*.txt"))


def understood() -> list[Path]:
    """The files that are understood, each with what they mean beside them."""
    return [path for path in sorted((DATA / "good").glob("*.yml")) if path.name != "hosts.yml"]


def expected(path: Path) -> Iterator[tuple[str, int]]:
    """What a refused file says about itself: a fragment of the sentence, and its line."""
    return ((fragment, int(line)) for fragment, line in _EXPECTED.findall(path.read_text(encoding="utf-8")))


def told(error: UsageError) -> list[str]:
    """The problems that an error tells, each with its line."""
    if "\n" not in error.message:
        return [f"line {error.where.rpartition(':')[2]}: {error.message}. {error.hint}"]
    return [line.strip() for line in error.message.splitlines()[1:]]
