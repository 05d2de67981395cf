"""Competing updaters: paused, given back by whoever is left, and never by two."""

from pathlib import Path

import pytest
from plugins.module_utils.host import pairs, timers, upkeep
from plugins.module_utils.host.command import Finished
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.journal import Journal


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemctl was told, on a host where apt-daily.timer is active until it is stopped."""
    told: list[str] = []

    def finished(argv: list[str], _timeout: float = 0) -> Finished:
        told.append(" ".join(word for word in argv[1:] if word != "--"))
        stopped = any(line.startswith("stop apt-daily.timer") for line in told)
        active = "" if stopped else "Id=apt-daily.timer\nActiveState=active\n"
        return Finished(tuple(argv), 0, active if "show" in argv else "inactive\n" * len(upkeep.WORKERS), "")

    for module in (upkeep, timers):
        monkeypatch.setattr(module, "finished", finished)
    monkeypatch.setattr(upkeep, "CALL_LOCK", str(tmp_path / "lock"))
    (tmp_path / "units").mkdir()
    monkeypatch.setattr(timers, "UNITS", tmp_path / "units")
    monkeypatch.setattr(upkeep, "has_systemd", lambda: True)
    return told


def journal(root: Path, run: str) -> Journal:
    made = Journal(run, root / "journals")
    made.create()
    return made


def units(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "units").iterdir())


def test_a_timer_is_armed_before_anything_is_paused_and_taken_away_when_all_is_given_back(
    tmp_path: Path, said: list[str]
) -> None:
    here = journal(tmp_path, "r-1")
    upkeep._entered(here, {}, [])
    assert units(tmp_path) == ["patchtide-r-1-giveback.service", "patchtide-r-1-giveback.timer"]
    assert said.index("restart patchtide-r-1-giveback.timer") < said.index("stop apt-daily.timer")
    assert said.index("stop apt-daily.timer") < said.index("--no-reload mask apt-daily.timer")
    upkeep._left(here, here.read("maintenance") or {})
    assert said.index("--no-reload unmask apt-daily.timer") < said.index("start apt-daily.timer")
    assert units(tmp_path) == []


def test_a_service_that_may_be_called_for_is_refused_at_once(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "running_updaters", lambda: ["apt-daily.timer", "packagekit.service"])
    upkeep._entered(journal(tmp_path, "r-1"), {}, [])
    assert "mask apt-daily.timer packagekit.service" in said


@pytest.mark.parametrize("known", [True, False], ids=["never read", "read meanwhile"])
def test_masks_that_were_read_meanwhile_are_read_again_before_anything_starts(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    here = journal(tmp_path, "r-1")
    upkeep._entered(here, {}, [])
    said.clear()
    monkeypatch.setattr(upkeep, "is_read", lambda units: known and list(units) == ["apt-daily.timer"])
    upkeep._left(here, here.read("maintenance") or {})
    reload = [] if known else ["daemon-reload"]
    unlink = "--no-reload disable --quiet patchtide-r-1-giveback.timer"
    wanted = ["--no-reload unmask apt-daily.timer", unlink, *reload, "start apt-daily.timer"]
    assert said[: len(wanted)] == wanted, "unmasked before its link is gone: a boot in between gives back, too"


def test_a_call_that_was_killed_before_it_paused_is_made_good_by_the_next(tmp_path: Path, said: list[str]) -> None:
    here = journal(tmp_path, "r-1")
    entry = here.write("maintenance", {"state": "entered", "stopped": ["apt-daily.timer"], "restored": []})
    assert upkeep._entered(here, entry, []).changed is False
    assert "--no-reload mask apt-daily.timer" in said


def test_nobody_came_back_and_the_host_gives_back_by_itself(tmp_path: Path, said: list[str]) -> None:
    here = journal(tmp_path, "r-1")
    upkeep._entered(here, {}, [])
    assert upkeep.give_back("r-1", here.root) == 0
    assert "--no-reload unmask apt-daily.timer" in said
    assert (here.read("maintenance") or {})["state"] == "left"


def test_nothing_is_given_back_in_the_middle_of_an_update(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = journal(tmp_path, "r-1")
    upkeep._entered(here, {}, [])
    here.write("patch", {"state": "running", "unit": "u"})
    monkeypatch.setattr(upkeep, "as_it_is", lambda entry: entry)
    assert upkeep.give_back("r-1", here.root) == 1
    assert "--no-reload unmask apt-daily.timer" not in said


def test_a_run_gives_back_what_an_earlier_one_never_did(tmp_path: Path, said: list[str]) -> None:
    upkeep._entered(journal(tmp_path, "r-1"), {}, [])
    later = journal(tmp_path, "r-2")
    upkeep._entered(later, {}, [])
    assert (later.read("maintenance") or {})["stopped"] == ["apt-daily.timer"]
    assert (journal(tmp_path, "r-1").read("maintenance") or {})["state"] == "left"
    assert units(tmp_path) == ["patchtide-r-2-giveback.service", "patchtide-r-2-giveback.timer"]


def flag(root: Path) -> list[pairs.Pair]:
    return pairs.wanted([{"kind": "flag", "path": str(root / "flag"), "content": "down"}])


def test_what_was_done_besides_is_undone_by_the_host_too_when_nobody_comes_back(
    tmp_path: Path, said: list[str]
) -> None:
    here = journal(tmp_path, "r-1")
    upkeep._entered(here, {}, flag(tmp_path))
    assert (tmp_path / "flag").read_text() == "down"
    assert upkeep.give_back("r-1", here.root) == 0
    assert not (tmp_path / "flag").exists()
    assert units(tmp_path) == []


def test_a_timer_is_armed_for_a_flag_alone(tmp_path: Path, said: list[str]) -> None:
    said.append("stop apt-daily.timer")  # nothing is active that could be paused
    upkeep._entered(journal(tmp_path, "r-1"), {}, flag(tmp_path))
    assert units(tmp_path) == ["patchtide-r-1-giveback.service", "patchtide-r-1-giveback.timer"]


def test_updaters_come_back_although_something_else_cannot_be_undone(tmp_path: Path, said: list[str]) -> None:
    here = journal(tmp_path, "r-1")
    never = {"kind": "command", "name": "mine", "enter": ["true"], "leave": ["false"], "timeout": 5}
    upkeep._entered(here, {}, [never])
    with pytest.raises(HostError, match="hook mine, leave"):
        upkeep._left(here, here.read("maintenance") or {})
    assert "start apt-daily.timer" in said
    assert units(tmp_path) == ["patchtide-r-1-giveback.service", "patchtide-r-1-giveback.timer"], "it is tried again"


def test_a_later_run_undoes_what_an_earlier_one_left_behind_before_it_begins(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "flag").write_text("all is well")
    upkeep._entered(journal(tmp_path, "r-1"), {}, flag(tmp_path))
    later = journal(tmp_path, "r-2")
    upkeep._entered(later, {}, flag(tmp_path))
    upkeep._left(later, later.read("maintenance") or {})
    assert (tmp_path / "flag").read_text() == "all is well"


@pytest.mark.parametrize("worker", ["apt-daily-upgrade.service", "dnf-automatic-install.service"])
def test_an_updater_in_the_middle_of_its_work_is_waited_for(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch, worker: str
) -> None:
    def finished(argv: list[str], _timeout: float = 0) -> Finished:
        states = ["activating" if unit == worker else "inactive" for unit in argv[3:]]
        return Finished(tuple(argv), 0, "\n".join(states) if "is-active" in argv else "", "")

    monkeypatch.setattr(upkeep, "finished", finished)
    monkeypatch.setattr(upkeep, "_PATIENCE", -1)
    with pytest.raises(HostError, match=f"{worker} still works"):
        upkeep._entered(journal(tmp_path, "r-1"), {}, [])
