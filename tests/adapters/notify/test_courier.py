"""Notices beside a run: nobody waits for a slow channel, each channel has its order, and every notice its receipt."""

import threading
from dataclasses import replace
from datetime import timedelta

from tests.adapters.notify.test_ways import letter

from patchtide.adapters.notify.courier import ThreadCourier
from patchtide.adapters.notify.ways import NotSentError
from patchtide.core.channels import Command
from patchtide.ports import Letter


def numbered(channel: str, number: int) -> Letter:
    return replace(letter(Command(channel, ("true",), timeout=timedelta(0))), id=f"{channel} {number}")


def test_a_slow_channel_holds_up_neither_the_run_nor_the_others() -> None:
    go, done = threading.Event(), threading.Event()

    def deliver(one: Letter) -> None:
        if one.channel.name == "slow":
            go.wait(30)
        else:
            done.set()

    courier = ThreadCourier(deliver)
    courier.send(numbered("slow", 1))
    courier.send(numbered("quick", 1))
    assert done.wait(30)
    while not (found := courier.receipts()):
        pass
    assert [(one.letter.id, one.problem) for one in found] == [("quick 1", "")]
    go.set()
    assert [one.letter.id for one in courier.receipts(wait=True)] == ["slow 1"]
    assert courier.receipts(wait=True) == []


def test_each_channel_has_its_order_and_a_failure_its_reason() -> None:
    def deliver(one: Letter) -> None:
        if one.id == "ops 1":
            raise NotSentError("no such room", unsure=True)
        if one.id == "ops 2":
            raise RuntimeError("a bug")

    courier = ThreadCourier(deliver)
    for number in (1, 2, 3):
        courier.send(numbered("ops", number))
    said = [(one.letter.id, one.problem, one.unsure) for one in courier.receipts(wait=True)]
    assert said == [("ops 1", "no such room", True), ("ops 2", "RuntimeError: a bug", True), ("ops 3", "", False)]


def test_who_never_ends_is_given_up_on_and_counts_as_in_doubt() -> None:
    go = threading.Event()

    def deliver(_: Letter) -> None:
        go.wait(60)

    courier = ThreadCourier(deliver)
    courier.send(replace(numbered("stuck", 1), channel=Command("stuck", ("x",), timeout=timedelta(seconds=-5))))
    found = courier.receipts(wait=True)
    go.set()
    assert [(one.letter.id, one.unsure) for one in found] == [("stuck 1", True)]
