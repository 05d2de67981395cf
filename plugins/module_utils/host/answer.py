"""What an operation answers, and how a module hands it on."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from typing import Any, Callable

from .errors import HostError


@dataclass(frozen=True)
class Answer:
    """A report, whether the host was changed, and the sentence of a failure (empty when there is none)."""

    report: dict[str, Any]
    changed: bool = False
    failure: str = ""


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _no_room(error: OSError) -> HostError:
    """What a full or read-only file system says, wherever it is met."""
    reason = f"the host cannot write {error.filename or 'below /var/lib/patchtide'}: {error.strerror}"
    return HostError(reason, "make room there, or remount it writable", code="space")


def _refuse(module: Any, error: HostError, blank: dict[str, Any]) -> None:
    trouble = {"code": error.code, "reason": error.reason, "hint": error.hint}
    report = {**blank, "reason": error.sentence(), "trouble": [trouble]}
    module.fail_json(msg=error.sentence(), report=report, changed=False)


def respond(module: Any, operation: Callable[[], Answer], blank: dict[str, Any]) -> None:
    """Run the operation and leave the module with its report; `blank` is that of an operation that could not run."""
    try:
        answer = operation()
    except HostError as error:
        _refuse(module, error, blank)
    except Exception as error:  # noqa: BLE001  a report on failure too, whatever it was
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            _refuse(module, _no_room(error), blank)
            return
        sentence = f"Patchtide's host program broke: {type(error).__name__}: {error}"
        trouble = {"code": "bug", "reason": sentence, "hint": "report it with the exception"}
        report = {**blank, "reason": sentence, "trouble": [trouble]}
        module.fail_json(msg=sentence, report=report, changed=False, exception=traceback.format_exc())
    else:
        if answer.failure:
            module.fail_json(msg=answer.failure, report=answer.report, changed=answer.changed)
        module.exit_json(report=answer.report, changed=answer.changed)
