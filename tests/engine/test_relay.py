"""A socket behind a host of the inventory: asked through that host, and no answer is no answer."""

import pytest
from tests.engine.desks import Answering

from patchtide.core.errors import PatchtideError
from patchtide.core.events import Status
from patchtide.core.steps import Step
from patchtide.engine.relay import relayed
from patchtide.ports import Report

ASKED = ["show stat", "show info"]


def through(*, status: Status = Status.OK, **data: object) -> Answering:
    def answer(step: Step, host: str) -> Report:
        return Report(host, status, "no route" if status is not Status.OK else "", data)

    return Answering(answer)


def test_the_named_host_passes_commands_on() -> None:
    at = through(answers=["a", "b"])
    assert relayed(at, ("inventory",), "r1", "lb1", "/run/admin.sock", ASKED) == ["a", "b"]
    (deed,) = at.deeds
    assert (deed.playbook, deed.run_id, dict(deed.requests)) == (
        "relay",
        "r1",
        {"lb1": {"socket": "/run/admin.sock", "commands": ASKED}},
    )


@pytest.mark.parametrize(
    "at",
    [through(status=Status.UNREACHABLE), through(answers=["a"]), through(answers="ab"), through()],
    ids=["unreachable", "too few", "no list", "nothing"],
)
def test_anything_else_is_an_error(at: Answering) -> None:
    with pytest.raises(PatchtideError, match="lb1"):
        relayed(at, ("inventory",), "r1", "lb1", "/run/admin.sock", ASKED)
