"""The timer that gives competing updaters back when no controller ever comes to do it."""

from __future__ import annotations

from pathlib import Path

from .command import finished
from .confirm import UNITS
from .errors import HostError
from .journal import Journal, replace_durably
from .unit import program_argv

AFTER = 86_400
"""Seconds, counted anew after each boot: longer than any update takes, and soon enough for a host left alone."""
_TIMER = """\
[Unit]
Description=Patchtide: give the updaters back that run {run} paused

[Timer]
OnActiveSec={after}s

[Install]
WantedBy=timers.target
"""
_SERVICE = """\
[Unit]
Description=Patchtide: give the updaters back that run {run} paused

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart={program} giveback {run}
Restart=on-failure
RestartSec=600
"""


def arm(journal: Journal) -> None:
    """Put the run's timer on disk, where it outlives a reboot, and start it; HostError when it cannot be."""
    timer, service = _units(journal)
    words = {"run": journal.run, "after": AFTER, "program": " ".join(program_argv(journal))}
    for path, text in ((timer, _TIMER), (service, _SERVICE)):
        replace_durably(path, text.format(**words).encode())
        path.chmod(0o644)
    for argv in (["daemon-reload"], ["--no-reload", "enable", "--quiet", timer.name], ["restart", timer.name]):
        done = finished(["systemctl", *argv], 120)
        if not done.ok:
            raise HostError(f"{timer.name} could not be started: {done.why()}", "is systemd well?", code="services")


def disarm(journal: Journal) -> None:
    """Take the timer away, if there is one; its service is left alone, for it may be what calls this."""
    timer, service = _units(journal)
    if not timer.exists():
        return
    finished(["systemctl", "--no-reload", "disable", "--quiet", timer.name], 60)
    finished(["systemctl", "stop", timer.name], 60)
    for path in (timer, service):
        if path.exists():
            path.unlink()
    finished(["systemctl", "daemon-reload"], 60)


def _units(journal: Journal) -> tuple[Path, Path]:
    name = f"patchtide-{journal.run}-giveback"
    return UNITS / f"{name}.timer", UNITS / f"{name}.service"
