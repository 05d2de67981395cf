"""Versions, with dpkg itself as the judge, and rpm where it is installed (on real hosts in tests/system)."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from patchtide.core.errors import UsageError
from patchtide.core.versions import is_newer

PIECE = st.text("09a~+.Zb", min_size=0, max_size=6)
UPSTREAM = st.builds(lambda digit, rest: f"{digit}{rest}", st.sampled_from("0179"), PIECE)
VERSION = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "", "0:", "1:", "10:"]),
    st.one_of(UPSTREAM, st.builds(lambda a, b: f"{a}-{b}", UPSTREAM, UPSTREAM)),
    st.one_of(st.just(""), st.builds(lambda text: f"-{text}", st.text("019a~+.Z", min_size=1, max_size=5))),
)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg judges")
@how(max_examples=250)
@given(VERSION, VERSION)
def test_newer_is_what_dpkg_calls_newer(one: str, other: str) -> None:
    judged = subprocess.run(["dpkg", "--compare-versions", one, "gt", other], check=False, capture_output=True)
    assert not judged.stderr
    assert is_newer(one, other, "apt") == (judged.returncode == 0)


@given(VERSION, VERSION, VERSION)
def test_versions_have_one_order(one: str, other: str, third: str) -> None:
    assert not is_newer(one, one, "apt")
    assert not (is_newer(one, other, "apt") and is_newer(other, one, "apt"))
    if is_newer(one, other, "apt") and is_newer(other, third, "apt"):
        assert is_newer(one, third, "apt")


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("1.0", "1.0~rc1"),
        ("1.0-1", "1.0~rc1-1"),
        ("1:0.1", "9.9"),
        ("1.10", "1.9"),
        ("1.0+deb12u1", "1.0"),
        ("1.0-1+b1", "1.0-1"),
        ("1.0-1", "1.0-1~deb12u1"),
        ("3.0.17-1~deb12u3", "3.0.17-1~deb12u2"),
        ("2.36-9+deb12u13", "2.36-9+deb12u9"),
        ("1.0a", "1.0"),
        ("1.0+", "1.0a"),
        ("1-1-2", "1-1-1"),
    ],
)
def test_the_later_version_is_newer(newer: str, older: str) -> None:
    assert is_newer(newer, older, "apt")
    assert not is_newer(older, newer, "apt")


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.", "1.0"), ("1.00", "1.0"), ("1", "1-")]
)
def test_versions_that_are_written_differently_may_be_the_same(one: str, other: str) -> None:
    assert not is_newer(one, other, "apt")
    assert not is_newer(other, one, "apt")


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_text_is_too_odd_to_compare(one: str, other: str) -> None:
    assert not (is_newer(one, other, "apt") and is_newer(other, one, "apt"))


RPM = st.builds(
    lambda epoch, upstream, release: f"{epoch}{upstream}-{release}",
    st.sampled_from(["", "", "0:", "1:", "10:"]),
    st.text("019aZb.~^+_", min_size=1, max_size=7),
    st.text("01a.~^", min_size=1, max_size=4),
)


@pytest.mark.skipif(not shutil.which("rpm"), reason="rpm judges")
@how(max_examples=100)
@given(RPM.filter(lambda text: ":" not in text), RPM.filter(lambda text: ":" not in text))
def test_newer_is_what_rpm_calls_newer(one: str, other: str) -> None:
    asked = ["rpm", "--eval", f"%{{lua:print(rpm.vercmp('{one}', '{other}'))}}"]
    judged = subprocess.run(asked, check=True, capture_output=True, text=True)
    assert is_newer(one, other, "dnf") == (judged.stdout.strip() == "1")


@given(RPM, RPM, RPM)
def test_rpm_versions_have_one_order(one: str, other: str, third: str) -> None:
    assert not is_newer(one, one, "dnf")
    assert not (is_newer(one, other, "dnf") and is_newer(other, one, "dnf"))
    if is_newer(one, other, "dnf") and is_newer(other, third, "dnf"):
        assert is_newer(one, third, "dnf")


@pytest.mark.parametrize(
    ("newer", "older"),
    [  # from rpm's own tests of rpmvercmp, a release added
        ("2.0-1", "1.0-1"),
        ("2.0.1-1", "2.0-1"),
        ("2.0.1a-1", "2.0.1-1"),
        ("5.5p10-1", "5.5p1-1"),
        ("10.1xyz-1", "10xyz-1"),
        ("8-1", "xyz.4-1"),
        ("xyz10.1-1", "xyz10-1"),
        ("6.0.rc1-1", "6.0-1"),
        ("10b2-1", "10a1-1"),
        ("1.0aa-1", "1.0a-1"),
        ("10.0001-1", "10.0000-1"),
        ("5.0-1", "4.999.9-1"),
        ("20101122-1", "20101121-1"),
        ("1.0-1", "1.0~rc1-1"),
        ("1.0~rc2-1", "1.0~rc1-1"),
        ("1.0~rc1-1", "1.0~rc1~git123-1"),
        ("1.0^-1", "1.0-1"),
        ("1.0^git1-1", "1.0-1"),
        ("1.01-1", "1.0^git1-1"),
        ("1.0^20160102-1", "1.0^20160101-1"),
        ("1.0.1-1", "1.0^20160101-1"),
        ("1.0^20160101^git1-1", "1.0^20160101-1"),
        ("1.0~rc1^git1-1", "1.0~rc1-1"),
        ("1.0^git1-1", "1.0^git1~pre-1"),
        ("1:0.1-1", "9.9-1"),
        ("1.0-10", "1.0-9"),
        ("1.0-1.el9_4.2", "1.0-1.el9_4.1"),
    ],
)
def test_the_later_rpm_version_is_newer(newer: str, older: str) -> None:
    assert is_newer(newer, older, "dnf")
    assert not is_newer(older, newer, "dnf")


@pytest.mark.parametrize(
    ("one", "other"), [("1.0-1", "1_0-1"), ("2_0-1", "2.0-1"), ("1.05-1", "1.5-1"), ("1+-1", "1-1")]
)
def test_rpm_versions_that_are_written_differently_may_be_the_same(one: str, other: str) -> None:
    assert not is_newer(one, other, "dnf")
    assert not is_newer(other, one, "dnf")


def test_the_two_orders_differ() -> None:
    assert is_newer("1.0+a-1", "1.0a-1", "apt")
    assert not is_newer("1.0+a-1", "1.0a-1", "dnf")


def test_versions_of_an_unknown_package_manager_are_refused() -> None:
    with pytest.raises(UsageError, match="zypper"):
        is_newer("1", "2", "zypper")
