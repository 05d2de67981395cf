"""The scenarios' hosts: `hosts.py up` starts one for each, with a real update waiting; `hosts.py down` removes them."""

import hashlib
import sys
from pathlib import Path

from patchtide import lab
from patchtide.core.errors import PatchtideError

HERE = Path(__file__).resolve().parent
DIRECTORY = HERE.parent / ".cache" / "molecule"
NAME = "ptmol-" + hashlib.sha256(str(HERE).encode()).hexdigest()[:6]  # no other checkout's
UPDATE = "1.10"  # good, and brings a new package along
WHOLE = {"default", "probe"}  # see all that Debian offers; the others only the lab's update, since apt is faster so
ONLY_OURS = "find /etc/apt/sources.list* -type f ! -name 'patchtide-lab*' -delete; rm -rf /var/lib/apt/lists/*"


def say(line: str) -> None:
    """Tell the person who waits."""
    print(line, file=sys.stderr)


def up() -> None:
    """Start a host per scenario, named like it; hosts that are there already are left as they are."""
    if (DIRECTORY / "inventory.yml").exists():
        return
    lab.down(DIRECTORY, say)  # what half a start may have left
    names = sorted(path.parent.name for path in HERE.glob("*/molecule.yml"))
    hosts = tuple(lab.LabHost(name, "test") for name in names)
    fleet = lab.up(lab.LabSpec(NAME, hosts, DIRECTORY), say)
    fleet.offer(UPDATE)
    for name in set(names) - WHOLE:
        fleet.shell(name, ["sh", "-c", ONLY_OURS]).check_returncode()


def down() -> None:
    """Remove the hosts and all that was kept about them."""
    lab.down(DIRECTORY, say)


def main(words: list[str]) -> int:
    """Do what was asked for, and return the exit code."""
    deeds = {"up": up, "down": down}
    if len(words) != 1 or words[0] not in deeds:
        say("usage: hosts.py up|down")
        return 2
    try:
        deeds[words[0]]()
    except PatchtideError as error:
        say(f"{error} {error.hint}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
