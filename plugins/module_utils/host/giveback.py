"""The timer that gives competing updaters back when no controller ever comes to do it."""

from __future__ import annotations

from .journal import Journal
from .timers import armed, disarmed, unlinked
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
_TEXTS = {".timer": _TIMER, ".service": _SERVICE}


def arm(journal: Journal) -> None:
    """Put the run's timer on disk, where it outlives a reboot, and start it; HostError when it cannot be."""
    words = {"run": journal.run, "after": AFTER, "program": " ".join(program_argv(journal))}
    armed(_name(journal), {end: text.format(**words) for end, text in _TEXTS.items()})


def unlink(journal: Journal) -> None:
    """Leave the timer to this boot alone: the next one has nothing to give back."""
    unlinked(_name(journal), _TEXTS)


def disarm(journal: Journal) -> None:
    """Take the timer away, if there is one."""
    disarmed(_name(journal), _TEXTS)


def unit_names(journal: Journal) -> list[str]:
    """The run's units."""
    return [f"{_name(journal)}{end}" for end in _TEXTS]


def _name(journal: Journal) -> str:
    return f"patchtide-{journal.run}-giveback"
