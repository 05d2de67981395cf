"""The state looked after from the command line: `store check|backup|restore`, `audit checkpoint|verify`."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Answer, Patchtide
from tests.core.made import NOW
from tests.core.made import plan as made_plan

from patchtide.core.events import Aborted, Event, HostsSettled, RunEnded, RunOpened
from patchtide.core.steps import EndState, Outcome
from patchtide.documents import digest_of
from patchtide.wiring import lock, settings

PLAN = made_plan()
OPENED: list[Event] = [RunOpened(NOW, PLAN, "ann"), Aborted(NOW, "bob", "enough")]
ENDED: list[Event] = [
    *OPENED,
    HostsSettled(NOW, tuple(PLAN.hosts), EndState.UNTOUCHED, "enough"),
    RunEnded(NOW, Outcome.HALTED, "enough"),
]

Recorded = Callable[[str, list[Event]], None]


def behind(project: Path, statement: str) -> None:
    log = sqlite3.connect(project / ".patchtide" / "log.db")
    log.execute(statement)
    log.commit()
    log.close()


def test_a_project_without_a_run_is_sound_and_intact(patchtide: Patchtide, project: Path) -> None:
    assert "there is no log yet" in patchtide("store", "check").out
    assert patchtide("store", "check", "--json").document["sound"] is True
    assert patchtide("audit", "verify").code == 0
    assert patchtide("store", "backup").code == 1
    assert not (project / ".patchtide").exists()


def test_what_the_log_holds_is_told(patchtide: Patchtide, recorded: Recorded) -> None:
    recorded("run-1", list(ENDED))
    recorded("run-2", list(OPENED))
    told = patchtide("store", "check")
    assert told.code == 0
    assert "is sound: 2 runs, 6 events, schema version 3; not ended: run-2" in told.out
    view = patchtide("store", "check", "--json").document
    assert view["schema"] == "patchtide/store-check/v1"
    assert (view["sound"], view["problems"], view["unfinished"]) == (True, [], ["run-2"])


def test_a_damaged_log_is_named_and_fails(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    recorded("run-1", list(ENDED))
    behind(project, "UPDATE events SET body = replace(body, 'enough', 'fine') WHERE seq = 2")
    told = patchtide("store", "check")
    assert (told.code, "run-1, event 2: its text does not fit its hash" in told.out) == (1, True)
    assert patchtide("store", "check", "--json").document["sound"] is False


def test_there_and_back(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    recorded("run-1", list(ENDED))
    made = patchtide("store", "backup", "--json").document
    assert Path(made["path"]).parent == project / ".patchtide" / "backups"
    assert patchtide("store", "check", made["path"]).code == 0
    recorded("run-2", list(ENDED))
    back = patchtide("store", "restore", made["path"], "--json")
    assert back.code == 0
    assert Path(back.document["aside"]).is_dir()
    assert [run["run"] for run in patchtide("history", "--json").document["runs"]] == ["run-1"]


def kept(patchtide: Patchtide, recorded: Recorded) -> str:
    recorded("run-1", list(ENDED))
    return str(patchtide("store", "backup", "--json").document["path"])


def test_nothing_is_put_over_a_run_that_has_not_ended(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    backup = kept(patchtide, recorded)
    recorded("run-2", list(OPENED))
    refused = patchtide("store", "restore", backup)
    assert (refused.code, "run run-2 has not ended" in refused.err) == (7, True)
    assert "patchtide resume run-2" in refused.err
    assert len(patchtide("history", "--json").document["runs"]) == 2
    assert patchtide("store", "restore", backup, "--force").code == 0
    assert len(patchtide("history", "--json").document["runs"]) == 1


def test_nothing_is_put_under_a_controller_at_work(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    backup = kept(patchtide, recorded)
    with lock(settings()).hold("run run-9 (ann)"):
        refused = patchtide("store", "restore", backup)
        assert (refused.code, "run run-9 (ann)" in refused.err) == (7, True)
        forced = patchtide("store", "restore", backup, "--force")
    assert (forced.code, "run run-9 (ann)" in forced.err) == (0, True)


def test_a_log_that_cannot_be_read_may_hide_a_run(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    backup = kept(patchtide, recorded)
    (project / ".patchtide" / "log.db").write_bytes(b"rubbish" * 1000)
    refused = patchtide("store", "restore", backup)
    assert (refused.code, "cannot be read, so nobody can tell" in refused.err) == (7, True)
    assert patchtide("store", "restore", backup, "--force").code == 0
    assert patchtide("store", "check").code == 0


@pytest.mark.fault(43, how="the log lost, its backup put back")
def test_a_lost_log_is_put_back_and_never_made_anew(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    backup = kept(patchtide, recorded)
    for file in (project / ".patchtide").glob("log.db*"):
        if file.suffix != ".made":
            file.unlink()
    for words in (("history",), ("store", "check"), ("audit", "verify"), ("store", "backup")):
        lost = patchtide(*words)
        assert (lost.code, "was here and is gone" in lost.err) == (1, True)
    assert patchtide("store", "restore", backup).code == 0
    assert patchtide("history").code == 0


def test_a_backup_of_a_run_in_the_middle_says_so(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    recorded("run-1", list(OPENED))
    backup = str(patchtide("store", "backup", "--json").document["path"])
    back = patchtide("store", "restore", backup, "--force")
    assert "run run-1 had not ended when this was made" in back.err


def test_a_backup_that_was_changed_is_refused(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    backup = kept(patchtide, recorded)
    Path(backup).write_bytes(Path(backup).read_bytes()[:-1] + b"x")
    refused = patchtide("store", "restore", backup)
    assert (refused.code, "not what its digest says" in refused.err) == (1, True)


def test_a_newer_log_is_refused_with_a_sentence(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    recorded("run-1", list(ENDED))
    behind(project, "PRAGMA user_version = 99")
    for words in (("history",), ("status",), ("store", "check"), ("store", "backup"), ("audit", "verify")):
        refused = patchtide(*words)
        assert (refused.code, "schema version 99; this release knows 3" in refused.err) == (1, True)


@pytest.fixture
def checkpointed(patchtide: Patchtide, recorded: Recorded, project: Path) -> Path:
    """A project with two runs, a signed checkpoint of them, and one event that came later."""
    recorded("run-1", list(ENDED))
    recorded("run-2", list(OPENED))
    assert patchtide("key", "new", "keys/ops").code == 0
    assert patchtide("audit", "checkpoint", "--sign", "keys/ops", "-o", "kept.json").code == 0
    recorded("run-2", [Aborted(NOW, "cid", "later")])
    return project / "kept.json"


def verified(patchtide: Patchtide, *words: str) -> Answer:
    return patchtide("audit", "verify", "--against", "kept.json", *words)


def test_a_record_that_went_on_is_intact(patchtide: Patchtide, checkpointed: Path) -> None:
    told = verified(patchtide)
    assert told.code == 0
    assert "7 events, the first 6 as at" in told.out
    assert "signed by a key that nobody trusts here" in told.out
    view = verified(patchtide, "--trust", "keys/ops.pub", "--json").document
    assert (view["schema"], view["intact"], view["altered"]) == ("patchtide/audit-verify/v1", True, [])
    assert view["against"]["key"] == "ops"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET body = replace(body, 'enough', 'fine') WHERE seq = 2", "event 2: its text does not fit"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 2", "run-1, event 2: in its place is event 3"),
        ("UPDATE events SET rowid = 99 WHERE run_id = 'run-1' AND seq = 2", "put in another order"),
        ("DELETE FROM events WHERE run_id = 'run-1' AND seq = 4", "run-1, event 4: its end was cut off: 1 of 4"),
        ("DELETE FROM events WHERE run_id = 'run-2'", "run-2: all of it is gone"),
        ("DELETE FROM events", "run-1: all of it is gone"),
    ],
)
def test_what_was_done_to_the_record_is_named(
    patchtide: Patchtide, checkpointed: Path, statement: str, said: str
) -> None:
    behind(checkpointed.parent, statement)
    told = verified(patchtide)
    assert (told.code, said in told.out) == (1, True), told
    assert verified(patchtide, "--json").document["intact"] is False


def test_a_cut_off_tail_alone_is_not_noticed_and_that_is_said(patchtide: Patchtide, checkpointed: Path) -> None:
    behind(checkpointed.parent, "DELETE FROM events WHERE run_id = 'run-2'")
    told = patchtide("audit", "verify")
    assert (told.code, "only against a checkpoint" in told.err) == (0, True)


def test_an_altered_record_gets_no_checkpoint(patchtide: Patchtide, checkpointed: Path) -> None:
    behind(checkpointed.parent, "UPDATE events SET hash = '' WHERE seq = 2")
    refused = patchtide("audit", "checkpoint")
    assert (refused.code, refused.out) == (1, "")
    assert "the record was altered: run-1, event 2" in refused.err


def test_a_checkpoint_goes_to_stdout_too(patchtide: Patchtide, checkpointed: Path) -> None:
    found = patchtide("audit", "checkpoint").document
    assert (found["schema"], found["record"]["events"], found["signatures"]) == ("patchtide/checkpoint/v1", 7, [])


@pytest.mark.parametrize("damage", ["edited", "sealed again", "unsigned", "another key", "cut", "a plan", "gone"])
def test_a_checkpoint_that_proves_nothing_is_refused(patchtide: Patchtide, checkpointed: Path, damage: str) -> None:
    found = json.loads(checkpointed.read_text("utf-8"))
    match damage:
        case "edited":
            found["by"] = "mallory"
        case "sealed again":
            found["by"] = "mallory"
            found["digest"] = digest_of(found)
        case "unsigned":
            found["signatures"] = []
        case "another key":
            assert patchtide("key", "new", "keys/mallory").code == 0
            assert patchtide("audit", "checkpoint", "--sign", "keys/mallory", "-o", "kept.json").code == 0
            found = json.loads(checkpointed.read_text("utf-8"))
        case "a plan":
            found["schema"] = "patchtide/plan/v1"
        case _:
            pass
    text = json.dumps(found)
    checkpointed.write_text(text[:-9] if damage == "cut" else text, encoding="utf-8")
    if damage == "gone":
        checkpointed.unlink()
    refused = verified(patchtide, "--trust", "keys/ops.pub")
    assert (refused.code, refused.out, "kept.json" in refused.err) == (2, "", True), refused
