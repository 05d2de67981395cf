"""A backup is good when it was verified, and every other way of ending is a reason."""

from typing import Any

import pytest
from plugins.module_utils.host import backup
from plugins.module_utils.host.answer import Answer
from plugins.module_utils.host.staging import BLANK, secured

FINE = {"run": ["true"], "verify": ["true"], "timeout": 5}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (FINE, ""),
        ({**FINE, "run": None}, ""),
        ({"proven": True}, ""),
        ({**FINE, "run": ["sh", "-c", "echo disk full >&2; exit 3"]}, "no good backup: run: disk full"),
        ({**FINE, "verify": ["false"]}, "no good backup: verify: false ended with 1 and no message"),
        ({**FINE, "verify": ["/nowhere/check"]}, "no good backup: verify: /nowhere/check: No such file or directory"),
        ({**FINE, "verify": ["sleep", "60"], "timeout": 0.1}, "no good backup: verify: sleep did not end in time"),
        ({**FINE, "verify": []}, "no good backup: nothing verifies it"),
        ({"run": ["true"]}, "no good backup: nothing verifies it"),
    ],
)
def test_a_backup_is_good_or_there_is_a_reason(asked: dict[str, Any], why: str) -> None:
    assert backup.trouble(asked) == why


def test_a_host_that_is_ready_is_not_without_a_backup() -> None:
    ready = Answer({**BLANK, "ready": True})
    bad = secured(ready, {**FINE, "verify": ["false"]})
    assert (bad.report["ready"], bad.report["backed_up"]) == (False, False)
    assert bad.failure == bad.report["reason"] == "no good backup: verify: false ended with 1 and no message"
    good = secured(ready, FINE)
    assert (good.report["ready"], good.report["backed_up"], good.failure) == (True, True, "")


def test_nothing_is_backed_up_where_nobody_asks_or_the_host_is_not_ready() -> None:
    assert secured(Answer({**BLANK, "ready": True}), None).report["backed_up"] is False
    never = {**FINE, "run": ["false"]}
    assert secured(Answer(dict(BLANK), failure="no room"), never).failure == "no room"
