"""The confirm timer: a host that nobody confirms in time restores itself, whatever became of the controller.

A unit on disk and a span that counts anew after each boot, because a reboot is one of the steps until the host is
confirmed, and because the wall clock of a host may be anything.
"""

from __future__ import annotations

from pathlib import Path

from .clock import utc_now
from .errors import HostError
from .journal import ROOT, Entry, Journal
from .services import has_systemd
from .timers import armed, disarmed
from .unit import program_argv

ALLOWED_BOOTS = 1
_TIMER = """\
[Unit]
Description=Patchtide: put run {run} back unless it is confirmed

[Timer]
OnActiveSec={seconds:.0f}s
AccuracySec=1s

[Install]
WantedBy=timers.target
"""
_SERVICE = """\
[Unit]
Description=Patchtide: run {run} was not confirmed, the host restores itself

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart={program} revert {run}
Restart=on-failure
RestartSec=60
"""
_BOOTS = """\
[Unit]
Description=Patchtide: count this boot for run {run}

[Service]
Type=oneshot
Environment=HOME=/root
ExecStart={program} booted {run}

[Install]
WantedBy=timers.target
"""
_TEXTS = {".timer": _TIMER, ".service": _SERVICE, "-boots.service": _BOOTS}


def unit_names(journal: Journal) -> list[str]:
    """The run's confirm units."""
    return [f"{unit_name(journal)}{end}" for end in _TEXTS]


def unit_name(journal: Journal) -> str:
    """The name of the run's confirm units, without what follows the dot."""
    return f"patchtide-{journal.run}-confirm"


def arm(journal: Journal, seconds: float, deadline: float) -> None:
    """Arm the run's timer, or set it anew; HostError when it cannot be. `deadline`: seconds the way back may take."""
    if not has_systemd():
        raise HostError(
            "without systemd this host cannot restore itself when it goes dark",
            "set `limits: {confirm: 0s}` to update such hosts all the same",
            code="confirm",
        )
    former = journal.read("confirm") or {}
    journal.write(
        "confirm",
        {
            "boots": 0,
            "ordered": 0,
            **({} if former.get("state") != "armed" else former),
            "state": "armed",
            "seconds": seconds,
            "deadline": deadline,
            "since": utc_now(),
        },
    )
    words = {"run": journal.run, "seconds": seconds, "program": " ".join(program_argv(journal))}
    armed(unit_name(journal), {end: text.format(**words) for end, text in _TEXTS.items()})


def disarm(journal: Journal, state: str) -> None:
    """Take the timer away, if there is one; `state` says in the journal what became of it."""
    entry = journal.read("confirm")
    if entry is None:
        return
    disarmed(unit_name(journal), _TEXTS)
    journal.write("confirm", {**entry, "state": state, "until": utc_now()})


def settle(journal: Journal, state: str) -> None:
    """Disarm the timer where it is armed."""
    if is_armed(journal):
        disarm(journal, state)


def is_armed(journal: Journal) -> bool:
    """Whether the run's timer is armed."""
    return (journal.read("confirm") or {}).get("state") == "armed"


def armed_runs(root: Path = ROOT) -> list[str]:
    """The runs whose timer is armed on this host."""
    names = [path.parent.name for path in sorted(root.glob("*/confirm.json"))]
    return [name for name in names if is_armed(Journal(name, root))]


def refuse_beside_others(journal: Journal) -> None:
    """HostError while the update of another run is not confirmed on this host: it would be undone beneath this one."""
    others = [name for name in armed_runs(journal.root) if name != journal.run]
    if others:
        raise HostError(
            f"run {others[0]} is not confirmed on this host", "wait until the host has restored itself", "unconfirmed"
        )


def reverted(journal: Journal) -> str:
    """The sentence that the host restored itself, and nobody has judged it since; empty otherwise."""
    rollback = journal.read("rollback") or {}
    if rollback.get("by") != "timer" or rollback.get("measured"):
        return ""
    seconds = (journal.read("confirm") or {}).get("seconds", 0)
    return f"the host was not confirmed within {seconds:.0f} s and restored itself"


def ordered_reboot(journal: Journal, seconds: float) -> None:
    """Count a reboot that somebody ordered, and wait for what comes after it (seconds)."""
    entry = journal.read("confirm") or {}
    if entry.get("state") == "armed":
        journal.write("confirm", {**entry, "ordered": int(entry.get("ordered", 0)) + 1})
        arm(journal, seconds or float(entry["seconds"]), float(entry["deadline"]))


def own_boots(entry: Entry | None) -> int:
    """How often the host booted since the timer was armed without being told to."""
    return max(0, int((entry or {}).get("boots", 0)) - int((entry or {}).get("ordered", 0)))


def loops(journal: Journal) -> str:
    """The sentence that the host reboots by itself again and again; empty when it does not."""
    times = own_boots(journal.read("confirm")) if is_armed(journal) else 0
    return f"the host rebooted by itself {times} times since its update" if times > ALLOWED_BOOTS else ""
