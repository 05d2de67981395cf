"""What a look at the log needs of a configuration: where the log is, and whose keys are whose.

The rest of the file is not judged here. A mistake in it keeps nobody from seeing where a run stands, and who lists a
thousand runs does not wait for windows and health checks to be understood.
"""

from collections.abc import Mapping
from pathlib import Path

from patchtide.config.written import written
from patchtide.core.records import STATE, Records

_NEEDED = frozenset({"inventory", "tiers"})


def records_of(path: Path) -> Records | None:
    """Return what a file says of the log; None where it is no configuration, or says it in an odd way.

    Raises UsageError for what is no file, and no YAML.
    """
    data = written(path).data
    state, people = _line(data.get("state", STATE)), _people(data.get("people", {}))
    if state is None or people is None or not data.keys() >= _NEEDED:
        return None
    files = {name: tuple(str(path.parent / key) for key in keys) for name, keys in people.items()}
    return Records(str(path.parent / state), files)


def _people(value: object) -> dict[str, tuple[str, ...]] | None:
    if not isinstance(value, Mapping):
        return None
    found = {_line(name): _lines(keys) for name, keys in value.items()}
    people = {name: keys for name, keys in found.items() if name and keys}
    return people if len(people) == len(value) else None


def _lines(value: object) -> tuple[str, ...]:
    some = [_line(one) for one in (value if isinstance(value, list) else [value])]
    return tuple(one for one in some if one) if all(some) else ()


def _line(value: object) -> str | None:
    """Return a text of one line that says something, as the schema has it."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text and "\n" not in text and "\t" not in text else None
