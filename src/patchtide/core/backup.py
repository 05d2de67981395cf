"""Only after a good backup: made and verified outside the window, and young enough when the host is entered."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Backup:
    """How a host is backed up before its update: each a command on the host (its words), or a file of Ansible tasks.

    `run` makes the backup (None: something else does), `verify` has to find it good. It counts for `max_age` from then.
    """

    verify: tuple[str, ...] | str
    run: tuple[str, ...] | str | None = None
    max_age: timedelta = timedelta(days=1)
    timeout: timedelta = timedelta(hours=1)
    tiers: tuple[str, ...] = ()

    def concerns(self, tier: str) -> bool:
        """Return whether the hosts of a tier are backed up."""
        return not self.tiers or tier in self.tiers


MOST = 5
"""How often a host is backed up before its turn comes: a backup that is always too old is none."""


def outdated(backup: Backup, backed_up: Iterable[tuple[str, datetime | None]], at: datetime) -> tuple[str, ...]:
    """Return the hosts whose backup is too old at an instant, or is dated later (a clock was set)."""
    return tuple(name for name, made in backed_up if made is None or not made <= at <= made + backup.max_age)
