"""Where a project keeps what it knows."""

from collections.abc import Mapping
from dataclasses import dataclass

STATE = ".patchtide"
"""The folder of the log and the lock, where a configuration names none."""


@dataclass(frozen=True, slots=True)
class Records:
    """Where a project's log is (`state`, its folder), and whose keys (paths) are whose."""

    state: str
    people: Mapping[str, tuple[str, ...]]
