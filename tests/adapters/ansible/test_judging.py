"""What is reported of hosts that Ansible says many different things about, all in one real run."""

from pathlib import Path

import pytest
from tests.adapters.ansible.conftest import RUN, Ground

from patchtide.core.events import Status
from patchtide.ports import Report

DOES = {
    "good": "ok",
    "broken": "fail",
    "huge": "big",
    "hugely-broken": "bigfail",
    "quiet": "silent",
    "crashed": "crash",
    "skipping": "skip",
    "leaving": "end",
    "shrugging": "shrug",
    "failing-late": "late",
    "gone": "ok",
    "forgiven": "forgive",
    "missing": "ok",
    "2001:db8::1": "ok",
}
NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
MARK = "{{ lookup('ansible.builtin.pipe', 'touch PWNED') }}"
# What Ansible fills the arguments of a module into, what ends a text in Python, and what may be mistaken in JSON.
HOSTILE = [
    '"""; import os; os.abort() #',
    "'''; import os; os.abort() #",
    "<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>",
    '"<<INCLUDE_ANSIBLE_MODULE_COMPLEX_ARGS>>" "<<ANSIBLE_VERSION>>" %(name)r %s \\',
    '\\"""\n\r\t\u2028\U0001f600\\',
    "coding: gzip, coding=utf-7",
    "",
    None,
    [[], {}, 1e300, -0.5, True],
    {'"""': "\\"},
]


@pytest.fixture(scope="module")
def found(shared_ground: Ground) -> dict[str, Report]:
    names = [name for name in DOES if name not in {"missing", "gone", "forgiven"}]
    shared_ground.with_hosts(*names, "unasked", gone=NOWHERE, forgiven=NOWHERE)
    requests: dict[str, dict[str, object]] = {
        name: {"do": do, "trace": str(shared_ground.root / f"{index}.trace")}
        for index, (name, do) in enumerate(DOES.items())
    }
    requests["good"]["word"] = MARK.replace("PWNED", str(shared_ground.root / "PWNED"))
    requests["shrugging"]["word"] = HOSTILE
    return shared_ground.reports(requests)


@pytest.mark.parametrize(
    ("host", "status", "reason"),
    [
        ("good", Status.OK, ""),
        ("2001:db8::1", Status.OK, ""),
        ("shrugging", Status.OK, ""),
        ("broken", Status.FAILED, "it broke"),
        ("crashed", Status.FAILED, "what a crash"),
        ("failing-late", Status.FAILED, "non-zero return code"),
        ("gone", Status.UNREACHABLE, "onnect"),
        ("forgiven", Status.UNREACHABLE, "onnect"),
        ("huge", Status.UNKNOWN, "too large"),
        ("hugely-broken", Status.UNKNOWN, "too large"),
        ("quiet", Status.UNKNOWN, "too large to be passed on, or empty"),
        ("skipping", Status.UNKNOWN, "sent no report"),
        ("leaving", Status.UNKNOWN, "did nothing on the host"),
        ("missing", Status.UNKNOWN, "not in the inventory any more"),
    ],
)
@pytest.mark.fault(14, how="modules that answer with more than the runner passes on, in a real run")
def test_each_host_is_judged_by_its_own_events(
    found: dict[str, Report], host: str, status: Status, reason: str
) -> None:
    assert found[host].status is status
    assert reason in found[host].reason


def test_the_report_of_the_module_is_passed_on_also_when_it_failed(found: dict[str, Report]) -> None:
    assert found["broken"].data == {"broken": True}
    assert "word" in found["shrugging"].data


def test_only_an_ok_or_failed_host_has_data(found: dict[str, Report]) -> None:
    assert not [r.host for r in found.values() if r.data and r.status in {Status.UNKNOWN, Status.UNREACHABLE}]


def test_a_template_in_a_request_is_a_text_and_is_never_run(found: dict[str, Report], shared_ground: Ground) -> None:
    assert found["good"].data["word"] == MARK.replace("PWNED", str(shared_ground.root / "PWNED"))
    assert not (shared_ground.root / "PWNED").exists()


def test_hosts_that_were_not_asked_for_are_not_touched(found: dict[str, Report], shared_ground: Ground) -> None:
    assert "unasked" not in found
    assert (shared_ground.root / "0.trace").exists()


def test_the_play_leaves_nothing_on_the_disk(found: dict[str, Report], shared_ground: Ground) -> None:
    assert shared_ground.left_behind() == []


def test_children_carry_the_marks_by_which_they_are_found(found: dict[str, Report]) -> None:
    environment = found["good"].data["environment"]
    assert isinstance(environment, dict)
    assert environment["PATCHTIDE_RUN"] == RUN
    assert environment["PATCHTIDE_MARKER"].startswith(f"{RUN}.1.")


def test_the_path_of_an_ssh_socket_is_short_enough(found: dict[str, Report]) -> None:
    environment = found["good"].data["environment"]
    assert isinstance(environment, dict)
    folder = environment["ANSIBLE_SSH_CONTROL_PATH_DIR"]
    assert len(f"{folder}/0123456789.0123456789abcdef") < 104
    assert not Path(folder).exists()


def test_a_request_arrives_as_it_was_whatever_it_holds(found: dict[str, Report]) -> None:
    assert found["shrugging"].data["word"] == HOSTILE
