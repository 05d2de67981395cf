"""From a host's report to what may be relied on: rubbish is `unknown`, and silence is not success."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW, SHA

from patchtide.core.errors import UsageError
from patchtide.core.events import HostFinished, Status
from patchtide.core.packages import Removal
from patchtide.core.steps import Step
from patchtide.documents import event_of, event_text
from patchtide.engine.findings import PROBE_SCHEMA, clock_trouble, finding_of, probe_of
from patchtide.ports import Report

SOUND: dict[Step, dict[str, Any]] = {
    Step.PROBE: {"journal": {"patch": {"state": "done"}}},
    Step.STAGE: {"ready": True},
    Step.ENTER: {"state": "entered"},
    Step.PATCH: {
        "outcome": "applied",
        "installed": [{"name": "tide", "arch": "amd64", "version": "1.1", "sha256": SHA}],
        "reboot": {"owed": True, "why": ["kernel"]},
    },
    Step.REBOOT: {"journal": None},
    Step.VERIFY: {"measurements": [{"name": "web", "status": "pass", "detail": "", "before": "pass", "tries": 1}]},
    Step.LEAVE: {"state": "left"},
    Step.ROLLBACK: {"outcome": "restored", "differences": [], "measurements": [], "reboot": {"owed": False}},
}
ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["installed", "reboot", "measurements", "outcome", "differences", "journal", "state", "ready", "reason"]
)


def report(data: object, status: Status = Status.OK, reason: str = "") -> Report:
    return Report("t1", status, reason, data)  # type: ignore[arg-type]


def test_a_look_at_a_host_in_doubt_is_read_with_all_that_a_probe_tells() -> None:
    looked = {**SOUND[Step.PROBE], "installed": {"tide:amd64": "1.0"}, "reboot": {"owed": False, "why": []}}
    status, reason, finding = finding_of(Step.PROBE, report(looked))
    assert (status, reason, finding.begun) == (Status.OK, "", (Step.PATCH,))


@pytest.mark.parametrize("step", Step)
def test_a_sound_report_is_ok(step: Step) -> None:
    assert finding_of(step, report(SOUND[step]))[0] is Status.OK


def test_a_sound_report_says_what_a_decision_needs() -> None:
    patched = finding_of(Step.PATCH, report(SOUND[Step.PATCH]))[2]
    assert [(file.name, file.version, file.sha256) for file in patched.installed] == [("tide", "1.1", SHA)]
    assert (patched.reboot_owed, patched.reboot_why) == (True, ("kernel",))
    assert finding_of(Step.PROBE, report(SOUND[Step.PROBE]))[2].begun == (Step.PATCH,)
    assert finding_of(Step.ROLLBACK, report(SOUND[Step.ROLLBACK]))[2].restored == "restored"


@pytest.mark.parametrize("step", Step)
def test_an_empty_report_is_unknown(step: Step) -> None:
    status, reason, _ = finding_of(step, report({}))
    assert status is Status.UNKNOWN
    assert "cannot be read" in reason


@pytest.mark.parametrize(
    ("step", "key", "value"),
    [
        (Step.STAGE, "ready", False),
        (Step.STAGE, "ready", "yes"),
        (Step.ENTER, "state", "left"),
        (Step.LEAVE, "state", "entered"),
        (Step.PATCH, "outcome", "failed"),
        (Step.PATCH, "outcome", ["applied"]),
        (Step.PATCH, "reboot", {}),
        (Step.PATCH, "reboot", {"owed": "false"}),
        (Step.PATCH, "reboot", None),
        (Step.PATCH, "installed", "tide"),
        (Step.PATCH, "installed", [{"name": "tide"}]),
        (Step.PATCH, "installed", [["tide", "amd64", "1.1"]]),
        (Step.ROLLBACK, "outcome", ""),
        (Step.ROLLBACK, "outcome", "failed"),
        (Step.ROLLBACK, "outcome", None),
        (Step.VERIFY, "measurements", None),
        (Step.VERIFY, "measurements", {"web": "pass"}),
        (Step.VERIFY, "measurements", [{"name": "web"}]),
        (Step.VERIFY, "measurements", [None]),
        (Step.PROBE, "journal", "corrupt"),
        (Step.PROBE, "journal", []),
        (Step.REBOOT, "journal", 1),
    ],
)
def test_a_report_with_one_odd_value_is_not_ok(step: Step, key: str, value: object) -> None:
    status, reason, found = finding_of(step, report({**SOUND[step], key: value}))
    assert status is Status.UNKNOWN
    assert reason
    assert not found.installed


@pytest.mark.parametrize("step", Step)
@given(st.dictionaries(KEYS, ODD))
def test_no_report_is_too_odd_to_be_judged_and_written_down(step: Step, data: dict[str, object]) -> None:
    status, reason, found = finding_of(step, report(data))
    event = HostFinished(NOW, step, "t1", 1, status, reason, found)
    assert event_of(event_text(event)) == event
    event_text(event).encode()
    if step is Step.PATCH and status is Status.OK:
        assert data["outcome"] in ("applied", "nothing")


@given(st.dictionaries(KEYS, ODD), st.text())
def test_a_failure_stays_a_failure_whatever_else_is_said(data: dict[str, object], reason: str) -> None:
    for step in Step:
        assert finding_of(step, report(data, Status.FAILED, reason))[0] is Status.FAILED


@pytest.mark.parametrize("status", [Status.UNREACHABLE, Status.UNKNOWN])
def test_what_was_not_heard_is_not_read(status: Status) -> None:
    found = finding_of(Step.PATCH, report(SOUND[Step.PATCH], status, "gone"))
    assert (found[0], found[1], found[2].installed) == (status, "gone", ())


def test_a_reason_is_short_and_moves_no_cursor() -> None:
    reason = finding_of(Step.PATCH, report({}, Status.FAILED, "\x1b[2Jdpkg\ud800" + "x" * 10_000))[1]
    assert reason.startswith(" [2Jdpkg ")
    assert len(reason) <= 2000
    reason.encode()


def test_a_report_that_is_no_mapping_is_unknown() -> None:
    odd: tuple[object, ...] = (None, [], "ok", 7)
    for data in odd:
        assert finding_of(Step.PATCH, report(data))[0] is Status.UNKNOWN


PROBED: dict[str, Any] = {
    "schema": PROBE_SCHEMA,
    "platform": {
        "distribution": "debian",
        "release": "12",
        "codename": "bookworm",
        "arch": "amd64",
        "manager": "apt",
    },
    "machine_id": "m1",
    "kernel": "6.1",
    "boot": "b",
    "clock": "2026-11-21T05:00:00Z",
    "pending": [
        {
            "name": "tide",
            "arch": "amd64",
            "installed": "1.0",
            "version": "1.1",
            "origin": "Debian",
            "suite": "stable",
            "security": False,
            "filename": "tide_1.1_amd64.deb",
            "size": 10,
            "sha256": SHA,
            "removes": [],
        }
    ],
    "held": [],
    "trouble": [],
    "measurements": [],
    "journal": None,
}


def test_a_probe_says_what_waits() -> None:
    found = probe_of(report(PROBED))
    assert [(p.package.name, p.installed, p.package.version) for p in found.pending] == [("tide", "1.0", "1.1")]
    assert found.platform.key == "debian-12-amd64"


def test_kernels_that_stand_beside_older_ones_are_one_package_in_several_versions() -> None:
    several = {"kernel-core:x86_64": "5.14.0-503.el9 and 5.14.0-570.el9"}
    assert probe_of(report({**PROBED, "installed": several})).installed == several
    for odd in ("5.14 and ", "5.14 and $(id)", "5.14 or 5.15", " and "):
        with pytest.raises(UsageError, match="impossible installed version"):
            probe_of(report({**PROBED, "installed": {"kernel-core:x86_64": odd}}))


def test_a_probe_says_what_would_have_to_leave() -> None:
    waiting = {**PROBED["pending"][0], "removes": [{"name": "ebb", "arch": "all", "version": "1"}]}
    assert probe_of(report({**PROBED, "pending": [waiting]})).pending[0].removes == (Removal("ebb:all", "1"),)


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("2026-11-21T05:02:00Z", None),
        ("2026-11-21T04:58:00Z", None),
        ("2026-11-21T05:02:01Z", "its clock is 2 min ahead of the controller's"),
        ("2026-11-21T04:15:00Z", "its clock is 45 min behind the controller's"),
        ("2026-11-21T05:00:00", "it does not say what time it has"),
        ("soon", "it does not say what time it has"),
        (None, "it does not say what time it has"),
        (7, "it does not say what time it has"),
    ],
)
def test_a_clock_that_is_off_by_minutes_is_trouble(clock: object, said: str | None) -> None:
    found = clock_trouble(report({**PROBED, "clock": clock}), NOW, NOW)
    assert [trouble.reason for trouble in found] == ([said] if said else [])


@pytest.mark.parametrize(("minutes", "is_trouble"), [(-13, True), (-11, False), (-5, False), (1, False), (3, True)])
def test_a_clock_that_was_looked_at_while_the_answer_took_ten_minutes_is_right(
    minutes: int, *, is_trouble: bool
) -> None:
    clock = (NOW + timedelta(minutes=minutes)).isoformat()
    found = clock_trouble(report({**PROBED, "clock": clock}), NOW - timedelta(minutes=10), NOW)
    assert bool(found) == is_trouble


@pytest.mark.parametrize("key", ["schema", "platform", "pending", "held", "trouble"])
def test_a_probe_with_something_missing_is_none(key: str) -> None:
    with pytest.raises(UsageError):
        probe_of(report({name: value for name, value in PROBED.items() if name != key}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "tide;reboot"),
        ("name", "-o=x"),
        ("name", ""),
        ("name", None),
        ("arch", "amd64 "),
        ("version", "1.1\n"),
        ("version", "$(id)"),
        ("version", "9" * 256),
        ("filename", "../tide.deb"),
        ("filename", "a/b.deb"),
        ("sha256", "00"),
        ("sha256", SHA.upper()),
        ("installed", 1),
        ("installed", "1 0"),
        ("size", "many"),
        ("security", "maybe"),
        ("removes", None),
        ("removes", [{"name": "e;b", "arch": "all", "version": "1"}]),
        ("removes", [{"name": "ebb", "arch": "", "version": "1"}]),
        ("removes", [{"name": "ebb", "arch": "all"}]),
    ],
)
def test_an_update_that_could_be_anything_else_is_refused(key: str, value: object) -> None:
    with pytest.raises(UsageError, match=r"package|pending update|remov"):
        probe_of(report({**PROBED, "pending": [{**PROBED["pending"][0], key: value}]}))


def test_an_update_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        probe_of(report({**PROBED, "pending": PROBED["pending"] * 2}))


@given(st.dictionaries(st.sampled_from(sorted(PROBED)), ODD))
def test_no_probe_is_too_odd_to_be_refused(changes: dict[str, object]) -> None:
    data = json.loads(json.dumps({**PROBED, **changes}))
    try:
        found = probe_of(report(data))
    except UsageError as error:
        assert error.message
    else:
        assert all(p.package.name for p in found.pending)


def test_a_failure_without_a_word_gets_one() -> None:
    assert finding_of(Step.PATCH, report({}, Status.FAILED))[1] == "patch failed without saying why"
