"""The house itself: sizes, types and docstrings of the code, and what the repository may name and ship."""

import ast
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml

import patchtide

ROOT = Path(__file__).resolve().parent.parent
LINES_IN_A_FILE = 400
LINES_IN_A_FUNCTION = 50
DOCUMENTED_PERCENT = 90
CONTENT = {"CHANGELOG.md", "LICENSE", "README.md", "galaxy.yml", "meta", "playbooks", "plugins", "roles"}
FRAGMENT = re.compile(r"(README|[a-z0-9-]+\.(added|changed|fixed|removed|security))\.md")
# Mirrors come from the machine's own configuration, and nobody else has the paths of the machine this was written on.
FORBIDDEN = (
    re.compile(r"\b(?:deb|ftp|security|snapshot|archive|mirrors?)\.(?:debian|ubuntu|fedoraproject)\.(?:org|com)\b"),
    re.compile(r"\b(?:pypi|pythonhosted|npmjs|crates|quay|ghcr|gcr|rubygems)\.(?:org|com|io)\b"),
    re.compile(r"\b(?:galaxy|registry|proxy)\.[a-z-]+\.(?:com|io|org)\b"),
    re.compile(r"/(?:work|opt)/(?:main|shared|brief|pypi|wheels)\b|/tmp/[v]/|\bfarm-\w+"),
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def kept_files() -> list[Path]:
    """Every file that git has or would take; without git there is no telling them from what was made here."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "-c", f"safe.directory={ROOT}", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file() and not path.is_symlink()]


def python_files(*folders: str) -> list[Path]:
    """The Python files under the named folders, of which there has to be one."""
    found = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    assert found, f"no Python under {folders}"
    return found


@cache
def tree(path: Path) -> ast.Module:
    """One parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def definitions(*folders: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Every function and class under the named folders, with words that a person finds it by."""
    for path in python_files(*folders):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def functions(*folders: str) -> Iterator[tuple[str, Function]]:
    """The functions among the definitions."""
    return ((name, node) for name, node in definitions(*folders) if not isinstance(node, ast.ClassDef))


def untyped(node: Function) -> bool:
    """Whether an argument or the result has no type."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    named = [argument for argument in arguments if argument and argument.arg not in {"self", "cls"}]
    return node.returns is None or any(argument.annotation is None for argument in named)


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    sizes = {p.relative_to(ROOT): p.read_text("utf-8").count("\n") for p in python_files("src", "plugins", "tests")}
    assert {path: size for path, size in sizes.items() if size > LINES_IN_A_FILE} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    sizes = {name: (f.end_lineno or f.lineno) - f.lineno + 1 for name, f in functions("src", "plugins", "tests")}
    assert {name: size for name, size in sizes.items() if size > LINES_IN_A_FUNCTION} == {}


def test_most_functions_are_short() -> None:
    sizes = sorted((f.end_lineno or f.lineno) - f.lineno + 1 for _, f in functions("src"))
    assert statistics.median(sizes) <= 10
    assert sizes[len(sizes) * 9 // 10] <= 25


def test_everything_is_typed() -> None:
    assert [name for name, function in functions("src", "plugins", "tests") if untyped(function)] == []


@pytest.mark.parametrize("folder", ["src", "plugins"])
def test_public_names_have_a_docstring(folder: str) -> None:
    public = [(name, node) for name, node in definitions(folder) if not node.name.startswith("_")]
    bare = [name for name, node in public if ast.get_docstring(node) is None]
    assert 100 * len(bare) <= (100 - DOCUMENTED_PERCENT) * len(public), bare


def test_nothing_names_a_registry_a_mirror_or_this_machine() -> None:
    named = []
    for path in kept_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        named += [f"{path.relative_to(ROOT)}: {m.group()}" for rule in FORBIDDEN for m in rule.finditer(text)]
    assert named == []


def test_the_version_is_the_same_everywhere() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["version"] == patchtide.__version__


def test_the_collection_is_content_and_nothing_else() -> None:
    ignored = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]
    top = {path.relative_to(ROOT).parts[0] for path in kept_files()}
    shipped = {name for name in top if not any(fnmatch(name, pattern) for pattern in ignored)}
    assert shipped <= CONTENT
    assert shipped >= {"LICENSE", "galaxy.yml", "meta", "playbooks", "plugins", "roles"}


def test_changelog_fragments_say_their_kind() -> None:
    names = [path.name for path in (ROOT / "changelog.d").iterdir()]
    assert [name for name in names if not FRAGMENT.fullmatch(name)] == []
