"""Distributions in the reports, and the checks that were not made."""

from dataclasses import replace
from datetime import timedelta

from tests.core.made import GOOD, NOW, WEB, host_plan, opened, plan, tier
from tests.report.stories import RUN_ID, Teller

from patchtide.core.decide import decide
from patchtide.core.events import Finding
from patchtide.core.fold import fold
from patchtide.core.health import Check, Measurement
from patchtide.core.said import Waived
from patchtide.core.steps import Step
from patchtide.report.html import html_text
from patchtide.report.markdown import markdown_text
from patchtide.report.numbers import WIDTH, numbers_views, places, spread_text
from patchtide.report.plantext import plan_text_view
from patchtide.report.proofs import not_made_lines
from patchtide.report.runtext import standing_text
from patchtide.report.runview import bars, run_view

BEFORE = tuple(20 + place / 10 for place in range(30))
AFTER = tuple(number * 1.5 for number in BEFORE)
SLOW = Measurement("latency", "fail", "p95 34, was 23 <b>", "pass", AFTER, BEFORE, "ms")


def told() -> Teller:
    story = Teller(plan(tier("test", ("t1",))))
    for step in (Step.STAGE, Step.ENTER, Step.PATCH):
        story.did(step, "t1")
    story.did(Step.VERIFY, "t1", finding=Finding(measurements=(*GOOD, SLOW), confirmed=True))
    return story


def test_both_distributions_are_in_the_report() -> None:
    story = told()
    [one] = numbers_views(story.events)
    assert (one.host, one.check, one.status) == ("t1", "latency", "fail")
    assert spread_text(one.before, one.unit) == "p50 21.4 ms, p95 22.8 ms, n 30"
    assert spread_text(one.after, one.unit) == "p50 32.1 ms, p95 34.2 ms, n 30"
    view, steps = run_view(RUN_ID, story.run), bars(story.events)
    text = markdown_text(view, steps, [one])
    assert "p95 22.8 ms, n 30" in text
    assert "p95 34.2 ms, n 30" in text
    page = html_text(view, story.run, steps, NOW, [one])
    assert page.count('<line class="was"') == 30
    assert page.count('<line class="now fail"') == 30
    assert "was 23 &lt;b&gt;" in page
    assert "<script" not in page


def test_the_drawing_has_one_scale_for_both_sides() -> None:
    [one] = numbers_views(told().events)
    before, after = places(one.samples_before, one), places(one.samples, one)
    assert 0 <= min(before) < max(before) < max(after) <= WIDTH
    assert places((1.0,), replace(one, samples_before=(1.0,), samples=(1.0,)))


def test_of_several_looks_the_latest_is_shown_and_what_was_put_back_beside_it() -> None:
    story = told()
    back = replace(SLOW, status="pass", samples=BEFORE)
    story.did(Step.ROLLBACK, "t1", finding=Finding(restored="restored", measurements=(*GOOD, back)))
    assert [(one.step, one.status) for one in numbers_views(story.events)] == [
        (Step.ROLLBACK, "pass"),
        (Step.VERIFY, "fail"),
    ]


def test_no_numbers_no_section() -> None:
    story = Teller()
    story.carried("t1")
    assert numbers_views(story.events) == ()
    assert "Numbers" not in markdown_text(run_view(RUN_ID, story.run), bars(story.events))


OFF = Check("smoke", "tcp", {"port": 1}, enabled=False)


def test_a_check_that_is_not_made_is_in_plan_status_and_report_until_and_after_it_is_waived() -> None:
    hosts = [host_plan("t1", skipped=("db",))]
    run = opened(plan(checks=(WEB, OFF), hosts=hosts, monitor=timedelta(hours=4)))
    shown = plan_text_view(run.plan, NOW, 0)
    assert "health:smoke: disabled" in shown
    assert "health:db: its program is not there on t1" in shown
    assert "watched for 4 h" in shown or "watched for 4h" in shown
    lines = not_made_lines(run)
    assert lines[0] == "health:smoke: disabled; prod waits for a waiver"
    assert "not made: health:smoke" in standing_text(run_view(RUN_ID, run), decide(run, NOW), None)
    waived = fold(run, Waived(NOW, "bob", run.plan.digest, "health:smoke", "looked by hand"))
    assert not_made_lines(waived)[0] == "health:smoke: disabled; prod: waived by bob: looked by hand"
    view = run_view(RUN_ID, waived)
    assert "waived by bob" in markdown_text(view, ())
    assert "waived by bob" in html_text(view, waived, (), NOW)
