"""The host program whole: the operations the modules call, and the command line that the transaction's unit runs."""

from __future__ import annotations

from .answer import respond
from .inspection import inspect
from .patching import apply
from .rebooting import reboot
from .rollback import rollback
from .staging import stage
from .survey import probe
from .transaction import transact
from .upkeep import maintenance
from .verification import verify

__all__ = ["apply", "inspect", "main", "maintenance", "probe", "reboot", "respond", "rollback", "stage", "verify"]

_WORDS = 3


def main(argv: list[str]) -> int:
    """`transact patch|rollback RUN`: 0 for an end as intended, 1 for a journaled failure, 2 for wrong usage."""
    if len(argv) != _WORDS or argv[0] != "transact" or argv[1] not in ("patch", "rollback"):
        return 2
    return transact(argv[2], argv[1])
