"""Prints everything there is to compare of a host, as JSON; runs on the host and knows nothing of Patchtide."""

import contextlib
import fnmatch
import hashlib
import json
import os
import shutil
import subprocess
import sys

ROOTS = ("/etc", "/usr", "/lib", "/boot")


def said(*argv: str) -> list[str]:
    """The lines of a command's output; the command has to succeed."""
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()


def described(path: str) -> str:
    """Kind, mode, owner and content of what is at a path."""
    found = os.lstat(path)
    owner = f"{found.st_mode:o} {found.st_uid}:{found.st_gid}"
    if os.path.islink(path):
        return f"link to {os.readlink(path)}"
    if not os.path.isfile(path):
        return owner
    with open(path, "rb") as handle:
        return f"{owner} {hashlib.sha256(handle.read()).hexdigest()}"


def files(volatile: list[str]) -> dict[str, str]:
    """Everything below the roots, folders included, what is named volatile left out."""
    found = {}
    for root in (path for path in ROOTS if os.path.isdir(path) and not os.path.islink(path)):
        for folder, folders, names in os.walk(root):
            for path in (os.path.join(folder, name) for name in (*folders, *names)):
                if not any(fnmatch.fnmatch(path, pattern) for pattern in volatile):
                    with contextlib.suppress(FileNotFoundError):  # a package manager may be at work meanwhile
                        found[path] = described(path)
    return found


def debian() -> dict[str, dict[str, str]]:
    """dpkg's and apt's own state."""
    row = "${Package}:${Architecture}\t${db:Status-Want} ${db:Status-Status} ${Version}\n"
    conffiles = {}
    for line in said("dpkg-query", "-W", "-f", "${Conffiles}\n"):
        path, _, rest = line.strip().partition(" ")
        if path:
            conffiles[path] = rest
    return {
        "packages": dict(line.split("\t") for line in said("dpkg-query", "-W", "-f", row)),
        "marks": {f"{mark} {name}": "" for mark in ("auto", "hold") for name in said("apt-mark", f"show{mark}")},
        "conffiles": conffiles,
        "overrides": dict.fromkeys(said("sh", "-c", "dpkg-divert --list; dpkg-statoverride --list || true"), ""),
    }


def redhat() -> dict[str, dict[str, str]]:
    """rpm's and dnf's own state."""
    row = "%{NAME}:%{ARCH}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
    return {
        "packages": dict(line.split("\t") for line in said("rpm", "-qa", "--qf", row)),
        "marks": {f"user {name}": "" for name in said("dnf", "-q", "repoquery", "--userinstalled")},
        "conffiles": dict.fromkeys(said("sh", "-c", "rpm -Va --nomtime 2>/dev/null | grep ' c ' || true"), ""),
        "overrides": {},
    }


def services() -> dict[str, str]:
    """Whether each lasting service runs, and whether each unit starts with the host."""
    running = said(
        "systemctl", "list-units", "--type=service", "--state=running", "--no-legend", "--plain", "--no-pager"
    )
    units = said("systemctl", "list-unit-files", "--type=service,socket,timer", "--no-legend", "--no-pager")
    passing = ("user@", "patchtide-", "session-")
    found = {f"{line.split()[0]} runs": "" for line in running if not line.startswith(passing)}
    return {**found, **{line.split()[0]: line.split()[1] for line in units if line.split()[1] != "transient"}}


state: dict[str, dict[str, str]] = debian()
if shutil.which("dnf"):
    state = {part: {**state[part], **there} for part, there in redhat().items()}
json.dump({**state, "services": services(), "files": files(sys.argv[1:])}, sys.stdout)
