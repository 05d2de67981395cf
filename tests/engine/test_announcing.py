"""Notices beside the loop: the intent is kept before a notice goes out, a failure stops nobody, none goes twice."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tests.core.made import NOW, plan, tier
from tests.engine.desks import Answering, desk, fine

from patchtide.adapters.fake import FakeClock, MemoryCourier
from patchtide.adapters.notify.courier import ThreadCourier
from patchtide.core.channels import Command, News
from patchtide.core.events import NoticeBegun, NoticeFailed, NoticeSent
from patchtide.core.plan import Plan
from patchtide.core.steps import Outcome, Step
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import run_named, timeline
from patchtide.engine.rollout import drive, open_run
from patchtide.ports import Letter, Receipt, Report

OPS = Command("ops", ("tell",), tiers=("prod",))


def telling() -> Plan:
    return plan(tier("test", ("t1",)), tier("prod", ("p1",)), channels=(OPS,))


def at_work(courier: object = None, executor: Answering | None = None) -> tuple[Desk, MemoryCourier]:
    sender = courier or MemoryCourier()
    return replace(desk(executor), courier=sender), sender  # type: ignore[arg-type,return-value]


def subjects(sender: MemoryCourier) -> list[str]:
    return [letter.notice.subject.partition(":")[0] for letter in sender.sent]


def test_a_run_tells_from_the_plan_to_its_end_and_each_thing_once() -> None:
    at, sender = at_work()
    run_id = open_run(telling(), at, "ann")
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    told = ["Planned maintenance", "Maintenance has begun", "Maintenance is done", "The run has ended"]
    assert subjects(sender) == told
    assert len({letter.id for letter in sender.sent}) == len(told)
    kinds = [event.kind for event in timeline(at.store, run_id) if event.kind.startswith("notice")]
    assert sorted(kinds) == ["notice_begun"] * 4 + ["notice_sent"] * 4
    drive(run_id, at, by="ann", wait=True)
    assert len(sender.sent) == len(told)


class Watching(MemoryCourier):
    """A courier that looks at the log when it is called: was the intent kept?"""

    def __init__(self) -> None:
        super().__init__()
        self.desk: Desk | None = None

    def send(self, letter: Letter) -> None:
        assert self.desk is not None
        last = timeline(self.desk.store, letter.run_id)[-1]
        assert isinstance(last, NoticeBegun)
        assert (last.notice, last.channel) == (letter.notice.name, letter.channel.name)
        super().send(letter)


def test_the_intent_is_kept_before_a_notice_goes_out() -> None:
    sender = Watching()
    at, _ = at_work(sender)
    sender.desk = at
    drive(open_run(telling(), at, "ann"), at, by="ann", wait=True)
    assert len(sender.sent) == 4


def test_a_channel_that_takes_nothing_stops_nobody_and_the_reason_is_kept() -> None:
    at, sender = at_work()
    sender.problems["ops"] = "no such room"
    run_id = open_run(telling(), at, "ann")
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    failed = [event for event in timeline(at.store, run_id) if isinstance(event, NoticeFailed)]
    assert {event.reason for event in failed} == {"no such room"}
    sender.problems.clear()
    assert isinstance(at.clock, FakeClock)
    at.clock.sleep(timedelta(minutes=2).total_seconds())
    drive(run_id, at, by="tick", wait=False)  # what is told of the end is told later
    sent = [event.notice.partition(" ")[0] for event in timeline(at.store, run_id) if isinstance(event, NoticeSent)]
    assert sent == ["done", "ended"]


class Slow(MemoryCourier):
    """A courier whose notices are on their way until somebody waits for them."""

    def receipts(self, *, wait: bool = False) -> Sequence[Receipt]:
        return super().receipts(wait=wait) if wait else ()


def test_a_slow_channel_is_waited_for_only_once_nothing_is_left_to_do() -> None:
    sender = Slow()
    executor = Answering()
    at, _ = at_work(sender, executor)
    run_id = open_run(telling(), at, "ann")
    drive(run_id, at, by="ann", wait=True)
    events = timeline(at.store, run_id)
    first = next(place for place, event in enumerate(events) if isinstance(event, NoticeSent))
    ended = next(place for place, event in enumerate(events) if event.kind == "run_ended")
    assert first > ended
    assert len(sender.sent) == sum(isinstance(event, NoticeSent) for event in events)


def test_a_real_program_is_told_by_a_thread_of_its_own(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    loud = replace(OPS, argv=("sh", "-c", f"cat >> {heard}; echo >> {heard}"))
    deaf = replace(OPS, name="deaf", argv=("sh", "-c", "exit 7"))
    at, _ = at_work(ThreadCourier())
    run_id = open_run(replace(telling(), channels=(loud, deaf)), at, "ann")
    assert drive(run_id, at, by="ann", wait=True).outcome is Outcome.DONE
    told = [json.loads(line) for line in heard.read_text("utf-8").splitlines()]
    assert [one["news"] for one in told] == ["planned", "begun", "done", "ended"]
    failed = [event for event in timeline(at.store, run_id) if isinstance(event, NoticeFailed)]
    assert {(event.channel, event.reason) for event in failed} == {("deaf", "sh ended with 7: no message")}


class Killed(BaseException):
    """The controller is killed."""


def test_a_controller_that_dies_with_a_notice_on_its_way_leaves_it_in_doubt() -> None:
    def dying(step: Step, host: str) -> Report:
        if step is Step.STAGE and not sender.sent[1:]:
            raise Killed
        return fine(step, host)

    sender = Slow()
    at, _ = at_work(sender, Answering(dying))
    run_id = open_run(telling(), at, "ann")
    with pytest.raises(Killed):
        drive(run_id, at, by="ann", wait=True)
    again = replace(at, courier=MemoryCourier(), executor=Answering())
    drive(run_id, again, by="ann", wait=True)
    assert isinstance(again.courier, MemoryCourier)
    assert subjects(sender) == ["Planned maintenance"]
    assert "Planned maintenance" not in subjects(again.courier)
    lost = [one for (name, _), one in run_named(at.store, run_id)[1].deliveries.items() if name.startswith("planned")]
    assert [one.unsure for one in lost] == [True]


def test_updates_go_out_while_work_lasts_also_by_who_takes_it_up_and_none_twice() -> None:
    clock, deeds, alive = FakeClock(NOW), list[tuple[Step, str]](), [False]

    def slowly(step: Step, host: str) -> Report:
        deeds.append((step, host))
        if (step, host) == (Step.VERIFY, "p2") and not alive[0]:
            raise Killed
        clock.sleep(20 * 60)
        return fine(step, host)

    told = Command("ops", ("tell",), on=(*_ASKED, News.SOAKING), tiers=("prod",), every=timedelta(minutes=30))
    prod = tier("prod", ("p1",), ("p2",), soak=timedelta(hours=1))
    at, sender = at_work(executor=Answering(slowly))
    at = replace(at, clock=clock)
    run_id = open_run(plan(tier("test", ("t1",)), prod, channels=(told,)), at, "ann")
    with pytest.raises(Killed):
        drive(run_id, at, by="ann", wait=True)
    before, alive[0] = len(sender.sent), True
    assert drive(run_id, at, by="tick", wait=True).outcome is Outcome.DONE
    names = [letter.notice.name for letter in sender.sent]
    assert len(set(names)) == len(names)
    news = [letter.notice.news for letter in sender.sent]
    assert news[0] is News.BEGUN
    assert news.count(News.PROGRESS) == len(news) - 4
    assert "progress prod wave 1" in names
    assert news[-3:] == [News.DONE, News.SOAKING, News.ENDED]
    assert News.PROGRESS in news[before:]
    kept = [event for event in timeline(at.store, run_id) if isinstance(event, NoticeSent)]
    assert {event.notice for event in kept} == set(names)
    gaps = [later.at - one.at for one, later in pairwise(kept) if "soaking" not in one.notice]
    assert max(gaps) <= timedelta(minutes=30 + 2 * 20)  # it is looked for between two steps, and known one later


_ASKED = (News.BEGUN, News.PROGRESS, News.DONE, News.ENDED)
