"""What every clock promises."""

from datetime import timedelta

import pytest

from patchtide.adapters.clock import SystemClock
from patchtide.adapters.fake import FakeClock
from patchtide.ports import Clock


@pytest.fixture(params=[FakeClock, SystemClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    return request.param()


def test_instants_are_aware_and_in_utc(clock: Clock) -> None:
    assert clock.now().utcoffset() == timedelta(0)


def test_sleeping_lets_at_least_that_much_time_pass(clock: Clock) -> None:
    before = clock.now()
    clock.sleep(0.02)
    assert clock.now() - before >= timedelta(seconds=0.019)


def test_a_negative_sleep_is_none(clock: Clock) -> None:
    before = clock.now()
    clock.sleep(-3600)
    assert clock.now() >= before
