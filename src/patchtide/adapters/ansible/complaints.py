"""What Ansible says about an inventory that it cannot read: one sentence and one place, out of pages."""

import re
from collections.abc import Sequence
from pathlib import Path

from patchtide.adapters.ansible.sources import place_of

_REASON = re.compile(r"Failed to parse inventory with '([^']+)' plugin: (.+)")
_ORIGIN = re.compile(r"^Origin: (/.+?:\d+)(?::\d+)?$", re.MULTILINE)
_QUOTED = re.compile(r"'([^'/]{1,200})'")
_FAILED_PREFIX = "Failed to parse inventory: "
_LONGEST = 1000


def complaint(text: str, inventory: Sequence[str]) -> tuple[str, str]:
    """Return why an inventory was refused, and file and line, or the file at least."""
    file = next((path for path in inventory if path in text), inventory[0])
    reason = _reason(text, file)
    origin = _ORIGIN.search(text)
    if origin is not None:
        return reason, origin.group(1)
    return reason, place_of([file], _QUOTED.findall(reason)) or file


def _reason(text: str, file: str) -> str:
    """Ansible tries one plugin after the other: what the one says that the file was meant for is of use."""
    said: dict[str, str] = {plugin.rpartition(".")[2]: reason.strip() for plugin, reason in _REASON.findall(text)}
    wanted = ("script", "yaml", "ini") if Path(file).suffix in {".yml", ".yaml", ".json"} else ("script", "ini", "yaml")
    for plugin in (*wanted, *said):
        if plugin in said:
            return said[plugin].removeprefix(_FAILED_PREFIX)[:_LONGEST]
    start = max(text.find("[ERROR]"), text.find("ERROR!"), 0)
    return " ".join(text[start:].split())[:_LONGEST] or "Ansible did not say why"
