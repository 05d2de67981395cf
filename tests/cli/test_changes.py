"""Change requests, checklists and emergencies, as people use them."""

from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide, configure
from tests.cli.fleet import Fleet


@pytest.fixture(autouse=True)
def requester(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")


def configured(project: Path, tier: str = "", more: str = "") -> None:
    path = project / "patchtide.yml"
    text = path.read_text("utf-8").replace("waves: [1, 100%]", f"waves: [1, 100%]{tier}")
    path.write_text(text + more, encoding="utf-8")


def run_id(patchtide: Patchtide) -> str:
    return str(patchtide("status", "--json").document["run"])


def test_a_tier_waits_for_its_change_request_which_the_plan_fills(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configured(project, ", request: required")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    assert "wants a change request" in patchtide("status").out
    words = ("--reason", "holes", "--impact", "high", "--likelihood", "high", "--risk", "the shop is slow")
    made = patchtide("request", "new", *words, "--json").document
    assert (made["risk_score"], made["risk_level"]) == (9, "critical")
    assert (made["by"], made["contact"], made["run"]) == ("ann", "ann", run_id(patchtide))
    assert "tide=1.1" in made["what"]
    assert "p1, p2, p3" in made["what"]
    assert "the old packages" in made["rollback_plan"]
    assert "web" in made["testing_plan"]
    shown = patchtide("request", "show", made["id"])
    assert "likelihood high x impact high = 9, critical: the shop is slow" in shown.out
    assert patchtide("request", "show").out == shown.out
    assert made["id"] in patchtide("request", "list").out
    assert f"requested {made['id']} by ann" in patchtide("status").out
    assert patchtide("resume").code == 0


def test_a_request_for_a_plan_file_is_found_by_its_run(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configured(project, ", request: required")
    assert patchtide("plan", "-o", "plan.json").code == 0
    assert patchtide("request", "new", "--plan", "plan.json", "--reason", "holes").code == 0
    assert patchtide("request", "list", "--json").document["requests"][0]["run"] == ""
    assert patchtide("run", "--plan", "plan.json", "--yes").code == 0
    requests = patchtide("request", "list", "--json").document["requests"]
    assert [one["run"] for one in requests] == [run_id(patchtide)]


def test_a_request_for_another_plan_lets_nothing_in(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configured(project, ", request: required")
    assert patchtide("plan", "-o", "plan.json").code == 0
    assert patchtide("request", "new", "--plan", "plan.json", "--reason", "holes").code == 0
    fleet.clock.sleep(60)
    assert patchtide("run", "--yes", "--no-wait").code == 6


def test_requests_that_are_not_there_are_told_so(patchtide: Patchtide, fleet: Fleet) -> None:
    assert patchtide("request", "list").out == "nobody has asked for a change\n"
    assert patchtide("request", "show").code == 2
    assert patchtide("request", "new", "--reason", "x").code == 2  # there is no run
    assert patchtide("request", "new", "--reason", " ", "--plan", "x.json").code == 2


CHECKLIST = """\
notices: [{name: ops, command: tell}]
checklists:
  - before: 7d
    items:
      - {name: notices, auto: notices_sent}
      - {name: backup, auto: backup_verified}
  - before: 1h
    items:
      - {name: roles, text: everybody knows what to do}
      - {name: ready, auto: test_environment_ready}
"""


def test_an_open_checklist_is_a_no_go(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configured(project, more=CHECKLIST)
    assert patchtide("run", "--yes", "--no-wait").code == 6
    held = patchtide("status", "--json").document
    assert held["held"]["code"] == "checklist"
    assert "no-go for tier 'prod', 2 of 4 items open: backup" in held["held"]["reason"]
    assert "patchtide checklist show" in held["next"]["words"]
    view = patchtide("checklist", "show", "--json").document["tiers"][0]
    states = {item["name"]: item["state"] for item in view["items"]}
    assert states == {"notices": "done", "backup": "overdue", "roles": "overdue", "ready": "done"}
    assert view["go"] is False
    name = run_id(patchtide)
    refused = patchtide("checklist", "tick", name, "backup")
    assert refused.code == 2
    assert "nobody ticks it" in refused.err
    assert patchtide("checklist", "tick", name, "rolls").err.count("Did you mean 'roles'?") == 1
    assert patchtide("checklist", "tick", name, "roles", "--comment", "met at nine").code == 0
    assert patchtide("checklist", "tick", name, "roles").code == 2
    assert patchtide("waive", name, "backup", "--reason", "nothing to lose").code == 0
    shown = patchtide("checklist", "show").out
    assert "tier prod: go" in shown
    assert "ticked by ann: met at nine" in shown
    assert "waived by ann: nothing to lose" in shown
    assert patchtide("resume").code == 0
    assert "4 of 4 items done" in patchtide("report").out


def test_an_emergency_begins_outside_its_window_and_owes_a_review(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configure(project, "nightly")
    ran = patchtide("run", "--yes", "--emergency", "--reason", "a worm")
    assert ran.code == 0
    name = run_id(patchtide)
    assert f"run {name} owes a review" in patchtide("status").out
    owed = patchtide("status", "--json").document["reviews_owed"]
    assert [one["run"] for one in owed] == [name]
    assert "Owes a review" in patchtide("report").out
    fleet.clock.sleep(60)
    fleet.pending = False
    assert patchtide("run", "--yes").code == 0
    assert f"run {name} owes a review" in patchtide("status").out, "a later run does not pay it"
    assert patchtide("review", name, "--text", " ").code == 2
    assert patchtide("review", name, "--text", "it was right").code == 0
    assert patchtide("status", "--json").document["reviews_owed"] == []
    assert "reviewed" in patchtide("status", name).out
    assert patchtide("review", name, "--text", "again").code == 2


def test_a_second_person_spares_the_review(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(project, "nightly")
    configured(project, more="emergency: {second_person: required}\n")
    assert patchtide("run", "--yes", "--no-wait", "--emergency", "--reason", "a worm").code == 6
    name = run_id(patchtide)
    assert patchtide("status", "--json").document["held"]["code"] == "second_person"
    own = patchtide("approve", name)
    assert own.code == 2
    assert "ann opened run" in own.err
    monkeypatch.setenv("SUDO_USER", "bob")
    assert patchtide("approve", name).code == 0
    assert patchtide("approve", name).code == 2
    assert patchtide("resume").code == 0
    assert patchtide("status", "--json").document["reviews_owed"] == []


def test_an_emergency_that_is_over_waits_for_its_window(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    configure(project, "nightly")
    answer = patchtide("run", "--yes", "--no-wait", "--emergency", "--reason", "a worm", "--limit", "10m")
    assert answer.code == 6
    assert "has no room" in patchtide("status").out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--emergency",), "--emergency needs a --reason"),
        (("--reason", "x"), "Add --emergency"),
        (("--limit", "1h"), "Add --emergency"),
        (("--emergency", "--reason", "x", "--limit", "soon"), "--limit is 'soon', which is no duration"),
        (("--emergency", "--reason", "x", "--limit", "5h"), "longer than the"),
    ],
)
def test_half_an_emergency_is_refused(patchtide: Patchtide, fleet: Fleet, words: tuple[str, ...], told: str) -> None:
    refused = patchtide("run", "--yes", *words)
    assert refused.code == 2
    assert told in refused.err
    assert patchtide("history", "--json").document["runs"] == []


def test_a_run_that_waits_for_its_window_becomes_an_emergency_once(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configure(project, "nightly")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    name = run_id(patchtide)
    for words, told in [
        (("--emergency",), "--emergency needs a --reason"),
        (("--reason", "x"), "Add --emergency"),
        (("--sign", "key"), "Add --emergency"),
        (("--emergency", "--reason", "x", "--limit", "5h"), "longer than the"),
    ]:
        answer = patchtide("resume", name, *words)
        assert (answer.code, told in answer.err) == (2, True)
    assert patchtide("resume", name, "--no-wait", "--emergency", "--reason", "a worm", "--limit", "10m").code == 6
    again = patchtide("resume", name, "--emergency", "--reason", "a worm")
    assert (again.code, "was an emergency already, until" in again.err) == (2, True)


def test_a_waiting_run_that_cannot_wait_any_longer_goes_on_and_owes_a_review(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configure(project, "nightly")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    name = run_id(patchtide)
    assert patchtide("resume", name, "--emergency", "--reason", "a worm", "--limit", "2h").code == 0
    assert f"run {name} owes a review" in patchtide("status").out
    over = patchtide("resume", name, "--emergency", "--reason", "a worm")
    assert (over.code, "has ended" in over.err) == (2, True)


def test_what_is_no_emergency_by_the_class_of_emergencies_is_refused(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    configure(project, "nightly")
    configured(project, more="impacts: {emergency: {packages: [nginx*]}}\n")
    refused = patchtide("run", "--yes", "--emergency", "--reason", "a worm")
    assert (refused.code, "is no emergency: it is about other packages than nginx*: tide" in refused.err) == (2, True)
    assert patchtide("history", "--json").document["runs"] == []


URGENT = """\
impacts:
  low: {notice: 7d, approvals: 1, from: [bob]}
  emergency: {approvals: 2, from: [cid, dan], request: required}
"""


def classed(project: Path, more: str) -> None:
    """Give the project a window each night, for what has little impact."""
    configure(project, "nightly")
    configured(project, more=more)
    path = project / "patchtide.yml"
    path.write_text(path.read_text("utf-8").replace("timezone: E", "impact: low, timezone: E"), encoding="utf-8")


def said(patchtide: Patchtide, monkeypatch: pytest.MonkeyPatch, by: str, *words: str) -> int:
    monkeypatch.setenv("SUDO_USER", by)
    return patchtide(*words).code


def test_a_declared_emergency_asks_what_its_class_asks_and_the_record_says_so(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    classed(project, URGENT)
    shown = patchtide("plan", "-o", "plan.json").out
    assert "needs 1 approval for the opening that comes next, of: bob, 7 d of notice" in shown
    assert "in an emergency: a change request for this plan; 2 approvals of: cid, dan; as class 'emergency' a" in shown
    assert patchtide("run", "--plan", "plan.json", "--yes", "--no-wait").code == 6
    name = run_id(patchtide)
    assert "has 0 of 1 approvals; still to be asked: bob" in patchtide("status").out
    assert patchtide("resume", name, "--no-wait", "--emergency", "--reason", "a worm").code == 6
    waits = patchtide("status").out
    assert "wants a change request for this plan, as class 'emergency' asks" in waits
    assert "asks prod: a change request for this plan; 2 approvals of: cid, dan" in waits
    assert said(patchtide, monkeypatch, "eve", "request", "new", name, "--reason", "a worm") == 0
    assert said(patchtide, monkeypatch, "bob", "approve", name) == 2
    assert said(patchtide, monkeypatch, "ann", "approve", name) == 2
    assert said(patchtide, monkeypatch, "cid", "approve", name) == 0
    assert patchtide("resume", "--no-wait").code == 6
    one = patchtide("status", "--json").document
    assert "has 1 of 2 approvals, as class 'emergency' asks; still to be asked: dan" in one["held"]["reason"]
    for at, asked in (("05:10", "1 of 2 approvals, as class 'emergency'"), ("09:01", "0 of 1 approvals; cid's")):
        assert asked in patchtide("windows", "why-not", "--run", name, "--at", f"2026-11-21T{at}:00Z").out
    assert said(patchtide, monkeypatch, "dan", "approve", name) == 0
    assert patchtide("resume").code == 0
    assert "counts: until" in patchtide("status", name).out
    assert patchtide("status", "--json").document["reviews_owed"] == []


def test_a_plan_that_eases_what_an_emergency_asks_is_another_plan(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    classed(project, URGENT)
    assert patchtide("plan", "-o", "plan.json").code == 0
    written = project / "plan.json"
    text = written.read_text("utf-8")
    assert text.count('"cid"') == 1
    written.write_text(text.replace('"cid"', '"ann"'), encoding="utf-8")
    refused = patchtide("run", "--plan", "plan.json", "--yes", "--emergency", "--reason", "a worm")
    assert (refused.code, "digest" in refused.err) == (2, True)


def test_where_too_few_may_agree_to_an_emergency_only_an_emergency_is_refused(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    classed(project, "impacts: {low: {approvals: 0, notice: 0s}}\n")
    calm = patchtide("plan")
    why = "class 'emergency' asks for 1 approvals, but 0 people may give one"
    assert (calm.code, f"can be no emergency: {why}" in calm.out) == (0, True)
    refused = patchtide("run", "--yes", "--emergency", "--reason", "a worm")
    assert (refused.code, f"the change of tier 'prod' is no emergency: {why}" in refused.err) == (2, True)
    assert "who agrees" in refused.err
    assert {str(deed.step) for deed in fleet.deeds} == {"probe"}


def test_an_emergency_asks_its_class_where_windows_have_none_too(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(project, "nightly")
    configured(project, more="impacts: {emergency: {approvals: 1, from: [cid]}}\n")
    assert patchtide("run", "--yes", "--no-wait", "--emergency", "--reason", "a worm").code == 6
    name = run_id(patchtide)
    assert "tier 'prod' has 0 of 1 approvals, as class 'emergency' asks" in patchtide("status").out
    assert said(patchtide, monkeypatch, "cid", "approve", name) == 0
    assert patchtide("resume").code == 0
