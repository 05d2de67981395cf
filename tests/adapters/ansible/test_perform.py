"""Runs of Ansible that mislead, break, hang or are left: nothing but the truth is reported, nothing is left over."""

import os
import threading
import time
from collections.abc import Callable, Iterable

import pytest
from tests.adapters.ansible.conftest import PLAYBOOK, RUN, Ground, alive, seen

from patchtide.adapters.ansible import AnsibleExecutor
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.events import Status
from patchtide.core.steps import Step
from patchtide.ports import Deed, Report

NoOrphans = Callable[[], Iterable[int]]


def test_success_is_said_only_when_the_play_is_over(ground: Ground) -> None:
    reports = list(ground.executor.perform(ground.deed({"good": "ok", "other": "fail", "third": "late"})))
    assert [(r.host, r.status) for r in reports] == [
        ("other", Status.FAILED),
        ("third", Status.FAILED),
        ("good", Status.OK),
    ]


def test_the_play_goes_on_when_all_that_is_asked_is_known(ground: Ground) -> None:
    """A failed hook must not keep maintenance mode from being left."""
    done = ground.root / "put right"
    ground.with_playbook(f"""
- hosts: all
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.command: "false"
      always:
        - ansible.builtin.pause: {{seconds: 2}}
        - ansible.builtin.copy: {{content: done, dest: "{done}"}}
""")
    assert ground.reports({"good": "ok"})["good"].status is Status.FAILED
    assert done.read_text() == "done"


@pytest.mark.parametrize("name", ["a:b", "{{ 1 }}"])
def test_a_directory_that_ansible_would_misread_is_refused(ground: Ground, name: str) -> None:
    executor = AnsibleExecutor(ground.root / "content", ground.root / name / "scratch", 5)
    with pytest.raises(UsageError, match="cannot work in a directory"):
        list(executor.perform(ground.deed({"good": "ok"})))


def test_nobody_asked_nothing_done(ground: Ground) -> None:
    assert ground.reports({}) == {}
    assert not (ground.root / "state").exists()


def test_no_match_is_no_success(ground: Ground) -> None:
    reports = ground.reports({"nosuch": "ok", "nobody": "ok"})
    assert {r.status for r in reports.values()} == {Status.UNKNOWN}


@pytest.mark.parametrize(
    ("playbook", "word"),
    [
        (PLAYBOOK.replace("hosts: all", "hosts: nogroup"), "not in the inventory"),
        ("- hosts: all\n  tasks: [\n", "YAML"),
        ("- hosts: all\n  tasks: [{no.such.module: {}}]\n", "no.such.module"),
        ("- hosts: all\n  gather_facts: false\n  tasks: []\n", "not in the inventory"),
        ("- hosts: all\n  gather_facts: false\n  tasks: [{ansible.builtin.ping: {}}]\n", "sent no report"),
    ],
)
def test_a_play_that_does_nothing_of_ours_is_no_success(ground: Ground, playbook: str, word: str) -> None:
    ground.with_playbook(playbook)
    report = ground.reports({"good": "ok"})["good"]
    assert report.status is not Status.OK
    assert word in report.reason


def test_a_playbook_that_is_missing_is_named(ground: Ground) -> None:
    deed = Deed(RUN, Step.STAGE, {"good": {}}, f"{RUN}.1", 300, (str(ground.inventory),))
    (report,) = ground.executor.perform(deed)
    assert report.status is Status.UNKNOWN
    assert "stage.yml" in report.reason


@pytest.mark.parametrize("victim", ["killfork", "killall"])
@pytest.mark.fault(11, how="SIGKILL of a worker process, and of all of Ansible")
def test_a_killed_ansible_makes_its_hosts_unknown(ground: Ground, victim: str, no_orphans: NoOrphans) -> None:
    reports = ground.reports({"good": "ok", "other": victim})
    assert reports["other"].status is Status.UNKNOWN
    assert reports["good"].status is Status.UNKNOWN
    assert "Ansible ended" in reports["other"].reason


def test_time_that_is_up_makes_a_host_unknown_and_ends_what_runs_here(ground: Ground, no_orphans: NoOrphans) -> None:
    report = ground.reports({"good": "sleep"}, timeout=4)["good"]
    assert (report.status, report.reason) == (Status.UNKNOWN, "no answer within 4 s")
    assert ground.left_behind() == []


def test_leaving_early_ends_ansible_and_removes_its_files(ground: Ground, no_orphans: NoOrphans) -> None:
    deed = ground.deed({"good": {"do": "sleep", "trace": str(ground.root / "trace")}, "other": "fail"})
    reports = ground.executor.perform(deed)
    assert next(reports).host == "other"
    pid = seen(ground.root / "trace")
    reports.close()  # type: ignore[attr-defined]
    assert not alive(pid)
    assert ground.left_behind() == []


@pytest.mark.fault(12, how="a reader that takes three seconds an event")
def test_a_reader_who_takes_his_time_loses_nothing(ground: Ground) -> None:
    found = []
    for report in ground.executor.perform(ground.deed({"good": "ok", "other": "fail", "third": "fail"})):
        time.sleep(3)
        found.append(report)
    assert [r.status for r in found] == [Status.FAILED, Status.FAILED, Status.OK]


def test_two_attempts_at_once_never_touch_each_others_hosts(ground: Ground) -> None:
    found: dict[str, list[Report]] = {}

    def work(name: str) -> None:
        deed = ground.deed({name: {"do": "ok", "word": name}})
        found[name] = list(ground.executor.perform(deed))

    workers = [threading.Thread(target=work, args=(name,)) for name in ("good", "other", "third")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {name: [(r.host, r.data["word"]) for r in reports] for name, reports in found.items()} == {
        name: [(name, name)] for name in ("good", "other", "third")
    }


def test_what_lies_around_does_not_leak_in(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these alone breaks or empties a run of Ansible that does not guard against it."""
    (ground.root / "ansible.cfg").write_text("no configuration at all")
    monkeypatch.chdir(ground.root)
    for name, value in {
        "JOB_ID": "nightly",
        "ANSIBLE_CALLBACKS_ENABLED": "nosuch",
        "ANSIBLE_STDOUT_CALLBACK": "json",
        "ANSIBLE_STRATEGY": "nosuch",
        "ANSIBLE_RUN_TAGS": "never",
        "ANSIBLE_SKIP_TAGS": "all",
        "ANSIBLE_COLLECTIONS_PATH": "/nowhere",
        "ANSIBLE_TASK_TIMEOUT": "1",
        "ANSIBLE_ANY_ERRORS_FATAL": "True",
        "MAX_EVENT_RES": "1",
        "RUNNER_OMIT_EVENTS": "True",
        "PATCHTIDE_MARKER": "somebody",
    }.items():
        monkeypatch.setenv(name, value)
    assert ground.executor.hosts([str(ground.inventory)], "good")
    reports = ground.reports({"good": "ok", "other": "fail"})
    assert {name: (r.status, r.reason) for name, r in reports.items()} == {
        "good": (Status.OK, ""),
        "other": (Status.FAILED, "it broke"),
    }


def test_the_projects_own_configuration_is_read(ground: Ground) -> None:
    home = ground.root / "a project"
    home.mkdir()
    (home / "ansible.cfg").write_text("no configuration at all")
    executor = AnsibleExecutor(ground.root / "content", ground.root / "scratch", 5, home)
    with pytest.raises(UsageError, match=r"ansible\.cfg"):
        executor.hosts([str(ground.inventory)], "good")
    (home / "ansible.cfg").unlink()
    assert executor.hosts([str(ground.inventory)], "good")
    (home / "ansible.cfg").write_text("no configuration at all")
    assert {report.status for report in executor.perform(ground.deed({"good": "ok"}))} == {Status.UNKNOWN}


def test_a_configuration_that_the_user_names_is_read(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    (ground.root / "mine.cfg").write_text("no configuration at all")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(ground.root / "mine.cfg"))
    with pytest.raises(UsageError, match=r"mine\.cfg"):
        ground.executor.hosts([str(ground.inventory)], "good")


def test_secrets_and_requests_are_for_their_owner_and_short_lived(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, no_orphans: NoOrphans
) -> None:
    monkeypatch.setenv("A_TOKEN", "s3cr3t-t0k3n")
    old = os.umask(0)
    try:
        deed = ground.deed({"good": {"do": "sleep", "trace": str(ground.root / "trace")}, "other": "fail"})
        reports = ground.executor.perform(deed)
        next(reports)
        seen(ground.root / "trace")
        files = [path for path in (ground.root / "state").rglob("*") if path.is_file() and "content" not in path.parts]
        assert {path.stat().st_mode & 0o077 for path in files if "requests" in path.parts} == {0}
        assert [path for path in files if b"s3cr3t-t0k3n" in path.read_bytes()] == []
        private = next(path for path in (ground.root / "state" / "scratch" / RUN).iterdir() if path.is_dir())
        assert private.stat().st_mode & 0o777 == 0o700
        assert (ground.root / "state").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(old)
        reports.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["../x", "a/b", "-x", "{{ 1 }}", "a\nb", "h;reboot", ""])
def test_a_host_name_never_leaves_its_directory(ground: Ground, name: str) -> None:
    with pytest.raises(UsageError, match="host name"):
        ground.reports({name: "ok"})
    assert not (ground.root / "state").exists()


def test_a_template_that_came_into_the_inventory_later_is_never_run(ground: Ground) -> None:
    executor = ground.executor
    executor.hosts([str(ground.inventory)], "all")
    touched = ground.root / "PWNED"
    ground.with_hosts(
        "other", good={"ansible_user": "{{ lookup('ansible.builtin.pipe', 'touch " + str(touched) + "') }}"}
    )
    with pytest.raises(UsageError, match="variable ansible_user of host 'good' holds a template"):
        list(executor.perform(ground.deed({"good": "ok"})))
    assert not touched.exists()


def test_an_unusable_place_is_named(ground: Ground) -> None:
    (ground.root / "state").write_text("a file")
    with pytest.raises(PatchtideError, match="no place to work in"):
        ground.reports({"good": "ok"})
