"""The hosts of the benchmark: each as it was before every round, with one update pending and all else held."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from patchtide import lab
from patchtide.lab.spec import LabError

OLD, NEW = "1.0", "1.1"
# Ansible's own module for apt needs it, and would install it in its first turn.
_APT_FOR_ANSIBLE = "apt-get -qq -y --no-install-recommends install python3-apt >/dev/null"
_HOLD = "dpkg-query -W -f '${Package}\\n' | grep -v '^tidepool$' | xargs apt-mark hold >/dev/null"
_BACK = f"""
rm -rf /var/lib/patchtide/2*
dpkg --install /srv/patchtide-lab/pool/tidepool_{OLD}_all.deb >/dev/null 2>&1
systemctl restart tidepool
"""


def started(directory: Path, count: int, tell: lab.fleet.Tell) -> lab.Lab:
    """Return production hosts on which nothing is pending but tidepool's new version."""
    fleet = lab.up(lab.default_spec(directory, "ptbench", 0, count), tell)
    fleet.offer(NEW)
    everywhere(fleet, _APT_FOR_ANSIBLE)
    everywhere(fleet, _HOLD)
    return fleet


def put_back(fleet: lab.Lab) -> None:
    """Return every host to the old version, past every tool that is measured."""
    everywhere(fleet, _BACK)


def refuse_unless(fleet: lab.Lab, version: str) -> None:
    """Raise LabError unless every host has this version: a tool that did nothing is no fast tool."""
    found = everywhere(fleet, "dpkg-query -W -f '${Version}' tidepool")
    wrong = [f"{host.name} has {what}" for host, what in zip(fleet.hosts, found, strict=True) if what != version]
    if wrong:
        raise LabError(f"expected tidepool {version}: {', '.join(wrong)}")


def everywhere(fleet: lab.Lab, script: str) -> Sequence[str]:
    """Return what a script says on each host, run past SSH; raises LabError when it fails anywhere."""

    def told(name: str) -> str:
        done = fleet.shell(name, ["sh", "-c", script])
        if done.returncode:
            raise LabError(f"{name}: {done.stderr.strip()[-300:]}")
        return done.stdout.strip()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(told, [host.name for host in fleet.hosts]))
