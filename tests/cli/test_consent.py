"""approve, reject, waive: with keys of people, and with rows that somebody forged."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide
from tests.cli.fleet import Fleet

from patchtide.core.said import Approved, Waived
from patchtide.core.signature import Signature

ASKING = "waves: [1, 100%], approvals: {count: 1, from: [bob, cid], notice: NOTICE}"


def configured(project: Path, notice: str = "0s", more: str = "") -> None:
    path = project / "patchtide.yml"
    text = path.read_text("utf-8").replace("waves: [1, 100%]", ASKING.replace("NOTICE", notice))
    path.write_text(text + more, encoding="utf-8")


@pytest.fixture
def waiting(patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a run by ann that waits for bob, who has a key, or cid, who has none."""
    assert patchtide("key", "new", "keys/bob").code == 0
    assert patchtide("key", "new", "keys/mallory").code == 0
    configured(project, more="people: {bob: keys/bob.pub}\n")
    monkeypatch.setenv("SUDO_USER", "ann")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    return str(patchtide("status", "--json").document["run"])


def digest(patchtide: Patchtide) -> str:
    return str(patchtide("status", "--json").document["digest"])


def test_a_key_says_who_speaks_whoever_the_system_user_is(patchtide: Patchtide, waiting: str) -> None:
    given = patchtide("approve", waiting, "--sign", "keys/bob", "--json")
    assert (given.code, given.document["by"]) == (0, "bob")
    shown = patchtide("status", "--json").document["approvals"]
    assert [(one["by"], one["counts"], one["known"][:4]) for one in shown] == [("bob", True, "key ")]
    assert patchtide("resume").code == 0


def test_who_has_a_key_has_to_use_it(patchtide: Patchtide, waiting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "bob")
    for words in (("approve",), ("reject", "--reason", "no")):
        refused = patchtide(*words, waiting)
        assert refused.code == 2
        assert "bob has a key here, so what they say has to be signed" in refused.err
        assert "--sign KEY" in refused.err


def test_a_key_that_is_nobodys_says_nothing(patchtide: Patchtide, waiting: str) -> None:
    refused = patchtide("approve", waiting, "--sign", "keys/mallory")
    assert refused.code == 2
    assert "this key is nobody's here" in refused.err
    assert patchtide("status", "--json").document["approvals"] == []


def test_who_has_no_key_is_known_as_a_system_user(
    patchtide: Patchtide, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "cid")
    assert "(system user)" in patchtide("approve", waiting).out
    twice = patchtide("approve", waiting)
    assert twice.code == 2
    assert "cid has approved run" in twice.err
    assert patchtide("resume").code == 0


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (None, "bob has a key, and this is not signed with it"),
        (Signature("AAAA", "AAAA"), "the signature is not that of bob under these words"),
    ],
)
def test_a_forged_row_in_the_log_does_not_count_and_is_shown(
    patchtide: Patchtide, waiting: str, fleet: Fleet, signature: Signature | None, why: str
) -> None:
    now = fleet.clock.now()
    fleet.log.append(waiting, Approved(now, "bob", digest(patchtide), "", signature))
    assert patchtide("resume", "--no-wait").code == 6
    shown = patchtide("status", "--json").document["approvals"][0]
    assert (shown["counts"], shown["why"]) == (False, why)
    assert why in patchtide("status").out
    assert why in patchtide("report").out


def test_a_signature_of_one_run_is_none_in_another(patchtide: Patchtide, waiting: str, fleet: Fleet) -> None:
    assert patchtide("approve", waiting, "--sign", "keys/bob").code == 0
    word = tuple(fleet.log.events(waiting))[-1][1]
    assert isinstance(word, Approved)
    assert patchtide("abort", waiting, "--reason", "again").code == 0
    assert patchtide("resume").code == 5
    fleet.clock.sleep(60)
    assert patchtide("run", "--yes", "--no-wait").code == 6
    second = str(patchtide("status", "--json").document["run"])
    fleet.log.append(second, word)
    assert patchtide("resume", "--no-wait").code == 6
    assert "the signature is not that of bob" in patchtide("status").out


def test_a_key_that_is_gone_vouches_for_nobody(patchtide: Patchtide, waiting: str, project: Path) -> None:
    assert patchtide("approve", waiting, "--sign", "keys/bob").code == 0
    (project / "keys/bob.pub").unlink()
    assert patchtide("resume", "--no-wait").code == 6
    assert "the key of bob cannot be used" in patchtide("status").out


def test_a_no_holds_a_run_until_the_same_person_agrees(
    patchtide: Patchtide, waiting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert patchtide("reject", waiting, "--reason", "the sale", "--sign", "keys/bob").code == 0
    assert patchtide("reject", waiting, "--reason", "again", "--sign", "keys/bob").code == 2
    monkeypatch.setenv("SUDO_USER", "cid")
    assert patchtide("approve", waiting).code == 0
    assert patchtide("resume", "--no-wait").code == 6
    assert "tier 'prod' was rejected by bob: the sale" in patchtide("status").out
    assert patchtide("approve", waiting, "--sign", "keys/bob").code == 0
    assert patchtide("resume").code == 0


@pytest.mark.parametrize("by", ["ann", "mallory"])
def test_neither_the_requester_nor_a_stranger_has_a_say(
    patchtide: Patchtide, waiting: str, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setenv("SUDO_USER", by)
    for words in (("approve", waiting), ("reject", waiting, "--reason", "x")):
        refused = patchtide(*words)
        assert refused.code == 2
        assert by in refused.err


def test_a_notice_is_waived_with_a_reason_by_who_is_asked(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(project, notice="7d")
    monkeypatch.setenv("SUDO_USER", "ann")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    run_id = str(patchtide("status", "--json").document["run"])
    refused = patchtide("waive", run_id, "notice", "--reason", "it burns")
    assert refused.code == 2
    assert "ann asked for this change and cannot waive 'notice'" in refused.err
    monkeypatch.setenv("SUDO_USER", "bob")
    assert patchtide("approve", run_id).code == 0
    assert patchtide("resume", "--no-wait").code == 6
    assert patchtide("status", "--json").document["held"]["code"] == "notice"
    assert patchtide("waive", run_id, "notice", "--reason", " ").code == 2
    unknown = patchtide("waive", run_id, "notise", "--reason", "x")
    assert unknown.code == 2
    assert "Did you mean 'notice'?" in unknown.err
    assert patchtide("waive", run_id, "notice", "--reason", "it burns").code == 0
    assert patchtide("resume").code == 0
    assert "notice by bob" in patchtide("report").out
    assert patchtide("status", "--json").document["waivers"][0]["reason"] == "it burns"


def test_an_approval_of_last_week_does_not_open_this_weeks_window(
    patchtide: Patchtide, fleet: Fleet, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(project)
    path = project / "patchtide.yml"
    path.write_text(path.read_text("utf-8").replace("window: WINDOW", "window: nightly").replace(
        "hosts: env_prod, window: always", "hosts: env_prod, window: nightly"), encoding="utf-8")  # fmt: skip
    monkeypatch.setenv("SUDO_USER", "ann")
    assert patchtide("run", "--yes", "--no-wait").code == 6
    run_id = str(patchtide("status", "--json").document["run"])
    monkeypatch.setenv("SUDO_USER", "bob")
    assert patchtide("approve", run_id).code == 0
    assert patchtide("resume", "--no-wait").code == 6
    fleet.clock.sleep(timedelta(days=7).total_seconds())
    assert patchtide("tick").code == 6
    assert "was for the opening of 'nightly'" in patchtide("status").out
    assert patchtide("approve", run_id).code == 0
    fleet.clock.sleep(timedelta(days=1).total_seconds() - 3600)
    assert patchtide("tick").code == 0


def test_a_forged_waiver_does_not_count(patchtide: Patchtide, waiting: str, fleet: Fleet) -> None:
    fleet.log.append(waiting, Waived(fleet.clock.now(), "bob", digest(patchtide), "notice", "x"))
    assert "does not count: bob has a key" in patchtide("status").out
