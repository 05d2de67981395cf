"""Judgement on streams of events that a real run shows only by accident."""

from collections.abc import Iterable, Mapping

import pytest

from patchtide.adapters.ansible.judgement import judgement
from patchtide.core.events import Status
from patchtide.ports import Report

OURS = {"resolved_action": "patchtide.patchtide.apply"}


def said(event: str, host: str = "a", **data: object) -> dict[str, object]:
    return {"event": event, "event_data": {"host": host, **data}}


def answered(host: str = "a") -> dict[str, object]:
    return said("runner_on_ok", host, res={"report": {"fine": True}}, **OURS)


def stats(*hosts: str, **counts: Mapping[str, int]) -> dict[str, object]:
    return {"event": "playbook_on_stats", "event_data": {"processed": dict.fromkeys(hosts, 1), **counts}}


def reports(events: Iterable[Mapping[str, object]], hosts: Iterable[str] = ("a",)) -> list[Report]:
    known = judgement(hosts)
    return [report for event in events for report in known.heard(event)] + list(known.given_up("it ended"))


@pytest.mark.fault(13, how="events without the last one")
def test_a_report_without_the_final_count_is_not_enough() -> None:
    assert reports([answered()]) == [Report("a", Status.UNKNOWN, "it ended", {})]


def test_with_the_final_count_it_is() -> None:
    assert reports([answered(), stats("a")]) == [Report("a", Status.OK, "", {"fine": True})]


def test_an_action_of_that_name_from_elsewhere_is_no_report() -> None:
    other = said("runner_on_ok", res={"report": {"fine": True}}, resolved_action="someone.else.patchtide.patchtide.x")
    assert [r.status for r in reports([other, stats("a")])] == [Status.UNKNOWN]


def test_the_last_report_counts() -> None:
    later = said("runner_on_ok", res={"report": {"fine": "later"}}, **OURS)
    assert reports([answered(), later, stats("a")])[0].data == {"fine": "later"}


def test_a_later_unreadable_report_does_not_leave_the_earlier_one_standing() -> None:
    later = said("runner_on_ok", res={}, **OURS)
    assert [r.status for r in reports([answered(), later, stats("a")])] == [Status.UNKNOWN]


def test_losses_that_only_the_final_count_knows_of_are_not_overlooked() -> None:
    events = [answered("a"), answered("b"), stats("a", "b", dark={"a": 1}, failures={"b": 1})]
    assert [(r.host, r.status) for r in reports(events, "ab")] == [("a", Status.UNREACHABLE), ("b", Status.FAILED)]


def test_the_first_bad_news_stands_although_the_host_goes_on() -> None:
    failed = said("runner_on_failed", res={"msg": "no"})
    assert [r.status for r in reports([failed, answered(), stats("a")])] == [Status.FAILED]


def test_an_ignored_failure_is_none() -> None:
    failed = said("runner_on_failed", res={"msg": "no"}, ignore_errors=True)
    assert [r.status for r in reports([failed, answered(), stats("a")])] == [Status.OK]


def test_hosts_that_nobody_asked_about_are_not_reported() -> None:
    events = [answered("b"), said("runner_on_failed", "b", res={"msg": "no"}), answered(), stats("a", "b")]
    assert [r.host for r in reports(events)] == ["a"]


def test_what_ansible_complained_of_last_explains_a_silence() -> None:
    error = {"event": "error", "stdout": "[ERROR]: no such\r\n  module Traceback (most recent call last): much more"}
    (report,) = reports([error, {"event": "verbose", "stdout": "something else"}])
    assert report.reason == "it ended: [ERROR]: no such module"


def test_reasons_are_cut_and_harmless_on_a_terminal() -> None:
    failed = said("runner_on_failed", res={"msg": "\x1b[2J\x07" + "x" * 100_000})
    (report,) = reports([failed])
    assert len(report.reason) == 2000
    assert report.reason.isprintable()


def test_a_changed_host_key_is_told_without_its_frame() -> None:
    frame = "@" * 59
    told = f"Failed to connect via ssh: {frame}\n@    WARNING: IT HAS CHANGED!     @\n{frame}\nAsk root@web."
    (report,) = reports([said("runner_on_unreachable", res={"msg": told})])
    assert report.reason == "Failed to connect via ssh: WARNING: IT HAS CHANGED!\nAsk root@web."


def test_odd_events_are_no_accident() -> None:
    odd: list[Mapping[str, object]] = [
        {},
        {"event": None},
        {"event": "runner_on_ok", "event_data": None},
        {"event_data": []},
        said("runner_on_ok"),
    ]
    assert [r.status for r in reports(odd)] == [Status.UNKNOWN]


def test_a_host_took_as_long_as_its_own_tasks_and_not_as_long_as_it_waited_for_its_turn() -> None:
    begun = said("runner_on_ok", duration=2.5, res={"changed": True})
    mine = {**answered(), "event_data": {**OURS, "host": "a", "duration": 1.25, "res": {"report": {"fine": True}}}}
    odd = said("runner_on_skipped", duration="long")
    assert [r.seconds for r in reports([begun, odd, mine, stats("a")])] == [3.75]
    assert [r.seconds for r in reports([answered(), stats("a")])] == [0.0]
