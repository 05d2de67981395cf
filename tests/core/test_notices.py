"""Which notices are due when, that none is due twice, and when a window counts as announced."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from tests.core.made import BAD, NOW, carried, did, entered, opened, plan, started, tier

from patchtide.core.channels import Channel, Command, News, Webhook
from patchtide.core.checklist import checklist_gate
from patchtide.core.deliveries import LOST
from patchtide.core.events import (
    Aborted,
    Continued,
    Event,
    Extended,
    Finding,
    Held,
    NoticeBegun,
    NoticeFailed,
    NoticeSent,
    Paused,
    RunEnded,
    RunTaken,
)
from patchtide.core.fold import fold
from patchtide.core.notices import due, notices_sent
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals, ChecklistItem
from patchtide.core.run import Run
from patchtide.core.said import EmergencyDeclared, Waived
from patchtide.core.steps import Outcome, Step
from patchtide.core.windows import Window

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OPENS = NOW + 14 * DAY - 2 * HOUR  # Saturday, two weeks later, 03:00
NIGHT = Window("night", "FREQ=MONTHLY;BYDAY=1SA", time(3), timedelta(hours=4), "UTC")
OPS = Command("ops", ("tell",), tiers=("prod",))
CHAT = Webhook("chat", "http://chat", on=(News.PLANNED, News.ENDED), tiers=("prod",))


def announcing(*channels: Channel, **more: object) -> Plan:
    times = (7 * DAY, DAY, HOUR)
    prod = tier("prod", ("p1", "p2"), **{"always": False, "windows": (NIGHT,), "announce": times, **more})
    return plan(tier("test", ("t1",)), prod, channels=channels or (OPS,))


def names(run: Run, now: datetime) -> list[str]:
    return [f"{channel.name}: {notice.name}" for notice, channel in due(run, now)]


def told(run: Run, now: datetime, problem: str = "", *, unsure: bool = False) -> Run:
    """The run after everything that is due was told, or failed."""
    for notice, channel in list(due(run, now)):
        run = fold(run, NoticeBegun(now, notice.name, channel.name, notice.subject))
        after: Event = NoticeSent(now, notice.name, channel.name)
        run = fold(run, NoticeFailed(now, notice.name, channel.name, problem, unsure) if problem else after)
    return run


def begin(at: str) -> str:
    return f"planned prod {OPENS:%Y%m%dT%H%M%SZ} {at}"


def test_a_window_is_announced_at_each_time_of_its_class_and_once() -> None:
    run = opened(announcing())
    found = []
    for hours in range(0, 14 * 24, 1):
        now = NOW + hours * HOUR
        found += [(name, OPENS - now) for name in names(run, now)]
        run = told(run, now)
    wanted = [("7d", 7 * DAY), ("1d", DAY), ("1h", HOUR)]
    assert found == [(f"ops: {begin(f'T-{at}')}", before) for at, before in wanted]


def test_who_comes_late_is_told_the_last_time_that_passed_and_not_all_of_them() -> None:
    assert names(opened(announcing()), OPENS - 2 * HOUR) == [f"ops: {begin('T-1d')}"]
    assert names(opened(announcing()), OPENS + HOUR) == [f"ops: {begin('now')}"]
    run = told(opened(announcing()), OPENS - 2 * HOUR)
    run = told(run, OPENS - HOUR)
    assert names(run, OPENS + HOUR) == []


def test_an_opening_that_was_missed_is_another_one_the_next_time() -> None:
    run = told(opened(announcing()), OPENS - HOUR)
    assert names(run, OPENS + 28 * DAY - HOUR) == [f"ops: planned prod {OPENS + 28 * DAY:%Y%m%dT%H%M%SZ} T-1h"]


def test_a_tier_that_is_always_open_is_announced_once() -> None:
    run = opened(announcing(always=True, windows=()))
    assert names(run, NOW) == ["ops: planned prod always now"]
    run = told(run, NOW)
    assert names(run, NOW + DAY) == []
    assert notices_sent(run, run.plan.tiers[1], NOW + DAY).ok


def test_the_words_say_what_when_and_how_much_it_is_felt() -> None:
    of = announcing()
    of = replace(of, tiers=(of.tiers[0], replace(of.tiers[1], impact="high", impact_why="a kernel is among it")))
    notice, _ = next(due(opened(of), OPENS - DAY))
    assert notice.subject == "Planned maintenance: prod, 2026-12-05 03:00 UTC to 2026-12-05 07:00 UTC"
    for part in ("window night", "high, because a kernel is among it", "p1, p2", "tide=1.1", "Asked for by ann"):
        assert part in notice.text


def test_what_becomes_of_a_tier_is_told_begun_rolled_back_done() -> None:
    of = announcing(always=True, windows=())
    run = told(carried(opened(of), "t1"), NOW)
    run = entered(run, "p1", "p2")
    assert names(run, NOW) == ["ops: begun prod"]
    run = told(run, NOW)
    harmed = did(did(run, Step.PATCH, "p1", "p2"), Step.VERIFY, "p1", "p2", finding=Finding(measurements=BAD))
    assert names(harmed, NOW) == ["ops: rolled_back prod"]
    back = told(harmed, NOW)
    for step in (Step.ROLLBACK, Step.LEAVE):
        back = did(back, step, "p1", "p2")
    assert names(back, NOW) == ["ops: done prod"]
    assert "2 rolled back" in next(due(back, NOW))[0].subject
    assert "t1" not in str(names(fold(back, RunEnded(NOW, Outcome.ROLLED_BACK, "why")), NOW))


def test_what_becomes_of_the_run_goes_to_all_who_take_such_news() -> None:
    of = announcing(OPS, CHAT)
    ended = fold(opened(of), RunEnded(NOW, Outcome.DONE, "all"))
    ended = replace(ended, outcome=Outcome.DONE, reason="all", ended_at=NOW)
    assert names(ended, NOW) == [f"{name}: ended {NOW:%Y%m%dT%H%M%SZ}" for name in ("ops", "chat")]
    waiting = fold(opened(of), Held(NOW, "approval", "nobody agreed", None, "prod"))
    assert names(waiting, NOW) == [f"ops: waiting approval {NOW:%Y%m%dT%H%M%SZ}"]
    assert names(fold(opened(of), Held(NOW, "shut", "shut", OPENS, "prod")), NOW) == []
    paused = fold(opened(of), Paused(NOW, "bob", "the sale"))
    assert names(paused, OPENS - DAY) == [f"ops: paused {NOW:%Y%m%dT%H%M%SZ}"]
    longer = fold(opened(of), Extended(NOW, "bob", "slow", "prod", "night", OPENS, OPENS + HOUR))
    assert names(longer, NOW) == [f"ops: extended prod {NOW:%Y%m%dT%H%M%SZ}"]


UPDATES = Command("updates", ("tell",), on=(News.BEGUN, News.PROGRESS, News.DONE), tiers=("prod",), every=HOUR / 2)
WORKED = (Step.STAGE, Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE)


def in_waves(*channels: Channel, **more: object) -> Plan:
    of = announcing(*channels, always=True, windows=(), **more)
    return replace(of, tiers=(of.tiers[0], replace(of.tiers[1], waves=(("p1",), ("p2",)))))


def test_who_asks_for_it_is_told_when_a_wave_is_done_and_so_long_after_that_once_each() -> None:
    run = did(carried(opened(in_waves(UPDATES)), "t1"), Step.STAGE, "p1", "p2")
    run = started(run, Step.ENTER, "p1", at=NOW)
    assert names(run, NOW + HOUR) == ["updates: begun prod"]  # that is how far it is, too
    found, run = [], told(run, NOW)
    for minutes in range(1, 100):
        now = NOW + timedelta(minutes=minutes)
        found += [(name, minutes) for name in names(run, now)]
        run = told(run, now)
    at = [f"updates: progress prod {NOW + number * HOUR / 2:%Y%m%dT%H%M%SZ}" for number in (1, 2, 3)]
    assert found == list(zip(at, (30, 60, 90), strict=True))
    later = NOW + 2 * HOUR
    run = did(run, Step.ENTER, "p1", at=later)
    for step in WORKED[2:]:
        run = did(run, step, "p1", at=later)
    assert names(run, later) == ["updates: progress prod wave 1"]
    run = told(run, later)
    assert names(run, later + 9 * HOUR) == []  # nobody is worked on: it may wait for days by now
    run = did(run, Step.ENTER, "p2", at=later)
    for step in WORKED[2:]:
        run = did(run, step, "p2", at=later)
    assert names(run, later + HOUR) == ["updates: done prod"]


def test_an_update_says_what_is_done_at_work_and_to_come() -> None:
    run = did(carried(opened(in_waves(UPDATES)), "t1"), Step.STAGE, "p1", "p2")
    for step in WORKED[1:]:
        run = told(did(run, step, "p1"), NOW)
    run = started(run, Step.ENTER, "p2", at=NOW)
    run = fold(run, Held(NOW, "lost", "p2 does not answer", NOW + HOUR, "prod"))
    notice, channel = next(due(run, NOW + HOUR))
    assert (channel, notice.news) == (UPDATES, News.PROGRESS)
    assert notice.subject == "Maintenance goes on: prod, 1 of 2 hosts done"
    for line in (
        "Done: 1 of 2 hosts: 1 patched",
        "At work: p2 (entering)",
        "To come: none",
        "The rest takes up to 21m of work, if nothing has to be put back.",
        "Waiting: p2 does not answer",
        "You will hear again within 30m, while work lasts.",
    ):
        assert line in notice.text.splitlines()


@pytest.mark.parametrize("problem", ["refused", ""])
def test_an_update_that_could_not_be_sent_is_followed_by_the_next_one(problem: str) -> None:
    run = did(carried(opened(in_waves(UPDATES)), "t1"), Step.STAGE, "p1", "p2")
    run = told(started(run, Step.ENTER, "p1", at=NOW), NOW)
    run = told(run, NOW + HOUR / 2, problem or "no answer", unsure=not problem)
    soon = [f"updates: progress prod {NOW + HOUR / 2:%Y%m%dT%H%M%SZ}"] if problem else []
    assert names(run, NOW + HOUR / 2 + timedelta(minutes=2)) == soon
    assert names(run, NOW + HOUR) == [f"updates: progress prod {NOW + HOUR:%Y%m%dT%H%M%SZ}"]


def test_nobody_is_told_of_progress_soaks_and_issues_who_did_not_ask_for_that() -> None:
    of = in_waves(OPS, replace(OPS, name="waves", on=(News.PROGRESS,)))
    run = did(carried(opened(of), "t1"), Step.STAGE, "p1", "p2")
    for step in WORKED[1:]:
        run = did(run, step, "p1")
    assert names(told(run, NOW), NOW + 9 * HOUR) == []
    assert names(run, NOW) == ["ops: planned prod always now", "ops: begun prod", "waves: progress prod wave 1"]


def test_a_soak_of_canaries_a_tier_and_everything_is_told_when_it_begins() -> None:
    asks = replace(OPS, on=(News.SOAKING,))
    of = replace(in_waves(asks), monitor=4 * HOUR)
    of = replace(of, tiers=(of.tiers[0], replace(of.tiers[1], canaries=1, canary_soak=HOUR, soak=2 * HOUR)))
    run = did(carried(opened(of), "t1"), Step.STAGE, "p1", "p2")
    for step in WORKED[1:]:
        run = did(run, step, "p1")
    assert names(run, NOW) == ["ops: soaking prod canary"]
    assert next(due(run, NOW))[0].subject == "Maintenance is watched: the canary of prod, until 2026-11-21 06:00 UTC"
    assert names(run, NOW + HOUR) == []
    run = told(run, NOW)
    for step in WORKED[1:]:
        run = did(run, step, "p2")
    assert names(run, NOW) == ["ops: soaking prod", "ops: soaking"]
    assert names(run, NOW + 2 * HOUR) == ["ops: soaking"]
    assert names(fold(run, Aborted(NOW, "bob", "no")), NOW) == []


def test_that_a_pause_is_over_is_told_after_it_and_once() -> None:
    asks = replace(OPS, on=(News.PAUSED, News.RESUMED))
    run = fold(opened(announcing(asks)), Paused(NOW, "bob", "the sale"))
    run = fold(told(run, NOW), Continued(NOW + HOUR, "cid"))
    assert names(run, NOW + HOUR) == [f"ops: resumed {NOW + HOUR:%Y%m%dT%H%M%SZ}"]
    assert names(told(run, NOW + HOUR), NOW + HOUR) == []
    assert names(fold(run, Paused(NOW + 2 * HOUR, "bob", "again")), NOW) == [
        f"ops: paused {NOW + 2 * HOUR:%Y%m%dT%H%M%SZ}"
    ]


def test_who_asks_for_issues_only_hears_of_a_tier_in_which_there_are_some() -> None:
    asks = replace(OPS, on=(News.ISSUES,))
    fine = carried(opened(announcing(asks, always=True, windows=())), "t1", "p1", "p2")
    assert names(fine, NOW) == []
    run = did(carried(opened(announcing(asks, always=True, windows=())), "t1"), Step.STAGE, "p1", "p2")
    run = did(did(run, Step.ENTER, "p1", "p2"), Step.PATCH, "p1", "p2")
    run = did(run, Step.VERIFY, "p1", "p2", finding=Finding(measurements=BAD))
    for step in (Step.ROLLBACK, Step.LEAVE):
        run = did(run, step, "p1", "p2")
    assert names(run, NOW) == ["ops: issues prod"]


def test_an_emergency_is_announced_as_a_window_of_its_own() -> None:
    of = announcing()
    run = opened(of, EmergencyDeclared(NOW, "ann", of.digest, "a worm", NOW + 2 * HOUR))
    assert names(run, NOW) == [f"ops: planned prod {NOW:%Y%m%dT%H%M%SZ} now"]


def test_nothing_is_planned_once_a_run_is_stopped_and_nobody_hears_where_no_channel_is() -> None:
    assert names(opened(announcing(), Aborted(NOW, "bob", "no")), OPENS - HOUR) == []
    silent = replace(announcing(), channels=())
    assert names(opened(silent), OPENS - HOUR) == []


def test_a_failure_is_tried_again_after_a_while_and_not_for_ever() -> None:
    run, now, tries = opened(announcing()), OPENS - DAY, 0
    while now < OPENS - HOUR:
        before = run
        run = told(run, now, "refused")
        tries += run is not before
        assert names(run, now) == []
        now += timedelta(minutes=1)
    assert tries == 6


@pytest.mark.parametrize("unsure", [True, False])
def test_what_may_have_arrived_is_never_sent_again(unsure: bool) -> None:
    run = told(opened(announcing()), OPENS - DAY, "no answer", unsure=unsure)
    assert bool(names(run, OPENS - DAY + HOUR)) is not unsure
    name = begin("T-1d")
    dead = fold(fold(opened(announcing()), NoticeBegun(OPENS - DAY, name, "ops", "x")), RunTaken(OPENS, "bob"))
    assert names(dead, OPENS - HOUR - timedelta(minutes=1)) == []
    assert LOST in notices_sent(dead, dead.plan.tiers[1], OPENS - 2 * HOUR).reason


def test_a_notice_on_its_way_is_not_sent_again() -> None:
    run = fold(opened(announcing()), NoticeBegun(OPENS - DAY, begin("T-1d"), "ops", "x"))
    assert names(run, OPENS - DAY + HOUR) == []


def checked(of: Plan, run: Run, now: datetime) -> str:
    verdict = notices_sent(run, of.tiers[1], now)
    return "" if verdict.ok else verdict.reason


def test_a_window_counts_as_announced_when_every_channel_took_every_notice_of_it() -> None:
    of = announcing(OPS, CHAT)
    run = opened(of)
    assert "sends the next notice 2026-11-28 03:00 UTC" in checked(of, run, NOW)
    run = told(run, OPENS - 7 * DAY)
    assert checked(of, run, OPENS - 6 * DAY) == ""
    run = told(run, OPENS - DAY, "refused")
    assert f"ops was not told ({begin('T-1d')}): refused" in checked(of, run, OPENS - DAY)
    run = told(run, OPENS - DAY + HOUR)
    assert checked(of, run, OPENS - DAY + HOUR) == ""


def test_without_a_channel_for_the_tier_nothing_is_announced() -> None:
    for of in (replace(announcing(), channels=()), announcing(replace(OPS, tiers=("test",)))):
        assert "no channel is configured" in checked(of, opened(of), NOW)
    of = announcing(replace(OPS, on=(News.ENDED,)))
    assert "no channel is configured" in checked(of, opened(of), NOW)


def test_what_was_sent_counts_when_the_notice_is_over_and_the_item_is_waived_by_name() -> None:
    item = ChecklistItem("n", HOUR, auto="notices_sent")
    of = announcing(approvals=Approvals(1, ("bob",), 7 * DAY), checklist=(item,))
    run = told(opened(of), OPENS - 10 * DAY)
    assert "the notice is not over before 2026-11-28 05:00 UTC" in checked(of, run, NOW)
    assert not checklist_gate(opened(of), of.tiers[1], NOW).ok
    assert checklist_gate(opened(of, Waived(NOW, "bob", of.digest, "n", "by phone")), of.tiers[1], NOW).ok


def test_a_tier_that_is_at_work_is_not_announced_any_more() -> None:
    run = did(carried(told(opened(announcing()), OPENS - HOUR), "t1"), Step.STAGE, "p1", "p2")
    run = started(run, Step.ENTER, "p1", at=OPENS)
    assert names(run, OPENS) == ["ops: begun prod"]


def test_a_tier_that_needs_a_second_opening_is_announced_again_for_it() -> None:
    of = announcing()
    of = replace(of, tiers=(of.tiers[0], replace(of.tiers[1], waves=(("p1",), ("p2",)))))
    run = told(carried(opened(of), "t1"), OPENS - HOUR)
    run = did(run, Step.STAGE, "p1", "p2", at=OPENS)
    assert notices_sent(run, of.tiers[1], OPENS).ok
    for step in (Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = told(did(run, step, "p1", at=OPENS), OPENS)
    assert names(run, OPENS + HOUR) == []
    again = OPENS + 28 * DAY
    assert not notices_sent(run, of.tiers[1], again - HOUR).ok
    assert names(run, again - HOUR) == [f"ops: planned prod {again:%Y%m%dT%H%M%SZ} T-1h"]
    run = told(run, again - HOUR)
    assert notices_sent(run, of.tiers[1], again).ok
    for step in (Step.ENTER, Step.PATCH, Step.VERIFY, Step.LEAVE):
        run = told(did(run, step, "p2", at=again), again)
    assert notices_sent(run, of.tiers[1], again + DAY).ok
