"""What every lock promises."""

from pathlib import Path

import pytest

from patchtide.adapters.fake import MemoryLock
from patchtide.adapters.lock import FileLock
from patchtide.core.errors import LockedError
from patchtide.ports import Lock


@pytest.fixture(params=["memory", "file"])
def lock(request: pytest.FixtureRequest, tmp_path: Path) -> Lock:
    return MemoryLock() if request.param == "memory" else FileLock(tmp_path / "state" / "lock")


def test_nobody_holds_it_at_first(lock: Lock) -> None:
    assert lock.holder() is None


def test_it_is_held_once_and_names_its_holder(lock: Lock) -> None:
    with lock.hold("run one"), pytest.raises(LockedError, match="is held by run one") as refused, lock.hold("run two"):
        pytest.fail("two hold it")
    assert refused.value.hint


def test_the_holder_is_known_while_it_lasts(lock: Lock) -> None:
    with lock.hold("run one"):
        assert "run one" in str(lock.holder())
    assert lock.holder() is None


def test_it_is_free_again_afterwards_also_after_a_failure(lock: Lock) -> None:
    with pytest.raises(ZeroDivisionError), lock.hold("run one"):
        raise ZeroDivisionError
    with lock.hold("run two"):
        assert "run two" in str(lock.holder())
        assert "run one" not in str(lock.holder())
