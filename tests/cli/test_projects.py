"""init, config, windows: projects as their users have them."""

import json
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import Patchtide


def test_init_writes_a_project_that_is_sound_and_overwrites_nothing(patchtide: Patchtide, project: Path) -> None:
    first = patchtide("init", "new", "--ci", "github")
    assert first.code == 0
    assert "wrote  new/patchtide.yml" in first.out
    mine = project / "new" / "patchtide.yml"
    assert patchtide("config", "validate", "--no-inventory", "-c", str(mine)).code == 0
    mine.write_text("mine\n", encoding="utf-8")
    again = patchtide("init", "new", "--ci", "github", "--json")
    assert set(again.document["files"].values()) == {"kept"}
    assert mine.read_text("utf-8") == "mine\n"


@pytest.mark.parametrize(("ci", "path"), [("github", ".github/workflows/patch.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_init_writes_a_pipeline(patchtide: Patchtide, project: Path, ci: str, path: str) -> None:
    assert patchtide("init", "--ci", ci).code == 0
    assert yaml.safe_load((project / path).read_text("utf-8"))


def test_init_never_writes_through_a_link(patchtide: Patchtide, project: Path) -> None:
    (project / "hooks").mkdir()
    (project / "hooks" / "drain.yml").symlink_to(project / "elsewhere")
    assert "kept   hooks/drain.yml" in patchtide("init").out
    assert not (project / "elsewhere").exists()


def test_a_mistake_is_told_with_its_line(patchtide: Patchtide, project: Path) -> None:
    text = (project / "patchtide.yml").read_text("utf-8")
    (project / "patchtide.yml").write_text(text.replace("window: always}\n", "windw: always}\n", 1), encoding="utf-8")
    answer = patchtide("config", "validate")
    assert answer.code == 2
    assert "patchtide.yml:3" in answer.err
    assert "windw" in answer.err


def test_config_show_tells_where_a_value_comes_from(patchtide: Patchtide, project: Path) -> None:
    values = {item["key"]: item for item in patchtide("config", "show", "--json").document["values"]}
    assert values["windows.nightly.at"]["value"] == "03:00"
    assert values["windows.nightly.at"]["where"] == "patchtide.yml:6"
    assert values["limits.patch"]["where"] == "default"


def test_config_schema_is_a_json_schema(patchtide: Patchtide) -> None:
    assert json.loads(patchtide("config", "schema").out)["$schema"].startswith("https://json-schema.org/")


def test_the_configuration_is_found_by_option_and_environment(
    patchtide: Patchtide, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = (project / "patchtide.yml").rename(project / "other.yml")
    assert patchtide("windows", "next", "--tier", "test").code == 2
    assert patchtide("-c", str(moved), "windows", "next").code == 0
    assert patchtide("windows", "next", "-c", str(moved)).code == 0
    monkeypatch.setenv("PATCHTIDE_CONFIG", str(moved))
    assert patchtide("windows", "next").code == 0


CALENDAR = """\
tiers:
  - {name: test, hosts: a, window: always}
  - {name: production, hosts: b, window: WINDOWS}
windows:
  sunday: {rrule: "FREQ=WEEKLY;BYDAY=SU", at: "02:30", duration: 2h, timezone: Europe/Berlin}
  never-again: {rrule: "FREQ=YEARLY;UNTIL=20250101", at: "02:30", duration: 2h, timezone: UTC}
blackouts:
  - {name: year-end, from: "12-15", to: "01-02"}
"""


@pytest.fixture
def calendar(project: Path) -> Path:
    path = project / "patchtide.yml"
    path.write_text(CALENDAR.replace("WINDOWS", "sunday"), encoding="utf-8")
    return path


def test_the_next_window_is_told_to_machines(patchtide: Patchtide, calendar: Path) -> None:
    document = patchtide("windows", "next", "--json", "--at", "2026-12-20T00:00Z").document
    assert document["schema"] == "patchtide/windows-next/v1"
    assert {key: document["next"][key] for key in ("name", "opens", "closes")} == {
        "name": "sunday",
        "opens": "2027-01-03T01:30:00Z",
        "closes": "2027-01-03T03:30:00Z",
    }
    assert "sunday" in document["next"]["reason"]


def test_no_window_at_all_is_null_with_a_reason(patchtide: Patchtide, calendar: Path) -> None:
    calendar.write_text(CALENDAR.replace("WINDOWS", "never-again"), encoding="utf-8")
    document = patchtide("windows", "next", "--json").document
    assert document["next"] is None
    assert "no window opens" in document["reason"]


def test_why_not_gives_the_reason_and_the_time_to_come_back(patchtide: Patchtide, calendar: Path) -> None:
    document = patchtide("windows", "why-not", "--json", "--at", "2026-12-20T02:00:00+01:00").document
    assert (document["ok"], document["code"]) == (False, "blackout")
    assert document["until"] == "2027-01-03T01:30:00Z"
    assert document["at"] == "2026-12-20T01:00:00Z"
    assert patchtide("windows", "why-not", "--tier", "test", "--at", "2026-11-21").out.startswith("test at 2026-11-21")


def test_why_not_counts_what_a_wave_may_take(patchtide: Patchtide, project: Path) -> None:
    text = (project / "patchtide.yml").read_text("utf-8").replace("window: always, waves", "window: nightly, waves")
    (project / "patchtide.yml").write_text(text, encoding="utf-8")
    codes = {}
    for minute in (21, 23):  # 10 min update, 5 reboot, 1 check, 5 confirm, 16 the way back, 1 to enter: 38 before 06:00
        asked = patchtide("windows", "why-not", "--json", "--at", f"2026-11-22T05:{minute}Z")
        codes[minute] = asked.document["code"]
    assert codes == {21: "open", 23: "too_late"}


@pytest.mark.parametrize(
    ("words", "meant"), [(["--tier", "producton"], "'production'"), (["--at", "tomorrow"], "2027-01-03T01:30Z")]
)
def test_a_mistyped_question_is_answered_with_what_was_meant(
    patchtide: Patchtide, calendar: Path, words: list[str], meant: str
) -> None:
    answer = patchtide("windows", "next", *words)
    assert answer.code == 2
    assert meant in answer.err
