"""Versions, with dpkg itself as the judge."""

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from patchtide.core.packages import Platform, is_newer

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
    assert is_newer(one, other) == (judged.returncode == 0)


@given(VERSION, VERSION, VERSION)
def test_versions_have_one_order(one: str, other: str, third: str) -> None:
    assert not is_newer(one, one)
    assert not (is_newer(one, other) and is_newer(other, one))
    if is_newer(one, other) and is_newer(other, third):
        assert is_newer(one, third)


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
    assert is_newer(newer, older)
    assert not is_newer(older, newer)


@pytest.mark.parametrize(
    ("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.", "1.0"), ("1.00", "1.0"), ("1", "1-")]
)
def test_versions_that_are_written_differently_may_be_the_same(one: str, other: str) -> None:
    assert not is_newer(one, other)
    assert not is_newer(other, one)


@given(st.text(max_size=12), st.text(max_size=12))
def test_no_text_is_too_odd_to_compare(one: str, other: str) -> None:
    assert not (is_newer(one, other) and is_newer(other, one))


def test_hosts_share_files_when_distribution_release_and_architecture_agree() -> None:
    assert Platform("debian", "12", "arm64", "apt", "bookworm").key == "debian-12-arm64"
