"""Whether a lab can be made on this machine, and what to install when not."""

from pathlib import Path

from patchtide.lab.programs import completed, found, last_words, podman
from patchtide.lab.sources import machine_sources, release_codename
from patchtide.lab.spec import LabError

# Each program a lab runs, with the Debian package that brings it.
NEEDED = {
    "podman": "podman",
    "runc": "runc",
    "mmdebstrap": "mmdebstrap",
    "dpkg-deb": "dpkg",
    "gpg": "gpg",
    "iptables": "iptables",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}


def problem() -> str | None:
    """Return one sentence on what keeps a lab from working here and what to do about it, or None."""
    missing = sorted({package for program, package in NEEDED.items() if not found(program)})
    if missing:
        what = " ".join(missing)
        return f"a practice fleet needs {', '.join(missing)}: run `apt-get install --no-install-recommends {what}`."
    try:
        machine_sources(machine_codename())
    except LabError as error:
        return f"{error.message}: {error.hint}"
    engine = completed(podman("info"), seconds=60)
    if engine.returncode:
        return f"podman does not work here ({last_words(engine.stderr)}): run it as root, or set it up for this user."
    return None


def machine_codename() -> str:
    """Return the codename of this machine's Debian; raises LabError where there is none."""
    path = Path("/etc/os-release")
    return release_codename(path.read_text("utf-8") if path.is_file() else "")
