"""Timers of our own: units on disk, so that they outlive a reboot, and running from now on."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Iterable, Mapping

from .command import finished
from .errors import HostError
from .journal import replace_durably

UNITS = Path("/etc/systemd/system")
_INSTALL = "[Install]"


def armed(name: str, texts: Mapping[str, str]) -> None:
    """Write these units (text by how their name ends), enable those that say where to, and start the timer.

    A `daemon-reload` makes systemd read every unit of the host again, which costs more than all else here. What it
    never heard of it reads by itself, so it is told only where it read something older or, before version 246, nothing.
    HostError when the timer cannot be started.
    """
    units = {f"{name}{end}": text for end, text in texts.items()}
    for unit, text in units.items():
        replace_durably(UNITS / unit, text.encode())
        (UNITS / unit).chmod(0o644)
    enabled = [unit for unit, text in units.items() if _INSTALL in text]
    reload = [] if is_read(units) else [["daemon-reload"]]
    for words in (*reload, ["--no-reload", "enable", "--quiet", *enabled], ["restart", f"{name}.timer"]):
        done = finished(["systemctl", *words], 120)
        if not done.ok:
            raise HostError(f"{name}.timer could not be started: {done.why()}", "is systemd well?", code="timer")


def disarmed(name: str, texts: Mapping[str, str]) -> None:
    """Stop the timer and take these units away; services are not stopped, for one of them may be what calls this."""
    unlinked(name, texts)
    finished(["systemctl", "stop", f"{name}.timer"], 60)
    for end in texts:
        with suppress(FileNotFoundError):
            (UNITS / f"{name}{end}").unlink()


def unlinked(name: str, texts: Mapping[str, str]) -> None:
    """Take the links away by which a boot starts these units; a timer that runs goes on."""
    linked = [f"{name}{end}" for end, text in texts.items() if _INSTALL in text and (UNITS / f"{name}{end}").exists()]
    if linked:
        finished(["systemctl", "--no-reload", "disable", "--quiet", *linked], 60)


def forgotten(units: Iterable[str]) -> None:
    """Have systemd forget these units, which were taken away, where it still knows them: a link that it has read."""
    asked = finished(["systemctl", "show", "--property=NeedDaemonReload", "--", *units], 60)
    if not asked.ok or "NeedDaemonReload=yes" in asked.out:
        finished(["systemctl", "daemon-reload"], 60)


def is_read(names: Iterable[str]) -> bool:
    """Whether systemd knows all these units as they are on disk; asking makes it read those it never heard of."""
    asked = finished(["systemctl", "show", "--property=LoadState,NeedDaemonReload", "--", *names], 60)
    told = {tuple(sorted(block.splitlines())) for block in asked.out.strip().split("\n\n")}
    return asked.ok and told == {("LoadState=loaded", "NeedDaemonReload=no")}
