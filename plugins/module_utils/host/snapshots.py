"""Snapshots of the root file system behind one small interface: what each method has to be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Dict

PACKAGES, SNAPSHOT, NONE = "packages", "snapshot", "none"
Taken = Dict[str, Any]


class Snapshots(ABC):
    """One method; every argument and answer is plain data, for it outlives the process in a journal."""

    method = ""

    @abstractmethod
    def impossible(self, needed: int) -> str:
        """Why this host cannot be put back by a snapshot while an update writes `needed` bytes; empty when it can."""

    @abstractmethod
    def take(self, run: str) -> Taken:
        """Take the run's snapshot, in place of one that was begun before; HostError when that fails."""

    @abstractmethod
    def unusable(self, taken: Taken) -> str:
        """Why the snapshot cannot be used any more; empty when it is as it was taken."""

    @abstractmethod
    def revert(self, taken: Taken, kept: Path) -> None:
        """Make the next boot start from the snapshot, the folder `kept` as it is now; a second call does no harm."""

    @abstractmethod
    def drop(self, taken: Taken, replaced: bool) -> None:
        """Delete the snapshot; with `replaced`, what it took the place of as well."""
