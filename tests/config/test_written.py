"""What a file may not even look like, whatever it says."""

from pathlib import Path

import pytest

from patchtide.config.written import MOST_BYTES, written
from patchtide.core.errors import UsageError

BYTES = {
    "a byte order mark": (b"\xef\xbb\xbfforks: 1\n", "byte order mark", 1),
    "UTF-16": ("forks: 1\n".encode("utf-16"), "byte order mark", 1),
    "Latin 1": (b"forks: 1\nname: caf\xe9\n", "the byte 0xe9 is not UTF-8", 2),
    "an overlong form": (b"forks: \xc0\xaf\n", "is not UTF-8", 1),
    "a NUL": (b"forks: 1\nstate: a\0b\n", "the character U+0000 is not allowed", 2),
    "an escape": (b"forks: 1\n\nstate: \x1b[31m\n", "the character U+001B is not allowed", 3),
    "50 MB": (b"a" * 50_000_000, "longer than 256 kB", 1),
    "a bit more than may be": (b"#" * (MOST_BYTES + 1), "longer than 256 kB", 1),
    "an impossible character": (b'a: "\\UFFFFFFFF"\n', "not YAML", 1),
    "a version with no end": (b"%YAML 1." + b"9" * 5000 + b"\n---\na: b\n", "not YAML", 1),
    "brackets without end": (b"a: " + b"[" * 200_000, "nested more than 20 levels deep", 1),
    "braces without end": (b"{" * 200_000, "nested more than 20 levels deep", 1),
    "dashes without end": (b"- " * 100_000, "nested more than 20 levels deep", 1),
}


@pytest.mark.parametrize("case", BYTES, ids=lambda name: name.replace(" ", "-"))
def test_bytes_that_are_no_configuration_are_refused_with_a_sentence_and_a_line(tmp_path: Path, case: str) -> None:
    raw, sentence, line = BYTES[case]
    path = tmp_path / "patchtide.yml"
    path.write_bytes(raw)
    with pytest.raises(UsageError) as caught:
        written(path)
    assert sentence in caught.value.message
    assert caught.value.where.endswith(f"patchtide.yml:{line}")


def test_every_scalar_stays_the_text_that_was_typed(tmp_path: Path) -> None:
    path = tmp_path / "patchtide.yml"
    path.write_text('a: [no, on, 1e3, 0o17, 03:00, 1_000, 2027-01-31, .inf, 0x50, "true", !!str 5]\n', encoding="utf-8")
    typed = ["no", "on", "1e3", "0o17", "03:00", "1_000", "2027-01-31", ".inf", "0x50", "true", "5"]
    assert written(path).data == {"a": typed}


def test_everything_remembers_its_line(tmp_path: Path) -> None:
    path = tmp_path / "patchtide.yml"
    path.write_text("a:\n  b: 1\n\n  c:\n    - x\n    - y: 2\n", encoding="utf-8")
    lines = {("a",): 1, ("a", "b"): 2, ("a", "c"): 4, ("a", "c", 0): 5, ("a", "c", 1): 6, ("a", "c", 1, "y"): 6}
    assert written(path).lines == lines


def test_an_anchor_may_be_used_again(tmp_path: Path) -> None:
    path = tmp_path / "patchtide.yml"
    path.write_text("a: &x {b: [1, 2]}\nc: *x\n", encoding="utf-8")
    assert written(path).data == {"a": {"b": ["1", "2"]}, "c": {"b": ["1", "2"]}}


def test_an_empty_text_that_is_quoted_is_a_value(tmp_path: Path) -> None:
    path = tmp_path / "patchtide.yml"
    path.write_text('a: ""\n', encoding="utf-8")
    assert written(path).data == {"a": ""}
