"""The lock: what test has, production gets, and nothing else."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import DEBIAN, package, pending, probe

from patchtide.core.packages import Pending, Removal
from patchtide.core.patchset import Choices, Exclusion, Probe, Selection, Trouble, host_plan, locked
from patchtide.core.plan import Change
from patchtide.core.versions import is_newer

ALL = Selection()
ARM = replace(DEBIAN, arch="arm64")


def test_the_lock_has_the_newest_file_that_a_test_host_waits_for() -> None:
    found = locked([probe(pending(version="1.1")), probe(pending(version="1.10")), probe(pending(version="1.9"))], ALL)
    assert found == {DEBIAN.key: (package(version="1.10"),)}


def test_each_platform_has_a_lock_of_its_own() -> None:
    found = locked([probe(pending()), probe(pending("other"), platform=ARM)], ALL)
    assert {key: [file.name for file in files] for key, files in found.items()} == {
        "debian-12-amd64": ["tide"],
        "debian-12-arm64": ["other"],
    }


def test_two_architectures_of_one_package_are_two_packages() -> None:
    i386 = Pending(replace(package("libc"), arch="i386"), "1.0")
    found = locked([probe(pending("libc"), i386)], ALL)
    assert [file.key for file in found[DEBIAN.key]] == ["libc:amd64", "libc:i386"]


def test_a_host_gets_what_is_locked_and_nothing_that_no_test_host_waits_for() -> None:
    lock = locked([probe(pending("tide", "1.1"))], ALL)
    plan = host_plan("p1", probe(pending("tide", "1.2"), pending("extra", "2")), Choices(lock, ALL))
    assert plan.changes == (Change("tide:amd64", "1.0"),)
    assert plan.left_out == {"extra:amd64": "not in the patch set: no test host has this update"}


def test_a_host_that_is_further_than_the_lock_is_left_alone() -> None:
    lock = locked([probe(pending("tide", "1.1"))], ALL)
    plan = host_plan("p1", probe(pending("tide", "1.3", installed="1.2")), Choices(lock, ALL))
    assert plan.changes == ()
    assert "already at 1.2" in plan.left_out["tide:amd64"]


INSTALLED = {"tide:amd64": "1.0"}
EXTRA = package("extra", needed_by=("tide:amd64",))


@pytest.mark.parametrize(
    ("found", "changes", "left_out"),
    [
        pytest.param(
            probe(installed=INSTALLED), {"tide:amd64": "1.0"}, {}, id="not in its own list: phased, gone, cut off"
        ),
        pytest.param(probe(installed={"tide:amd64": "0.8"}), {"tide:amd64": "0.8"}, {}, id="an older starting point"),
        pytest.param(probe(installed={"tide:amd64": "1.1"}), {}, {}, id="there already"),
        pytest.param(
            probe(installed={"tide:amd64": "1.2"}),
            {},
            {"tide:amd64": "already at 1.2, the patch set has 1.1"},
            id="newer already",
        ),
        pytest.param(probe(installed={"other:amd64": "1"}), {}, {}, id="not installed"),
        pytest.param(probe(installed={"tide:all": "1.0"}), {"tide:amd64": "1.0"}, {}, id="another architecture before"),
        pytest.param(probe(installed={"tide:i386": "1.0"}), {}, {}, id="only of a foreign architecture"),
        pytest.param(probe(installed=INSTALLED, held=("tide",)), {}, {"tide": "held on the host"}, id="held or pinned"),
        pytest.param(
            probe(installed=INSTALLED, kept_back=("tide",)),
            {},
            {"tide:amd64": "kept back by the host's own package manager, which finds no way to install it"},
            id="kept back",
        ),
        pytest.param(
            probe(pending("tide", "1.5"), installed=INSTALLED),
            {"tide:amd64": "1.0"},
            {},
            id="its mirror has a newer one",
        ),
    ],
)
def test_what_is_installed_decides_what_a_host_gets(
    found: Probe, changes: dict[str, str], left_out: dict[str, str]
) -> None:
    plan = host_plan("p1", found, Choices({DEBIAN.key: (package(),)}, ALL))
    assert {change.key: change.previous for change in plan.changes} == changes
    assert plan.left_out == left_out


@pytest.mark.parametrize(
    ("found", "changes"),
    [
        pytest.param(probe(installed=INSTALLED), ["extra:amd64", "tide:amd64"], id="what needs it is only in the lock"),
        pytest.param(probe(pending(), installed=INSTALLED), ["tide:amd64"], id="the host knows that it needs it not"),
        pytest.param(
            probe(pending(), pending("extra", installed=None), installed=INSTALLED),
            ["extra:amd64", "tide:amd64"],
            id="the host knows that it needs it",
        ),
        pytest.param(
            probe(pending("tide", "1.5"), installed=INSTALLED), ["extra:amd64", "tide:amd64"], id="of another version"
        ),
        pytest.param(probe(installed={"tide:amd64": "1.1"}), [], id="what needs it is there already"),
        pytest.param(probe(installed=INSTALLED, held=("tide",)), [], id="what needs it is held"),
        pytest.param(
            probe(installed={**INSTALLED, "extra:amd64": "0.9"}), ["extra:amd64", "tide:amd64"], id="not new there"
        ),
    ],
)
def test_what_comes_new_goes_only_where_something_needs_it(found: Probe, changes: list[str]) -> None:
    plan = host_plan("p1", found, Choices({DEBIAN.key: (EXTRA, package())}, ALL))
    assert [change.key for change in plan.changes] == changes


def test_who_needs_a_new_package_is_known_from_all_test_hosts() -> None:
    one, other = (pending("extra", installed=None, needed_by=(asker,)) for asker in ("b:all", "a:all"))
    (lock,) = locked([probe(one), probe(other)], ALL).values()
    assert lock[0].needed_by == ("a:all", "b:all")


def test_a_reboot_that_was_put_off_before_is_in_the_plan() -> None:
    owing = probe(pending(), reboot_owed=True, reboot_why=("libc6 changed",))
    assert host_plan("p1", owing, Choices({}, ALL)).owes_reboot == ("libc6 changed",)
    assert host_plan("p1", probe(pending()), Choices({}, ALL)).owes_reboot == ()


def test_trouble_on_a_host_refuses_it_with_every_reason() -> None:
    trouble = (Trouble("dpkg_lock", "apt holds the lock"), Trouble("read_only", "/ is read-only"))
    plan = host_plan("p1", probe(pending(), trouble=trouble), Choices({DEBIAN.key: (package(),)}, ALL))
    assert plan.refused == "apt holds the lock; / is read-only"


def test_held_packages_are_left_out_and_say_so() -> None:
    plan = host_plan("p1", probe(held=("nginx",)), Choices({}, ALL))
    assert plan.left_out == {"nginx": "held on the host"}


@pytest.mark.parametrize(
    ("waiting", "reason"),
    [
        (pending("docker-ce"), "excluded by web until 2027-01-31: not before the move"),
        (pending("dockerize"), "excluded by web until 2027-01-31: not before the move"),
        (pending("podman"), None),
    ],
)
def test_an_exclusion_is_a_pattern_with_an_owner_a_reason_and_an_end(waiting: Pending, reason: str | None) -> None:
    exclusion = Exclusion("docker*", "web", "not before the move", date(2027, 1, 31))
    assert Selection(exclusions=(exclusion,)).refusal(waiting) == reason


def test_excluded_packages_are_neither_locked_nor_installed() -> None:
    selection = Selection(exclusions=(Exclusion("docker*", "web", "later"),))
    assert locked([probe(pending("docker-ce"))], selection) == {DEBIAN.key: ()}
    plan = host_plan("p1", probe(pending("docker-ce")), Choices({DEBIAN.key: (package("docker-ce"),)}, selection))
    assert plan.changes == ()
    assert plan.left_out == {"docker-ce:amd64": "excluded by web: later"}


def test_security_only_takes_security_updates_and_what_they_bring_along() -> None:
    selection = Selection(security_only=True)
    assert selection.refusal(pending(security=True)) is None
    assert selection.refusal(pending()) == "not a security update"
    assert selection.refusal(pending("libnew", installed=None)) is None


def test_an_update_that_would_remove_a_package_stays_away_unless_that_is_allowed() -> None:
    waiting = pending("tide", removes=(Removal("ebb:all", "1"),))
    lock = {DEBIAN.key: (package("tide"),)}
    refused = host_plan("t1", probe(waiting), Choices(lock, ALL))
    assert (refused.changes, refused.removes) == ((), ())
    assert refused.left_out == {"tide:amd64": "would remove ebb:all"}
    allowed = host_plan("t1", probe(waiting), Choices(lock, Selection(removals=True)))
    assert (allowed.changes, allowed.removes) == ((Change("tide:amd64", "1.0"),), (Removal("ebb:all", "1"),))


@given(st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=4, unique_by=lambda p: p[0])))
def test_no_order_of_the_hosts_changes_the_lock(fleet: list[list[tuple[str, int]]]) -> None:
    probes = [probe(*(pending(name, f"1.{number}") for name, number in waiting)) for waiting in fleet]
    lock = locked(probes, ALL)
    assert locked(list(reversed(probes)), ALL) == lock
    for file in lock.get(DEBIAN.key, ()):
        versions = [p.package.version for one in probes for p in one.pending if p.package.name == file.name]
        assert not any(is_newer(version, file.version, DEBIAN.manager) for version in versions)
