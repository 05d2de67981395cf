"""Only after a good backup, and one that is young enough when the host's turn comes."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from tests.core.made import NOW, did, opened, plan, tier

from patchtide.core.actions import Do, Settle, Wait
from patchtide.core.backup import MOST, Backup, outdated
from patchtide.core.decide import decide
from patchtide.core.events import Finding
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step
from patchtide.core.windows import Window

BACKUP = Backup(("verify",), ("run",), max_age=timedelta(hours=12), timeout=timedelta(hours=1))
GOOD = Finding(backed_up=True)


def asking(**more: object) -> Plan:
    return plan(tier("test", ("t1",), **more), backup=BACKUP)


def staged(of: Plan, at: datetime = NOW, finding: Finding = GOOD) -> Run:
    return did(opened(of), Step.STAGE, "t1", finding=finding, at=at)


def test_a_host_with_a_good_backup_is_entered() -> None:
    action = decide(staged(asking()), NOW)
    assert isinstance(action, Do)
    assert (action.step, action.hosts) == (Step.ENTER, ("t1",))


def test_a_host_that_does_not_say_that_it_has_one_stays_untouched() -> None:
    host = staged(asking(), finding=Finding()).hosts["t1"]
    assert (host.end, host.failed) == (EndState.UNTOUCHED, True)
    assert "good backup" in host.reason


def test_tiers_that_are_not_backed_up_need_none() -> None:
    of = replace(asking(), backup=replace(BACKUP, tiers=("prod",)))
    assert staged(of, finding=Finding()).hosts["t1"].next is Step.ENTER


def test_one_that_is_too_old_when_its_turn_comes_is_made_again() -> None:
    run = staged(asking())
    late = NOW + timedelta(hours=13)
    assert decide(run, late) == Do(Step.STAGE, ("t1",), "the backup would be too old")
    action = decide(did(run, Step.STAGE, "t1", finding=GOOD, at=late), late)
    assert isinstance(action, Do)
    assert action.step is Step.ENTER


def test_while_a_window_is_waited_for_it_is_made_again_right_before() -> None:
    opens = NOW + timedelta(hours=20)
    night = Window("night", "FREQ=DAILY", time(opens.hour, opens.minute), timedelta(hours=3), "UTC")
    run = staged(asking(always=False, windows=(night,)))
    wait = decide(run, NOW)
    assert isinstance(wait, Wait)
    assert wait.until == opens.replace(second=0, microsecond=0) - BACKUP.timeout
    assert "backed up again" in wait.reason
    assert decide(run, wait.until) == Do(Step.STAGE, ("t1",), "the backup would be too old")
    later = decide(did(run, Step.STAGE, "t1", finding=GOOD, at=wait.until), wait.until)
    assert isinstance(later, Wait)
    assert later.until == wait.until + BACKUP.timeout


def test_one_that_is_always_too_old_ends_in_an_answer() -> None:
    run, now = staged(asking()), NOW
    for _ in range(MOST - 1):
        now += timedelta(hours=13)
        assert decide(run, now) == Do(Step.STAGE, ("t1",), "the backup would be too old")
        run = did(run, Step.STAGE, "t1", finding=GOOD, at=now)
    action = decide(run, now + timedelta(hours=13))
    assert isinstance(action, Settle)
    assert (action.end, action.failed, action.hosts) == (EndState.UNTOUCHED, True, ("t1",))


def test_a_backup_from_the_future_is_none() -> None:
    made = [("a", NOW), ("b", NOW + timedelta(hours=1)), ("c", None), ("d", NOW - timedelta(hours=12, seconds=1))]
    assert outdated(BACKUP, made, NOW) == ("b", "c", "d")
