"""The fault matrix has no gaps: every fault is injected by a test that exists, and for real where it can be."""

from collections import Counter

from scripts.reference.faults import ROOT, TESTS, faults, faults_page, injections

NUMBERS = set(range(1, 49))
FOR_REAL = {1, 3, 4, 8, 17, 18, 19, 20, 22, 24, 25, 26, 27, 28, 29, 30, 31, 32, 35, 37, 38, 40, 42, 46, 48}
"""What a practice fleet can be made to suffer."""


def test_every_fault_is_known_and_injected() -> None:
    assert set(faults()) == NUMBERS
    assert {one.number for one in injections()} == NUMBERS


def test_what_can_be_done_to_real_hosts_is_done_to_real_hosts() -> None:
    real = {one.number for one in injections() if one.lane in {"real hosts", "emulated machine"}}
    assert set() == FOR_REAL - real


def test_the_page_names_every_injection() -> None:
    page = faults_page()
    assert all(one.how in page and one.file in page for one in injections())
    assert {f"### {number}. " in page for number in NUMBERS} == {True}


def test_no_mark_is_overlooked() -> None:
    """A mark on a method, say, would be a promise that the page does not show."""
    texts = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in TESTS.rglob("test_*.py")}
    written = {
        file: text.count("@pytest.mark.fault(") for file, text in texts.items() if file != "tests/test_faults.py"
    }
    found = Counter(one.file for one in injections())
    assert {file: count for file, count in written.items() if count} == found
