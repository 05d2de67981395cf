"""The host program whole: the operations the modules call, and the command line that the transaction's unit runs."""

from __future__ import annotations

from .answer import respond
from .inspection import inspect
from .lending import lend
from .measuring import measure
from .patching import apply
from .rebooting import reboot
from .relaying import relay
from .reverting import booted, revert
from .rollback import rollback
from .staging import secured, stage
from .survey import probe
from .transaction import transact
from .upkeep import give_back, maintenance
from .verification import verify

__all__ = [
    "apply",
    "inspect",
    "lend",
    "main",
    "maintenance",
    "measure",
    "probe",
    "reboot",
    "relay",
    "respond",
    "rollback",
    "secured",
    "stage",
    "verify",
]

_WORDS = 3


def main(argv: list[str]) -> int:
    """`transact patch|rollback RUN`, or `revert|booted|giveback RUN`: 0 for an end as intended, 2 for wrong usage."""
    if len(argv) == _WORDS and argv[0] == "transact" and argv[1] in ("patch", "rollback"):
        return transact(argv[2], argv[1])
    alone = {"revert": revert, "booted": booted, "giveback": give_back}
    return alone[argv[0]](argv[1]) if len(argv) == _WORDS - 1 and argv[0] in alone else 2
