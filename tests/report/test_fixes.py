"""What updates fix and what stays away: counted in every view, and unknown is never none."""

import csv
import io
from xml.etree import ElementTree as ET

import pytest
from tests.core.made import DEBIAN, NOW, host_plan, package, plan, tier
from tests.report.stories import RUN_ID, Teller

from patchtide.core.plan import Change, Plan
from patchtide.core.steps import EndState
from patchtide.report.csv import csv_text
from patchtide.report.fixes import FixView, cves_text, fix_views, fixes_text, left_text, left_views, restarts_text
from patchtide.report.html import html_text
from patchtide.report.junit import junit_text
from patchtide.report.markdown import markdown_text
from patchtide.report.plantext import plan_text_view
from patchtide.report.runtext import summary
from patchtide.report.runview import bars, run_view

SSL = ("CVE-2025-0001", "CVE-2025-0002")
LEFT = {
    "docker:amd64": "excluded by web until 2027-01-31: later",
    "nginx": "held on the host",
    "curl:amd64": "too young: released 2026-11-20 05:00 UTC, 72h ago is wanted",
    "bad:amd64": "quarantined by ann since 2026-11-21: harm",
    "vim:amd64": "not a security update",
    "new:amd64": "not in the patch set: no test host has this update",
}


@pytest.fixture
def known() -> Plan:
    files = (
        package("ca", cves=()),
        package("libssl3", cves=SSL),
        package("openssl", cves=SSL, restart="reboot"),
        package("tide"),
    )
    everything = tuple(Change(file.key, "1.0") for file in files)
    hosts = [host_plan("t1", *everything), host_plan("p1", *everything, left_out=LEFT)]
    hosts.append(host_plan("p2", *everything[:1], left_out={"docker:amd64": LEFT["docker:amd64"]}))
    tiers = (tier("test", ("t1",)), tier("prod", ("p1",), ("p2",)))
    return plan(*tiers, hosts=hosts, patch_set={DEBIAN.key: files})


def told(of: Plan) -> Teller:
    story = Teller(of)
    story.carried("t1")
    story.settled(EndState.UNTOUCHED, "for the test", "p1", "p2")
    return story


def test_packages_that_fix_the_same_are_told_together_and_unknown_ones_last(known: Plan) -> None:
    assert fix_views(known, ["t1"]) == (
        FixView(("libssl3", "openssl"), SSL, ("t1", "p1"), ("t1",)),
        FixView(("tide",), None, ("t1", "p1"), ("t1",)),
    )


def test_totals_count_each_cve_once_and_the_unknown_apart(known: Plan) -> None:
    assert fixes_text(known) == "4 updates on 3 hosts fix 2 CVEs; 1 unknown"
    assert fixes_text(plan(patch_set={})) == ""
    assert restarts_text(known) == "a reboot is to be expected: openssl"


@pytest.mark.parametrize(("cves", "words"), [(None, "unknown"), ((), "none"), (SSL, "CVE-2025-0001, CVE-2025-0002")])
def test_unknown_is_never_none(cves: tuple[str, ...] | None, words: str) -> None:
    assert cves_text(cves) == words


def test_what_stays_away_is_counted_by_kind_and_listed_with_its_hosts(known: Plan) -> None:
    views = left_views(known)
    assert left_text(views) == "1 excluded, 1 held, 1 too young, 1 quarantined, 1 not security, 1 other"
    assert [view.hosts for view in views if view.kind == "excluded"] == [("p1", "p2")]


def test_the_plan_shows_it(known: Plan) -> None:
    text = plan_text_view(known, NOW)
    assert "4 updates on 3 hosts fix 2 CVEs; 1 unknown; a reboot is to be expected: openssl" in text
    assert any(line.split() == ["libssl3,", "openssl", "t1,", "p1", "CVE-2025-0001,", "CVE-2025-0002"]
               for line in text.splitlines())  # fmt: skip
    assert "updates that stay away (1 excluded, 1 held, 1 too young" in text


def test_reports_show_what_was_fixed_where(known: Plan) -> None:
    story = told(known)
    view, steps = run_view(RUN_ID, story.run), bars(story.events)
    assert "4 updates on 3 hosts fix 2 CVEs; 1 unknown" in summary(view)
    assert "stayed away: 1 excluded" in summary(view)
    marked = markdown_text(view, steps)
    assert "| libssl3, openssl | CVE-2025-0001, CVE-2025-0002 | t1, p1 | t1 |" in marked
    assert "| tide | unknown | t1, p1 | t1 |" in marked
    assert "held on the host" in marked
    page = html_text(view, story.run, steps, NOW)
    for words in ("CVE-2025-0001", "<td>unknown</td>", "<td>none</td>", "1 excluded", "held on the host"):
        assert words in page
    rows = {row["host"]: row for row in csv.DictReader(io.StringIO(csv_text(view, steps)))}
    assert (rows["t1"]["fixed"], rows["t1"]["unknown"]) == ("CVE-2025-0001 CVE-2025-0002", "tide")
    assert (rows["p1"]["fixed"], rows["p1"]["left_out"]) == ("", "6")
    properties = {one.get("name"): one.get("value") for one in ET.fromstring(junit_text(view, steps)).iter("property")}  # noqa: S314 - our own text
    assert properties["fixes"] == "4 updates on 3 hosts fix 2 CVEs; 1 unknown"
    assert properties["fixes of libssl3 openssl"] == "CVE-2025-0001, CVE-2025-0002"
