"""The inventory, read by Ansible's own programs, and refused where it is not plain data."""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from patchtide.adapters.ansible.complaints import complaint
from patchtide.adapters.ansible.environment import for_inventory, searched
from patchtide.adapters.ansible.sources import place_of
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host, host_name_problem, template_in
from patchtide.files import Kind, kind_of

_SECONDS = 120
_FORM = "Check it with `ansible-inventory -i FILE --graph`."


def hosts_of(inventory: Sequence[str], pattern: str, home: Path) -> tuple[Host, ...]:
    """Return the hosts of an inventory that a pattern selects, in inventory order, with their merged variables.

    Ansible's programs run in the directory `home`.
    """
    if pattern.count("[") != pattern.count("]"):  # Ansible takes a broken regular expression for one that matches
        raise UsageError(f"the host pattern {pattern!r} opens and closes '[' unevenly", hint=_PATTERN)
    sources = _sources(inventory)
    listing = ["ansible-inventory", *sources, "--list"]
    selection = ["ansible", *sources, "--list-hosts", "--", pattern]
    with (
        _started(listing, home) as listed,
        _started(selection, home) as selected,
    ):  # side by side: each takes most of a second
        document = _document(_output(listed, inventory), inventory)
        names = _selected(_output(selected, inventory), pattern, inventory)
    return _sound(document, names, inventory)


def refuse_unsound(inventory: Sequence[str], names: Iterable[str], home: Path) -> None:
    """Raise UsageError when the inventory is not plain data for one of the hosts, those that it no longer has aside."""
    with _started(["ansible-inventory", *_sources(inventory), "--list"], home) as listed:
        document = _document(_output(listed, inventory), inventory)
    _sound(document, [name for name in names if name in _variables(document)], inventory)


def _sound(document: Mapping[str, object], names: Iterable[str], inventory: Sequence[str]) -> tuple[Host, ...]:
    variables = _variables(document)
    hosts = tuple(Host(name, _mapping(variables.get(name))) for name in names)
    for host in hosts:
        _refuse_odd(host, document, inventory)
    return hosts


def _variables(document: Mapping[str, object]) -> Mapping[str, object]:
    return _mapping(_mapping(document.get("_meta")).get("hostvars"))


def _sources(inventory: Sequence[str]) -> list[str]:
    if not inventory:
        raise UsageError("no inventory is named", hint="Name one under `inventory` in patchtide.yml.")
    for path in inventory:
        if kind_of(Path(path)) not in {Kind.FILE, Kind.FOLDER}:  # a pipe may keep Ansible waiting for ever
            raise UsageError("the inventory does not exist", where=path)
    return [part for path in inventory for part in ("-i", str(Path(path).absolute()))]


def _started(command: list[str], home: Path) -> subprocess.Popen[str]:
    try:
        return subprocess.Popen(
            command,
            cwd=home,
            env=for_inventory(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError:
        hint = f"Install ansible-core beside Patchtide; searched: {searched()}"
        raise UsageError(f"the program {command[0]} is not there", hint=hint) from None


def _output(process: subprocess.Popen[str], inventory: Sequence[str]) -> str:
    try:
        out, complaints = process.communicate(timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise UsageError(f"the inventory took longer than {_SECONDS} s to read", where=inventory[0]) from None
    if process.returncode == 0:
        return out
    reason, where = complaint(complaints, inventory)
    raise UsageError(f"the inventory cannot be read: {reason}", where=where, hint=_FORM)


_PATTERN = "Every group and host that a pattern names has to be in the inventory, also behind '!' and '&'."


def _document(text: str, inventory: Sequence[str]) -> Mapping[str, object]:
    try:
        return _mapping(json.loads(text))
    except ValueError:
        raise UsageError("the inventory cannot be read: no JSON", where=inventory[0], hint=_FORM) from None


def _selected(text: str, pattern: str, inventory: Sequence[str]) -> tuple[str, ...]:
    """Return the names of `ansible --list-hosts`: a line with the count, then one name a line."""
    names = tuple(line.strip() for line in text.splitlines()[1:] if line.strip())
    if not names:
        message = f"the host pattern {pattern!r} matches no host, or names what is not in the inventory"
        raise UsageError(message, where=inventory[0], hint=_PATTERN)
    return names


def _refuse_odd(host: Host, document: Mapping[str, object], inventory: Sequence[str]) -> None:
    where = place_of(inventory, (host.name,)) or inventory[0]
    if problem := host_name_problem(host.name):
        raise UsageError(problem, where=where)
    if host.name in document or host.name in {"all", "ungrouped"}:
        hint = "Rename one of them: a limit to the host would reach the whole group."
        raise UsageError(f"{host.name!r} is the name of a host and of a group", where=where, hint=hint)
    if (found := template_in(host.variables)) is not None:
        raise UsageError(
            f"the variable {found} of host {host.name!r} holds a template",
            where=place_of(inventory, ("{{", "{%", "{#"), near=found.partition(".")[0]) or inventory[0],
            hint="Ansible would execute it. Write the value itself; inventories are data here.",
        )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
