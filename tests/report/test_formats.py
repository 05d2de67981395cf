"""A run as a file: every format is well formed, whatever the hosts said."""

import csv as reader
import io
import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from tests.core.made import NOW
from tests.report.stories import NASTY, RUN_ID, Teller, every_story, harmed_in_production, promoted, waiting

from patchtide.core.steps import Step
from patchtide.report.csv import COLUMNS, csv_text
from patchtide.report.html import html_text
from patchtide.report.junit import junit_text
from patchtide.report.markdown import markdown_text
from patchtide.report.runview import Bar, bars, run_view
from patchtide.report.timeline import LEFT, WIDTH, timeline
from patchtide.report.words import data_of

STORIES = list(every_story())
NAMES = ["promoted", "harmed", "nasty", "waiting"]


def html_of(told: Teller) -> str:
    return html_text(run_view(RUN_ID, told.run), told.run, bars(told.events), told.at)


def junit_of(told: Teller) -> ET.Element:
    return ET.fromstring(junit_text(run_view(RUN_ID, told.run), bars(told.events)))  # noqa: S314 - written just here


class Tags(HTMLParser):
    """Collects what is open and what was never closed."""

    void = frozenset({"meta", "line", "rect", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("told", STORIES, ids=NAMES)
def test_html_is_well_formed_and_needs_nothing_else(told: Teller) -> None:
    page = html_of(told)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(tags.seen)
    assert not re.search(r"""(src|href|url|@import)\s*[=(]""", page)
    assert {"svg", "table"} <= set(tags.seen)


def test_html_escapes_what_hosts_say() -> None:
    page = html_of(harmed_in_production(NASTY))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert not {"\x1b", "\u202e"} & set(page)


def test_html_names_every_host_with_its_end_and_why() -> None:
    tags = Tags()
    tags.feed(html_of(harmed_in_production()))
    for words in ("p1", "rolled_back", "unhealthy: web (status 500)", "untouched", "put back as it was"):
        assert words in tags.text


def test_junit_counts_what_went_wrong_and_what_was_never_begun() -> None:
    told = harmed_in_production()
    root = junit_of(told)
    assert {name: root.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "5",
        "failures": "1",
        "skipped": "2",
        "errors": "0",
    }
    failure = root.find(".//testcase[@name='p1']/failure")
    assert failure is not None
    assert failure.get("type") == "rolled_back"
    assert "unhealthy: web (status 500)" in failure.get("message", "")
    assert "rollback: ok" in (failure.text or "")
    assert [suite.get("name") for suite in root] == ["test", "prod"]


def test_junit_of_a_good_run_has_no_failure_and_of_a_waiting_one_skips_what_waits() -> None:
    good, held = promoted(), waiting()
    assert 'failures="0"' in junit_text(run_view(RUN_ID, good.run), bars(good.events))
    root = junit_of(held)
    assert root.get("skipped") == "3"


@pytest.mark.parametrize("told", STORIES, ids=NAMES)
def test_junit_is_xml_whatever_the_hosts_said(told: Teller) -> None:
    root = junit_of(told)
    assert len(root.findall(".//testcase")) == len(told.run.hosts)


def test_csv_has_a_row_per_host_and_no_formula() -> None:
    told = harmed_in_production("=HYPERLINK(1)")
    view = run_view(RUN_ID, told.run)
    rows = list(reader.DictReader(io.StringIO(csv_text(view, bars(told.events)))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["host"] for row in rows] == ["t1", "t2", "p1", "p2", "p3"]
    assert rows[2]["state"] == "rolled_back"
    assert rows[0]["installed"] == "tide=1.1"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_a_cell_that_begins_like_a_formula_is_disarmed() -> None:
    told = Teller()
    told.did(Step.STAGE, "t1")
    view = run_view(RUN_ID, told.run)
    from dataclasses import replace

    bad = replace(view, hosts=(replace(view.hosts[0], why="=1+1"),))
    assert ",'=1+1\n" in csv_text(bad, ())


@pytest.mark.parametrize("told", STORIES, ids=NAMES)
def test_markdown_tables_keep_their_columns(told: Teller) -> None:
    text = markdown_text(run_view(RUN_ID, told.run), bars(told.events))
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    for rows in tables:
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert len(tables[0][0].split("|")) == 8
    assert "<script" not in text


def test_views_are_json() -> None:
    for told in STORIES:
        data = json.loads(json.dumps(data_of(run_view(RUN_ID, told.run))))
        assert data["run"] == RUN_ID
        assert len(data["hosts"]) == 5


def bar(host: str, start: float, end: float | None, status: str = "ok") -> Bar:
    return Bar(host, Step.PATCH, at(start), None if end is None else at(end), status, "")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_timeline_keeps_order_and_stays_inside() -> None:
    hosts = run_view(RUN_ID, promoted().run).hosts
    drawing = timeline(hosts, [bar("t1", 0, 10), bar("t2", 10, 30), bar("p1", 30, None)], at(40))
    assert drawing is not None
    first, second, third = drawing.marks
    assert first.x == LEFT
    assert first.x + first.width <= second.x + 0.2
    assert third.x + third.width <= WIDTH
    assert len(drawing.rows) == 5


def test_a_wait_of_days_does_not_squeeze_the_work_out_of_sight() -> None:
    hosts = run_view(RUN_ID, promoted().run).hosts
    drawing = timeline(hosts, [bar("t1", 0, 100), bar("p1", 300_000, 300_100)], at(300_100))
    assert drawing is not None
    assert all(mark.width > 200 for mark in drawing.marks)
    assert [fold.words for fold in drawing.folds] == ["3 d 11 h later"]


def test_a_run_in_which_nothing_was_done_has_no_timeline() -> None:
    assert timeline((), (), NOW) is None
