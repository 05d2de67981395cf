"""Who a person is: the system user, and behind sudo whoever called sudo."""

import os
from collections.abc import Iterator
from pathlib import Path
from pwd import getpwuid


def system_user() -> str:
    """Return the name of the user who runs this, or who called sudo to do so.

    `SUDO_USER` alone proves nothing, as anybody can set it: it counts for root, who may do anything, and where one of
    our ancestors is a sudo that runs as root.
    """
    called_sudo = os.environ.get("SUDO_USER")
    if called_sudo and (os.getuid() == 0 or any(name == "sudo" and uid == 0 for name, uid in _ancestors())):
        return called_sudo
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return f"uid {os.getuid()}"


def _ancestors() -> Iterator[tuple[str, int]]:
    """Yield name and effective user id of our parent, its parent, and so on."""
    pid = os.getppid()
    while pid > 1:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        yield status["Name"], int(status["Uid"].split()[1])
        pid = int(status["PPid"])
