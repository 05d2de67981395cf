"""The scenarios' hosts: `hosts.py up` starts one for each, with a real update waiting; `hosts.py down` removes them."""

import sys
from pathlib import Path

from patchtide import lab

HERE = Path(__file__).resolve().parent
DIRECTORY = HERE.parent / ".cache" / "molecule"
UPDATE = "1.10"  # good, and brings a new package along


def say(line: str) -> None:
    """Tell the person who waits."""
    print(line, file=sys.stderr)


def up() -> None:
    """Start a host per scenario, named like it; hosts that are there already are left as they are."""
    if (DIRECTORY / "inventory.yml").exists():
        return
    down()  # what half a start may have left
    names = sorted(path.parent.name for path in HERE.glob("*/molecule.yml"))
    hosts = tuple(lab.LabHost(name, "test") for name in names)
    lab.up(lab.LabSpec("ptmol", hosts, DIRECTORY), say).offer(UPDATE)


def down() -> None:
    """Remove the hosts and all that was kept about them."""
    lab.down(DIRECTORY, say)


if __name__ == "__main__":
    {"up": up, "down": down}[sys.argv[1]]()
