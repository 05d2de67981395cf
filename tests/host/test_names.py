"""Names from outside never reach a path or a command line unless they are plain."""

from typing import Any

import pytest
from plugins.module_utils.host import names
from plugins.module_utils.host.checks import checks
from plugins.module_utils.host.errors import HostError

GOOD: dict[str, Any] = {
    "name": "libstdc++6",
    "arch": "amd64",
    "version": "1:12.2.0-14+deb12u1~rc1",
    "filename": "libstdc++6_1%3a12.2.0-14_amd64.deb",
    "size": 5,
    "sha256": "ab" * 32,
    "previous": None,
}


def test_a_good_package_is_taken_as_it_is() -> None:
    package = names.packages([{**GOOD, "origin": "ignored"}])[0]
    assert package.as_dict() == GOOD
    assert package.key == "libstdc++6:amd64"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a;reboot"),
        ("name", "-oProxyCommand=x"),
        ("name", "a\n"),
        ("name", "../a"),
        ("name", None),
        ("arch", "amd64 "),
        ("version", "1 2"),
        ("version", "$(id)"),
        ("version", "-1"),
        ("filename", "../x.deb"),
        ("filename", "/etc/passwd"),
        ("size", "5"),
        ("size", True),
        ("size", -1),
        ("sha256", "AB" * 32),
        ("sha256", "ab"),
        ("previous", "1;2"),
        ("previous", ""),
    ],
)
def test_an_odd_value_is_refused(field: str, value: object) -> None:
    with pytest.raises(HostError):
        names.package({**GOOD, field: value})


def test_a_package_named_twice_is_refused() -> None:
    with pytest.raises(HostError, match="named twice: libstdc"):
        names.packages([GOOD, GOOD])


@pytest.mark.parametrize(
    "removes",
    [
        None,
        ["nginx"],
        [{"name": "a;b", "arch": "all", "version": "1"}],
        [{"name": "-o", "arch": "all", "version": "1"}],
        [{"name": "a", "arch": "../x", "version": "1"}],
        [{"name": "a", "arch": "all"}],
        [{"name": "a", "arch": "all", "version": "1"}, {"name": "a", "arch": "all", "version": "1"}],
    ],
)
def test_a_removal_that_is_no_package_or_named_twice_is_refused(removes: object) -> None:
    with pytest.raises(HostError):
        names.change([], removes)


def test_a_change_is_told_again_from_the_journal_and_an_older_journal_has_no_removals() -> None:
    change = names.change([], [{"name": "a", "arch": "all", "version": "1"}])
    assert change
    assert change.is_in(change.as_dict())
    assert not change.is_in({"packages": []})
    assert names.Change(()).is_in({"packages": []})
    assert names.intended({"todo": [], "leaving": change.as_dict()["removes"]}) == change


@pytest.mark.parametrize("run", ["", "A", "../x", "a/b", "a" * 65, "cache", "-a", "a\n", "a.b", None, 7])
def test_a_run_id_that_is_no_plain_folder_name_is_refused(run: object) -> None:
    with pytest.raises(HostError):
        names.run_id(run)


@pytest.mark.parametrize(
    "check",
    [
        {"name": "a", "kind": "https"},
        {"kind": "tcp", "port": 1},
        {"name": "a", "kind": "tcp"},
        {"name": "a", "kind": "tcp", "port": 0},
        {"name": "a", "kind": "tcp", "port": "22"},
        {"name": "a", "kind": "http", "port": 80, "path": "no-slash"},
        {"name": "a", "kind": "http", "port": 80, "path": "/a b"},
        {"name": "a", "kind": "http", "port": 80, "path": "/a\r\nX: y"},
        {"name": "a", "kind": "http", "port": 80, "host": "a b"},
        {"name": "a", "kind": "http", "port": 80, "scheme": "ftp"},
        {"name": "a", "kind": "http", "port": 80, "status": 20},
        {"name": "a", "kind": "command"},
        {"name": "a", "kind": "command", "argv": "ls -l"},
        {"name": "a", "kind": "command", "argv": []},
        {"name": "a", "kind": "services", "units": "changed"},
        {"name": "a", "kind": "services", "units": ["-x"]},
        {"name": "a", "kind": "tcp", "port": 1, "every": 0},
        {"name": "a", "kind": "tcp", "port": 1, "timeout": float("nan")},
        {"name": "a", "kind": "tcp", "port": 1, "deadline": -1},
    ],
)
def test_a_check_that_makes_no_sense_is_refused(check: dict[str, Any]) -> None:
    with pytest.raises(HostError):
        checks([check])


def test_a_check_says_only_what_differs_from_the_usual() -> None:
    one = checks([{"name": "u", "kind": "services", "units": ["ssh", "a.socket"], "every": None, "port": None}])[0]
    assert one.own["units"] == ("ssh.service", "a.socket")
    assert (one.warm_up, one.every, one.healthy_for, one.deadline, one.timeout) == (0, 1, 0, 60, 5)
    with pytest.raises(HostError, match="named twice"):
        checks([{"name": "u", "kind": "services"}, {"name": "u", "kind": "services"}])
