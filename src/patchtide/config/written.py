"""YAML as it is written: every scalar stays the text that a person typed, and everything remembers its line.

YAML 1.1 reads `no` as false, `03:00` as 180 and `0o17` as text. Here nothing is read into anything: scalars are
texts, and the schema says what each one means. Nothing is constructed either, so a tag can call nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from yaml.composer import Composer, ComposerError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from patchtide.config.problems import Loc, Problem, refusal, shown_path
from patchtide.core.errors import UsageError
from patchtide.files import opened

MOST_BYTES = 256 * 1024
"""A longer file is refused before it is parsed; a configuration has a few kB."""

_MOST_VALUES = 20_000
"""How many values a file may hold once its aliases are followed."""

_DEEPEST = 20
_EMPTY = {"", "~", "null", "Null", "NULL"}
_PLAIN_TAGS = {None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_C1 = (127, 159)


@dataclass(frozen=True, slots=True)
class Written:
    """A document of mappings, lists and texts, with the line on which each key and each list item begins."""

    data: Mapping[str, object]
    lines: Mapping[Loc, int]


@dataclass(slots=True)
class _Reading:
    """What is found while a tree of nodes is walked."""

    lines: dict[Loc, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    values: int = 0


class _TooMuchError(Exception):
    """A document that is bigger, or deeper, than any configuration."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Composer(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML up to its nodes: no implicit types, no constructor, a bounded depth."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        """Return the next node; raises when nodes are nested deeper than any configuration."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _TooMuchError(self.line + 1, f"nested more than {_DEEPEST} levels deep")
        node = super().compose_node(parent, index)  # type: ignore[arg-type]  # the index of a child may be a node
        self._depth -= 1
        return node


def written(path: Path) -> Written:
    """Return what a YAML file says; raises UsageError for one that is not plain, sound YAML in UTF-8."""
    text = _text(path)
    try:
        root = _Composer(text).get_single_node()
    except _TooMuchError as error:
        raise refusal(path, [Problem(error.line, str(error))]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise refusal(path, [_yaml_problem(error, text)]) from None
    if not isinstance(root, MappingNode):
        told = "is empty" if root is None or _is_empty(root) else "has to be a mapping of keys to values"
        raise refusal(path, [Problem(_line(root) if root else 1, f"the configuration {told}", _BEGIN)])
    return _read(root, path)


def _read(root: MappingNode, path: Path) -> Written:
    reading = _Reading()
    if root.tag not in _PLAIN_TAGS:
        _refuse_tag(root, reading)
    try:
        data = _mapping(root, (), reading)
    except _TooMuchError as error:
        raise refusal(path, [Problem(error.line, str(error))]) from None
    if reading.problems:
        raise refusal(path, reading.problems)
    return Written(data, reading.lines)


_BEGIN = "`patchtide init` writes one to begin with."


def _text(path: Path) -> str:
    try:
        with opened(path) as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read the configuration: {reason}", where=shown_path(path), hint=_BEGIN) from None
    if len(raw) > MOST_BYTES:
        message = f"the configuration is longer than {MOST_BYTES // 1024} kB"
        raise refusal(path, [Problem(1, message, "Is this the right file?")])
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise refusal(path, [Problem(1, "the file begins with a byte order mark", _SAVE)])
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refusal(path, [Problem(line, f"the byte 0x{raw[error.start]:02x} is not UTF-8", _SAVE)]) from None


_SAVE = "Save the file as UTF-8 without a byte order mark."


def _yaml_problem(error: Exception, text: str) -> Problem:
    match error:
        case ReaderError():
            message = f"the character U+{ord(text[error.position]):04X} is not allowed"
            return Problem(text.count("\n", 0, error.position) + 1, message, "Remove it; an editor may hide it.")
        case ComposerError() if error.context and error.context.startswith("expected a single document"):
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            return Problem(line, "a second document begins here", "Keep one document in the file: remove this `---`.")
        case yaml.MarkedYAMLError():
            # What was left open is told where it begins, not where the file ends.
            at_end = "stream end" in str(error.problem) and error.context_mark is not None
            mark = error.context_mark if at_end else error.problem_mark
            said = ", ".join(part for part in (error.context, error.problem) if part)
            return Problem(mark.line + 1 if mark else 1, f"not YAML: {said}", _tab_hint(error))
        case _:
            return Problem(1, f"not YAML: {error}")


def _tab_hint(error: yaml.MarkedYAMLError) -> str:
    return "Indent with spaces, not with tabs." if "'\\t'" in str(error.problem) else ""


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.style is None and node.value in _EMPTY


def _value(node: Node, loc: Loc, reading: _Reading) -> object:
    reading.values += 1
    if reading.values > _MOST_VALUES:
        raise _TooMuchError(_line(node), f"more than {_MOST_VALUES} values, aliases followed")
    if len(loc) > _DEEPEST:
        raise _TooMuchError(_line(node), "an alias that contains itself, or a value nested too deep")
    if node.tag not in _PLAIN_TAGS:
        _refuse_tag(node, reading)
    match node:
        case MappingNode():
            return _mapping(node, loc, reading)
        case SequenceNode():
            return [_entry(item, _line(item), (*loc, i), reading) for i, item in enumerate(node.value)]
        case ScalarNode():
            return _scalar(node, reading)
        case _:
            raise AssertionError(node)  # PyYAML has no other nodes


def _entry(node: Node, line: int, loc: Loc, reading: _Reading) -> object:
    reading.lines[loc] = line
    if _is_empty(node):
        name = f"`{loc[-1]}`" if isinstance(loc[-1], str) else "a list item"
        reading.problems.append(Problem(line, f"{name} has no value", "Give it one, or leave it out."))
    return _value(node, loc, reading)


def _mapping(node: MappingNode, loc: Loc, reading: _Reading) -> dict[str, object]:
    first: dict[str, int] = {}
    result: dict[str, object] = {}
    for key, line, value in _keys(node, reading):
        if key in first:
            message = f"`{key}` is there twice: on line {first[key]} and on line {line}"
            reading.problems.append(Problem(line, message, "Keep one of them."))
            continue
        first[key] = line
        result[key] = _entry(value, line, (*loc, key), reading)
    return result


def _keys(node: MappingNode, reading: _Reading) -> Iterator[tuple[str, int, Node]]:
    for key, value in node.value:
        line = _line(key)
        if not isinstance(key, ScalarNode) or key.tag not in _PLAIN_TAGS:
            reading.problems.append(Problem(line, "a key has to be a plain word"))
        elif key.value == "<<":
            reading.problems.append(Problem(line, "merge keys (`<<`) are not read", "Write the keys out."))
        else:
            yield _scalar(key, reading), line, value


def _refuse_tag(node: Node, reading: _Reading) -> None:
    shown = str(node.tag).replace("tag:yaml.org,2002:", "!!")
    reading.problems.append(Problem(_line(node), f"the tag {shown!r} is not allowed", "Remove it: values are plain."))


def _scalar(node: ScalarNode, reading: _Reading) -> str:
    text = str(node.value)
    bad = next((c for c in text if c not in "\n\t" and (ord(c) < ord(" ") or _c1(c) or _surrogate(c))), None)
    if bad is not None:
        reading.problems.append(Problem(_line(node), f"the character U+{ord(bad):04X} is not allowed", "Remove it."))
    return text


def _c1(character: str) -> bool:
    return _C1[0] <= ord(character) <= _C1[1]


def _surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
