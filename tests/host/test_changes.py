"""What a run may change, what it did change, and what it has to put back."""

from typing import Any

import pytest
from plugins.module_utils.host.changes import departures, mark_changes, outstanding, remaining, unexpected
from plugins.module_utils.host.errors import HostError, summed_up
from plugins.module_utils.host.names import Change, Package, Removal
from plugins.module_utils.host.packagemanager import Installed, Simulated
from plugins.module_utils.host.recovery import package_states


def package(name: str, version: str, previous: str | None, arch: str = "amd64") -> Package:
    return Package(name, arch, version, f"{name}.deb", 1, "ab" * 32, previous)


def host(*rows: str) -> dict[str, Installed]:
    """Installed packages from words such as "openssl:amd64 1.0 installed"."""
    found = {}
    for row in rows:
        key, version, status = row.split()
        name, arch = key.split(":")
        found[key] = Installed(name, arch, version, "install", status)
    return found


def test_what_is_at_its_version_is_not_done_again() -> None:
    now = host("a:amd64 2 installed", "b:amd64 1 installed")
    todo = outstanding(now, [package("a", "2", "1"), package("b", "2", "1"), package("c", "1", None)])
    assert [one.name for one in todo] == ["b", "c"]


def test_a_package_that_stands_half_way_is_not_taken_for_done() -> None:
    with pytest.raises(HostError, match="a:amd64 is 2, the plan knew 1"):
        outstanding(host("a:amd64 2 half-configured"), [package("a", "2", "1")])


@pytest.mark.parametrize(
    ("now", "previous"),
    [
        ("a:amd64 1.5 installed", "1"),
        ("a:amd64 1 config-files", "1"),
        ("b:amd64 1 installed", "1"),
        ("a:amd64 1 installed", None),
    ],
)
@pytest.mark.fault(38, how="another version installed since the plan")
def test_a_host_that_changed_since_the_plan_is_refused(now: str, previous: str | None) -> None:
    with pytest.raises(HostError, match="the host changed since the plan"):
        outstanding(host(now), [package("a", "2", previous)])


def test_a_package_may_move_between_an_architecture_and_all() -> None:
    assert outstanding(host("a:all 1 installed"), [package("a", "2", "1")])
    assert outstanding(host("a:amd64 1 installed"), [package("a", "2", "1", arch="all")])
    with pytest.raises(HostError):
        outstanding(host("a:i386 1 installed"), [package("a", "2", "1")])


def states(*rows: str) -> dict[str, Any]:
    return package_states(host(*rows))


def test_exactly_the_listed_packages_may_change() -> None:
    before = states("a:amd64 1 installed", "b:amd64 1 installed", "c:all 1 config-files")
    todo = Change((package("a", "2", "1"), package("n", "1", None)))
    after = ["a:amd64 2 installed", "n:amd64 1 installed", "b:amd64 1 installed", "c:all 1 config-files"]
    assert departures(before, host(*after), todo) == []
    assert departures(before, host(*after[:2], after[3]), todo) == ["b:amd64 changed without being in the plan"]
    assert departures(before, host(*after, "x:all 1 installed"), todo) == ["x:all changed without being in the plan"]
    assert departures(before, host("a:amd64 2 half-configured", *after[1:]), todo) == ["a:amd64 2 is half-configured"]
    assert departures(before, host("a:amd64 1.9 installed", *after[1:]), todo) == ["a:amd64 is 1.9, not 2"]
    assert departures(before, host(*after[1:]), todo) == ["a:amd64 is not installed, not 2"]


def test_what_the_plan_removes_is_gone_afterwards_and_nothing_else_is() -> None:
    before = states("a:amd64 1 installed", "r:all 1 installed")
    change = Change((package("a", "2", "1"),), (Removal("r", "all", "1"),))
    done = "a:amd64 2 installed"
    assert departures(before, host(done), change) == []
    assert departures(before, host(done, "r:all 1 config-files"), change) == []
    assert departures(before, host(done, "r:all 1 installed"), change) == ["r:all 1 is here still"]
    assert departures(before, host(done), Change(change.packages)) == ["r:all changed without being in the plan"]


def test_a_removal_is_of_the_version_that_the_plan_knew_and_done_once() -> None:
    change = Change((), (Removal("r", "all", "1"),))
    assert remaining(host("r:all 1 installed"), change) == change
    assert not remaining(host("r:all 1 config-files"), change)
    with pytest.raises(HostError, match="r:all is 2, the plan knew 1"):
        remaining(host("r:all 2 installed"), change)


def test_marks_stay_as_they_were_and_what_came_new_is_automatic() -> None:
    after = host("a:amd64 2 installed", "b:amd64 1 installed", "n:all 1 installed")
    assert mark_changes(["a:amd64", "gone:amd64"], {"b:amd64"}, after, ["n:all"]) == (["a:amd64", "n:all"], ["b:amd64"])
    assert mark_changes(["a:amd64"], {"a:amd64"}, after, []) == ([], [])


@pytest.mark.parametrize(
    ("installs", "removals", "said"),
    [
        ({"a:amd64": "2"}, (), ""),
        ({"a:amd64": "2", "b:all": "1"}, (), "installs b:all 1"),
        ({}, (), "leaves a:amd64 as it is"),
        ({"a:amd64": "3"}, (), "installs a:amd64 3 instead of 2"),
        ({"a:amd64": "2"}, ("c:amd64",), "removes c"),
    ],
)
def test_a_simulation_has_to_do_exactly_what_the_plan_says(
    installs: dict[str, str], removals: tuple[str, ...], said: str
) -> None:
    assert unexpected(Simulated(True, "", installs, removals), {"a:amd64": "2"}, ()) == said


def test_the_way_back_has_to_remove_what_came_new() -> None:
    assert unexpected(Simulated(True, "", {}, ()), {}, ["n:all"]) == "does not remove n"
    assert unexpected(Simulated(True, "", {}, ("n:amd64",)), {}, ["n:all"]) == ""


def test_many_sentences_are_counted_and_not_all_told() -> None:
    assert summed_up(["a", "b"]) == "a; b"
    assert summed_up([str(n) for n in range(9)], 2) == "0; 1; and 7 more"
