"""What a module says when it cannot go on: a sentence with its code, and a bug only where it is one."""

import errno
import os
from typing import Any

import pytest
from plugins.module_utils.host import host
from plugins.module_utils.host.answer import Answer, Call, answered
from plugins.module_utils.host.errors import HostError


def said(trouble: Exception) -> dict[str, Any]:
    """What a module's result is when its operation raises."""

    def operation(_given: object, _check_mode: bool) -> Answer:
        raise trouble

    return answered(Call({}, operation, {"ready": False}), {}, check_mode=False)


@pytest.mark.fault(28, how="ENOSPC, EDQUOT and EROFS from any write of the host program")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_or_read_only_disk_is_told_as_what_it_is(number: int) -> None:
    found = said(OSError(number, os.strerror(number), "/var/lib/patchtide/r-1/stage.json"))
    assert "cannot write /var/lib/patchtide/r-1/stage.json" in found["msg"]
    assert found["report"]["trouble"][0]["code"] == "space"
    assert "exception" not in found


def test_anything_else_is_a_bug_with_its_trace() -> None:
    found = said(OSError(errno.EIO, "bad disk"))
    assert found["report"]["trouble"][0]["code"] == "bug"
    assert "Traceback" in found["exception"]


@pytest.mark.fault(37, how="a machine id that is not the planned one")
def test_another_machine_is_refused_and_an_unknown_one_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "machine_id", lambda: "a" * 32)
    host.require_machine("a" * 32)
    host.require_machine("")
    with pytest.raises(HostError, match="another machine") as refused:
        host.require_machine("b" * 32)
    assert refused.value.code == "machine"
    assert said(refused.value)["report"]["ready"] is False
