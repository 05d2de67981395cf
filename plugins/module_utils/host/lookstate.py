"""A look at what has to be there as before the update: processes, listeners, mounts. What is new is only told."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Iterable, Iterator

from .checks import Check
from .command import readable
from .mounts import mounts as mounted
from .seen import FAIL, PASS, UNMEASURED, Look, Past

_INTERPRETERS = ("python", "perl", "ruby", "node", "java", "sh", "bash", "dash", "php")
_OURS = ("patchtide", "systemd", "(sd-pam)")
_SHORT_LIVED_SECONDS = 10
_LISTENING = "0A"
_PASSING_MOUNTS = ("/run/user/", "/run/credentials/", "/var/lib/docker/", "/var/lib/containers/", "/proc/sys/fs/")
_PASSING_KINDS = ("autofs", "nsfs", "squashfs", "fuse.portal")


def processes(check: Check, past: Past) -> Look:
    """Whether the daemons that ran before run now, or those that are named."""
    return _judged(check, past, sorted(set(_daemons())), "processes run", "does not run")


def listeners(check: Check, past: Past) -> Look:
    """Whether the TCP ports that were listened on before are now, or those that are named (`22`, `127.0.0.1:25`)."""
    now = sorted(set(_listening()))
    if check.own["items"] is None:
        low, high = _ephemeral()
        now = [one for one in now if not low <= int(one.rpartition(":")[2]) <= high]
    else:
        now = sorted({*now, *(one.rpartition(":")[2] for one in now)})
    return _judged(check, past, now, "ports are listened on", "is not listened on")


def mounts(check: Check, past: Past) -> Look:
    """Whether what was mounted before is mounted now, and as writable; or the folders that are named."""
    found = [one for one in mounted().values() if one.kind not in _PASSING_KINDS]
    kept = [one for one in found if not one.path.startswith(_PASSING_MOUNTS)]
    now = [f"{one.path} (read-only)" if one.read_only else one.path for one in kept]
    return _judged(check, past, sorted(now), "file systems are mounted", "is not mounted, or cannot be written to")


def _judged(check: Check, past: Past, now: list[str], well: str, ill: str) -> Look:
    wanted = check.own["items"]
    before = past.of(check.name).get("state")
    if wanted is None and past.baseline is not None and not isinstance(before, list):
        return Look(UNMEASURED, "there is no record of them from before the update", final=True)
    expected: Iterable[str] = (now if past.baseline is None else before or []) if wanted is None else wanted
    gone = sorted(set(expected) - set(now))
    if gone:
        return Look(FAIL, readable("; ".join(f"{one} {ill}" for one in gone)), state=now)
    new = sorted(set(now) - set(expected)) if wanted is None else []
    told = f"; new: {', '.join(new)}" if new else ""
    return Look(PASS, readable(f"{len(set(expected))} {well}{told}"), state=now)


def _daemons() -> Iterator[str]:
    """The names of processes whose parent is the init, and that run for some time already."""
    ticks = os.sysconf("SC_CLK_TCK")
    up = time.clock_gettime(time.CLOCK_BOOTTIME)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            words = (entry / "cmdline").read_text(errors="replace").split("\0")
        except OSError:
            continue  # it ended while it was looked at
        young = up - int(fields[19]) / ticks < _SHORT_LIVED_SECONDS
        name = _name(words)
        if fields[1] == "1" and not young and name and not name.startswith(_OURS):
            yield name


def _name(words: list[str]) -> str:
    """What a process is called by people: its program, or the script that an interpreter runs."""
    program = words[0].split(" ")[0].rpartition("/")[2].rstrip(":")
    if program.rstrip("0123456789.") in _INTERPRETERS:
        script = next((word for word in words[1:] if word and not word.startswith("-")), "")
        return script.rpartition("/")[2] or program
    return program


def _listening() -> Iterator[str]:
    for name in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTENING:
                yield _address(fields[1])


def _address(field: str) -> str:
    """An address as the kernel tells it (words of four bytes in the machine's order) as people write it."""
    host, _, port = field.partition(":")
    raw = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, len(host), 8))
    number = int(port, 16)
    if len(raw) == 4:  # noqa: PLR2004  the bytes of an IPv4 address
        return f"{'.'.join(map(str, raw))}:{number}"
    return f"*:{number}" if not any(raw) else f"[{raw.hex(':', 2)}]:{number}"


def _ephemeral() -> tuple[int, int]:
    """The ports that are given out by chance: a listener there has another one after each start."""
    try:
        low, high = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
        return int(low), int(high)
    except (OSError, ValueError):
        return 32_768, 60_999
