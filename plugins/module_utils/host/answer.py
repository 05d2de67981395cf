"""What an operation answers, what a module calls, and how a module hands the answer on."""

from __future__ import annotations

import errno
import traceback
from dataclasses import dataclass
from typing import Any, Callable, Mapping

from .errors import HostError
from .options import Options


@dataclass(frozen=True)
class Answer:
    """A report, whether the host was changed, and the sentence of a failure (empty when there is none)."""

    report: dict[str, Any]
    changed: bool = False
    failure: str = ""


@dataclass(frozen=True)
class Call:
    """What a module does: its options, the operation for their values and check mode, and a report of nothing.

    `in_check_mode`: whether the operation can say what it would do.
    """

    options: Options
    operation: Callable[[Mapping[str, Any], bool], Answer]
    blank: dict[str, Any]
    in_check_mode: bool = True


def answered(call: Call, given: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """Do what is called for; the module's result has a report in any case, and a sentence where it failed."""
    try:
        answer = call.operation(given, check_mode)
    except HostError as error:
        return _refused(error, call.blank)
    except Exception as error:  # noqa: BLE001  a report on failure too, whatever it was
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return _refused(_no_room(error), call.blank)
        sentence = f"Patchtide's host program broke: {type(error).__name__}: {error}"
        broken = HostError(sentence, "report it with the exception", "bug")
        return {**_refused(broken, call.blank, sentence), "exception": traceback.format_exc()}
    failure = {"failed": True, "msg": answer.failure} if answer.failure else {}
    return {"report": answer.report, "changed": answer.changed, **failure}


def _refused(error: HostError, blank: Mapping[str, Any], sentence: str = "") -> dict[str, Any]:
    trouble = {"code": error.code, "reason": error.reason, "hint": error.hint}
    reason = sentence or error.sentence()
    report = {**blank, "reason": reason, "trouble": [trouble]}
    return {"failed": True, "msg": reason, "report": report, "changed": False}


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def _no_room(error: OSError) -> HostError:
    """What a full or read-only file system says, wherever it is met."""
    reason = f"the host cannot write {error.filename or 'below /var/lib/patchtide'}: {error.strerror}"
    return HostError(reason, "make room there, or remount it writable", code="space")
