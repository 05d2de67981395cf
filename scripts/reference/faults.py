"""The page of the fault matrix, from the marks on the tests that inject each fault."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from scripts.reference.markdown import table, wrapped

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
GROUPS = {1: "Controller", 17: "Transport", 25: "Host", 39: "Policy and engine"}
_LIST = Path(__file__).with_name("faults.yml")
LANES = {"machine": "emulated machine", "system": "real hosts", "simulation": "simulator"}
"""What a test's own mark or folder says of where it runs; everything else needs no host (`make unit`)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: what goes wrong, and what has to be true in spite of it."""

    what: str
    expected: str


@dataclass(frozen=True, slots=True)
class Injection:
    """One test that injects a fault: how, in which lane, and the test's file and name."""

    number: int
    how: str
    lane: str
    file: str
    test: str


def faults() -> dict[int, Fault]:
    """Return every fault of the matrix by its number."""
    rows = yaml.safe_load(_LIST.read_text(encoding="utf-8"))["faults"]
    return {number: Fault(row["what"], row["expected"]) for number, row in rows.items()}


def injections() -> tuple[Injection, ...]:
    """Return what the tests' marks `fault(number, how=...)` say; raises ValueError for a mark that cannot be read."""
    return tuple(found for path in sorted(TESTS.rglob("test_*.py")) for found in _in_file(path))


def _in_file(path: Path) -> Iterator[Injection]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    file = str(path.relative_to(ROOT))
    marks = {name for node in tree.body if isinstance(node, ast.Assign) for name in _words(node.value)}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            own = marks | {name for decorator in node.decorator_list for name in _words(decorator)}
            for decorator in node.decorator_list:
                if "fault" in _words(decorator):
                    yield _injection(decorator, _lane(file, own), file, node.name)


def _words(node: ast.AST) -> set[str]:
    """Return the names of the marks (`pytest.mark.NAME`) in an expression."""
    found = (part for part in ast.walk(node) if isinstance(part, ast.Attribute))
    return {part.attr for part in found if isinstance(part.value, ast.Attribute) and part.value.attr == "mark"}


def _lane(file: str, marks: set[str]) -> str:
    return next((lane for word, lane in LANES.items() if word in marks or f"tests/{word}/" in file), "unit")


def _injection(mark: ast.expr, lane: str, file: str, test: str) -> Injection:
    match mark:
        case ast.Call(
            args=[ast.Constant(value=int(number))], keywords=[ast.keyword("how", ast.Constant(value=str(how)))]
        ):
            return Injection(number, how, lane, file, test)
        case _:
            raise ValueError(f"{file}: {test}: a fault is marked as fault(NUMBER, how=TEXT)")


def faults_page() -> str:
    """Return every fault with the tests that inject it."""
    found = injections()
    parts = [
        "# Faults\n",
        wrapped(
            """What can go wrong while a fleet is patched, how the tests make it go wrong, and what is true all the
            same. Always: every host ends in one of the four [end states](steps-and-end-states.md), nothing acknowledged
            is lost, no host is worked on twice, and there is a sentence that a person can act on. `real hosts` are
            containers with systemd, sshd and a package manager (`make system`), the `emulated machine` has a kernel of
            its own (`make machine`), the `simulator` is the real engine against a virtual clock and fleet, and `unit`
            is the part itself with real files, processes, Ansible and SQLite, without a host (`make unit`)."""
        ),
    ]
    for number, fault in faults().items():
        if number in GROUPS:
            parts.append(f"\n## {GROUPS[number]}\n")
        parts.append(_section(number, fault, [one for one in found if one.number == number]))
    return "\n".join(parts)


def _section(number: int, fault: Fault, found: list[Injection]) -> str:
    rows = [(one.how, one.lane, _link(one)) for one in found]
    told = table(("injected", "lane", "test"), rows)
    return f"### {number}. {fault.what}\n\n{wrapped(f'Expected: {fault.expected}')}\n\n{told}\n"


def _link(one: Injection) -> str:
    words = one.test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../../{one.file})"
