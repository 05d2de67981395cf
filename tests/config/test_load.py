import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.config.cases import DATA, TODAY, expected, refused, told, understood

from patchtide.config.load import calendar_settings_of, file_and_source, settings_of
from patchtide.config.sound import room_needed
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.planning import NotProbed, planned
from patchtide.core.settings import Settings
from patchtide.core.wall import longest
from patchtide.documents import parsed, plain

SMALLEST = (DATA / "good" / "smallest.yml").read_text(encoding="utf-8")


def project(folder: Path, text: str) -> Path:
    (folder / "hosts.yml").write_text("all: {}\n", encoding="utf-8")
    path = folder / "patchtide.yml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", refused(), ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_a_sentence_and_its_line(path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        settings_of(path, today=TODAY)
    lines = told(caught.value)
    wanted = list(expected(path))
    assert wanted
    for fragment, line in wanted:
        assert [said for said in lines if said.startswith(f"line {line}: ") and fragment in said], lines
    assert caught.value.where.endswith(f"{path.name}:{min(line for _, line in wanted)}")
    assert len(lines) == len(wanted), lines
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("path", understood(), ids=lambda path: path.stem)
def test_a_good_file_means_what_is_written_beside_it(path: Path) -> None:
    found = settings_of(path, today=TODAY)
    beside = path.with_suffix(".json").read_text(encoding="utf-8").replace("@folder@", str(path.parent))
    tiers = [plain(tier) for tier in found.tiers]
    assert all(re.search(rf"{re.escape(path.name)}:\d+$", tier.pop("where")) for tier in tiers)
    assert {**plain(found), "tiers": tiers} == json.loads(beside)


@pytest.mark.parametrize("path", understood(), ids=lambda path: path.stem)
def test_settings_survive_the_way_through_json(path: Path) -> None:
    found = settings_of(path, today=TODAY)
    assert parsed(Settings, plain(found), what="settings") == found


def test_three_oclock_is_three_oclock_quoted_or_not(tmp_path: Path) -> None:
    window = "windows: {night: {rrule: FREQ=DAILY, at: %s, duration: 4h}}\n"
    meant = [settings_of(project(tmp_path, SMALLEST + window % at)).windows["night"] for at in ("03:00", '"03:00"')]
    assert meant[0] == meant[1]
    assert plain(meant[0])["at"] == "03:00:00"


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        settings_of(tmp_path / "patchtide.yml")
    assert "No such file" in caught.value.message
    assert "patchtide init" in caught.value.hint


def test_a_folder_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        settings_of(tmp_path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "--- ~\n"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="the configuration is empty"):
        settings_of(project(tmp_path, text))


def test_a_missing_inventory_key_is_told_for_the_file_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="inventory is missing") as caught:
        settings_of(project(tmp_path, SMALLEST.replace("inventory: hosts.yml\n", "")))
    assert caught.value.where.endswith("patchtide.yml:1")


def test_paths_are_relative_to_the_file_and_not_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project(tmp_path, SMALLEST)
    monkeypatch.chdir("/")
    assert settings_of(path).inventory == (str(tmp_path / "hosts.yml"),)
    monkeypatch.chdir(tmp_path)
    assert settings_of(Path("patchtide.yml")) == settings_of(path)


def test_a_problem_is_told_with_the_path_that_one_would_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project(tmp_path, SMALLEST + "forks: many\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        settings_of(path)
    assert caught.value.where == "patchtide.yml:7"


def test_the_state_lives_beside_the_file_or_where_it_is_told_to(tmp_path: Path) -> None:
    path = project(tmp_path, SMALLEST)
    assert settings_of(path).state == str(tmp_path / ".patchtide")
    assert settings_of(path, tmp_path / "else").state == str(tmp_path / "else")
    assert settings_of(project(tmp_path, SMALLEST + "state: /srv/state\n")).state == "/srv/state"


def test_an_exclusion_holds_on_its_last_day_and_is_an_error_on_the_next(tmp_path: Path) -> None:
    exclusion = "{package: docker*, owner: web, reason: waits, until: 2026-11-20}"
    path = project(tmp_path, SMALLEST + f"updates: {{exclude: [{exclusion}]}}\n")
    assert settings_of(path, today=date(2026, 11, 20)).selection.exclusions[0].owner == "web"
    with pytest.raises(UsageError, match=r"ended on 2026-11-20"):
        settings_of(path, today=date(2026, 11, 21))


def test_an_exclusion_that_is_over_does_not_keep_a_run_from_being_rolled_back(tmp_path: Path) -> None:
    exclusion = "{package: docker*, owner: web, reason: waits, until: 2026-11-20}"
    path = project(tmp_path, SMALLEST + f"updates: {{exclude: [{exclusion}]}}\n")
    assert settings_of(path, today=TODAY, planning=False).selection.exclusions


@pytest.mark.parametrize("path", understood(), ids=lambda path: path.stem)
def test_what_a_window_has_to_have_room_for_is_what_the_engine_asks_for(path: Path) -> None:
    file, _ = file_and_source(path)
    settings = settings_of(path, today=TODAY)
    everyone = replace(settings, tiers=tuple(tier.one_wave() for tier in settings.tiers))
    members = {tier.name: [Host(f"{tier.name}1")] for tier in settings.tiers}
    probes = {f"{name}1": NotProbed("not looked at", unreachable=False) for name in members}
    plan = planned(everyone, members, probes, datetime(2026, 11, 21, tzinfo=UTC), "ann")
    for tier in file.tiers:
        assert room_needed(file, tier) == longest(plan, tier.name, 1) + plan.entering(tier.name)


@pytest.mark.parametrize(("duration", "refused"), [("38m", False), ("37m59s", True)])
def test_a_window_has_room_for_a_wave_to_the_second(tmp_path: Path, duration: str, refused: bool) -> None:
    windows = f"windows: {{night: {{rrule: FREQ=DAILY, at: 03:00, duration: {duration}}}}}\n"
    path = project(tmp_path, SMALLEST.replace("window: always", "window: night") + windows)
    if refused:
        with pytest.raises(UsageError, match="but a wave needs 38m"):
            settings_of(path)
    else:
        assert plain(settings_of(path).tiers[0].windows[0])["duration"] == "PT38M"


def test_an_inventory_that_is_gone_keeps_nobody_from_looking_at_a_run(tmp_path: Path) -> None:
    path = project(tmp_path, SMALLEST)
    (tmp_path / "hosts.yml").unlink()
    assert settings_of(path, planning=False).state == str(tmp_path / ".patchtide")
    with pytest.raises(UsageError, match="no inventory"):
        settings_of(path)


def test_more_problems_than_anybody_reads_are_counted(tmp_path: Path) -> None:
    path = project(tmp_path, SMALLEST + "".join(f"nonsense{number}: 1\n" for number in range(50)))
    with pytest.raises(UsageError) as caught:
        settings_of(path)
    assert caught.value.message.startswith("50 problems:")
    assert caught.value.message.endswith("and 30 more")


def test_a_calendar_needs_neither_inventory_nor_health(tmp_path: Path) -> None:
    tiers = "tiers: [{name: test, hosts: a, window: night}]\n"
    text = tiers + "windows: {night: {rrule: FREQ=DAILY, at: 03:00, duration: 4h}}\n"
    settings = calendar_settings_of(project(tmp_path, text))
    tier = settings.tiers[0]
    verdict = settings.calendar(tier).may_begin(datetime(2026, 11, 21, 4, tzinfo=UTC), timedelta(hours=1))
    assert verdict.ok, verdict


def test_a_calendar_is_not_kept_shut_by_what_it_does_not_need(tmp_path: Path) -> None:
    text = (
        "inventory: nowhere\nhealth: [{name: web, http: {port: 0}}]\ntiers: [{name: test, hosts: a, window: always}]\n"
    )
    assert calendar_settings_of(project(tmp_path, text)).tiers[0].always


@pytest.mark.parametrize(
    ("text", "sentence", "line"),
    [
        ("windws: {}\ntiers: [{name: t, hosts: a, window: always}]\n", "windws is an unknown key", 1),
        ("\ntiers: [{name: t, hosts: a, window: night}]\n", "there is no window 'night'", 2),
        ("tiers: [{name: t, hosts: a, window: always}]\ntimezone: Berlin\n", "there is no time zone 'Berlin'", 2),
    ],
)
def test_a_bad_calendar_is_refused_with_a_sentence_and_its_line(
    tmp_path: Path, text: str, sentence: str, line: int
) -> None:
    with pytest.raises(UsageError) as caught:
        calendar_settings_of(project(tmp_path, text))
    assert sentence in caught.value.message
    assert caught.value.where.endswith(f":{line}")
