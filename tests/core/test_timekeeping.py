"""Hosts are let in only by a clock that can be believed."""

import pytest
from tests.core.made import NOW, did, opened, plan

from patchtide.core.actions import Do, Wait
from patchtide.core.steps import Step
from patchtide.core.timekeeping import ClockPolicy, clock_gate
from patchtide.engine.inspect import standing


@pytest.mark.parametrize(
    ("policy", "synchronised", "ok"),
    [
        (ClockPolicy.TRUST, False, True),
        (ClockPolicy.TRUST, None, True),
        (ClockPolicy.AVOID_UNSYNCED, True, True),
        (ClockPolicy.AVOID_UNSYNCED, None, True),
        (ClockPolicy.AVOID_UNSYNCED, False, False),
        (ClockPolicy.REQUIRE_SYNC, True, True),
        (ClockPolicy.REQUIRE_SYNC, None, False),
        (ClockPolicy.REQUIRE_SYNC, False, False),
    ],
)
def test_a_clock_is_believed_as_far_as_the_policy_says(
    policy: ClockPolicy, synchronised: bool | None, ok: bool
) -> None:
    verdict = clock_gate(policy, synchronised)
    assert verdict.ok is ok
    assert ok or "clock" in verdict.reason


def test_nobody_is_let_in_by_a_clock_that_is_off_and_what_began_is_finished() -> None:
    of = plan(clock=ClockPolicy.AVOID_UNSYNCED)
    staged = did(opened(of), Step.STAGE, "t1", "t2")
    held = standing(staged, NOW, lambda: False)
    assert isinstance(held, Wait)
    assert (held.code, held.tier) == ("clock", "test")
    assert held.until > NOW
    assert isinstance(standing(staged, NOW, lambda: True), Do)
    inside = did(staged, Step.ENTER, "t1", "t2")
    going = standing(inside, NOW, lambda: False)
    assert isinstance(going, Do)
    assert going.step is Step.PATCH
