"""The host program whole: what each module calls, and the command line that the transaction's unit runs.

Every part is imported when it is called for: to import all of them takes a tenth of a second of a host's time.
"""

from __future__ import annotations

import json
from typing import Any

from .answer import Call, answered
from .errors import HostError
from .options import understood

__all__ = ["answered", "call_of", "called", "main"]

_WORDS = 3


def main(argv: list[str]) -> int:
    """`transact patch|rollback RUN`, or `revert|booted|giveback RUN`: 0 for an end as intended, 2 for wrong usage."""
    if len(argv) == _WORDS and argv[0] == "transact" and argv[1] in ("patch", "rollback"):
        from .transaction import transact

        return transact(argv[2], argv[1])
    if len(argv) == _WORDS - 1 and argv[0] == "giveback":
        from .upkeep import give_back

        return give_back(argv[1])
    if len(argv) == _WORDS - 1 and argv[0] in ("revert", "booted"):
        from . import reverting

        return {"revert": reverting.revert, "booted": reverting.booted}[argv[0]](argv[1])
    return 2


def call_of(name: str) -> Call:
    """What the module of this name calls."""
    if name == "apply":
        from .patching import CALL
    elif name == "inspect":
        from .inspection import CALL
    elif name == "lend":
        from .lending import CALL
    elif name == "maintenance":
        from .upkeep import CALL
    elif name == "measure":
        from .measuring import CALL
    elif name == "probe":
        from .survey import CALL
    elif name == "reboot":
        from .rebooting import CALL
    elif name == "relay":
        from .relaying import CALL
    elif name == "rollback":
        from .rollback import CALL
    elif name == "stage":
        from .staging import CALL
    elif name == "verify":
        from .verification import CALL
    else:
        raise HostError(f"there is no module {name}", code="input")
    return CALL


def called(arguments: str) -> dict[str, Any]:
    """The result of a module for the JSON that Ansible has for it; `_ansible` begins what is Ansible's own."""
    everything = json.loads(arguments)
    given = {name: value for name, value in everything.items() if not name.startswith("_ansible")}
    call = call_of(everything["_ansible_module_name"].rpartition(".")[2])
    check_mode = everything.get("_ansible_check_mode", False)
    if check_mode and not call.in_check_mode:
        return {"skipped": True, "msg": "this module does nothing in check mode"}
    try:
        values = understood(call.options, given)
    except HostError as error:
        return {"failed": True, "msg": error.sentence()}
    return answered(call, values, check_mode)
