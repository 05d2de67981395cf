"""maintenance: competing updaters paused and pairs of one's own entered; all of it left again, from the journal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

from . import confirm, giveback, host, pairs
from .answer import Answer, Call
from .command import finished
from .errors import HostError
from .hold import CALL_LOCK, exclusive
from .journal import Journal
from .retention import is_settled
from .services import has_systemd
from .snapshot import drop
from .timers import forgotten, is_read
from .unit import as_it_is

UPDATERS = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "unattended-upgrades.service",
    "packagekit.service",
    "dnf-automatic.timer",
    "dnf-automatic-download.timer",
    "dnf-automatic-install.timer",
    "dnf-automatic-notifyonly.timer",
    "dnf-makecache.timer",
    "dnf5-automatic.timer",
    "dnf5-makecache.timer",
)
# What the timers start, which goes on with its work when they are stopped.
WORKERS = tuple(f"{unit[: -len('.timer')]}.service" for unit in UPDATERS if unit.endswith(".timer"))
_PATIENCE = 300
BLANK: dict[str, Any] = {"state": "", "stopped": [], "restored": [], "open": [], "reverted": False}


def maintenance(
    run: str, attempt: int, state: str, actions: Sequence[Any] = (), hook: str = "", check_mode: bool = False
) -> Answer:
    """Competing updaters paused and actions done (entered), or all that this run did undone (left).

    With a hook, its tasks begin once this has returned (entered), or it is only noted that they are undone (left).
    """
    host.require_root()
    journal = Journal(run)
    if check_mode:
        return _foreseen(journal, state)
    todo = [*pairs.wanted(actions), *([pairs.hook(hook)] if hook else [])]
    with exclusive(CALL_LOCK, 3600):
        journal.create()
        journal.fence(attempt)
        entry = journal.read("maintenance") or {}
        if state == "entered":
            return _entered(journal, entry, todo)
        if hook:
            return Answer(_report(pairs.without(journal, entry, pairs.hook(hook))), changed=True)
        confirm.settle(journal, "left")  # whatever became of the host: it is no longer worked on
        if is_settled(journal):
            drop(journal)  # later it would take back more than the update
        answer = _left(journal, entry)
        return replace(answer, report={**answer.report, "reverted": bool(confirm.reverted(journal))})


def give_back(run: str, root: Path | None = None) -> int:
    """Give back what a controller that never came again has paused: 0, or 1 while the run works on this host."""
    journal = Journal(run, root)
    with exclusive(CALL_LOCK, 3600):
        entries = (as_it_is(journal.read(part)) or {} for part in ("patch", "rollback"))
        if any(entry.get("state") == "running" for entry in entries):
            return 1
        _left(journal, journal.read("maintenance") or {})
    return 0


def _entered(journal: Journal, entry: dict[str, Any], todo: Sequence[pairs.Pair]) -> Answer:
    is_new = entry.get("state") != "entered"
    if is_new:
        others = paused_by_others(journal)
        units = sorted({*running_updaters(), *(unit for other in others.values() for unit in other["stopped"])})
        # The intent is journaled first: a crash in between must not leave an updater off for ever.
        still_open = pairs.open_pairs(entry)
        entry = journal.write("maintenance", {"state": "entered", "stopped": units, "restored": [], "open": still_open})
    paused = list(entry["stopped"])
    if has_systemd() and (paused or todo):
        # Before anything is done: who does it may be gone before it gives back.
        giveback.arm(journal)
    if is_new:
        _take_over(journal)
    if paused:
        # Masked on disk: a reboot is one of the steps in between, and their timers catch up right after it.
        # Stopped before they are masked, or their stop finds the units gone and they count as failed.
        _done(["systemctl", "stop", "--", *paused])
        _done(["systemctl", *_unread(paused), "mask", "--", *paused])
    _wait_for_workers()
    already = len(pairs.open_pairs(entry))
    entry = pairs.entered(journal, entry, todo)
    return Answer(_report(entry), changed=(is_new and bool(paused)) or len(pairs.open_pairs(entry)) > already)


def _unread(paused: Sequence[str]) -> Sequence[str]:
    """The word with which systemd does not read the masks at once: a timer that is stopped stays so until it does.

    A service may be called for, over D-Bus for one, and has to be refused then.
    """
    return ["--no-reload"] if all(unit.endswith(".timer") for unit in paused) else []


def paused_by_others(journal: Journal) -> dict[str, dict[str, Any]]:
    """What other runs paused and never gave back, by run: this one gives it back with its own."""
    found = {}
    for path in sorted(journal.root.glob("*/maintenance.json")):
        entry = Journal(path.parent.name, journal.root).read("maintenance") or {}
        if path.parent.name != journal.run and entry.get("state") == "entered":
            found[path.parent.name] = entry
    return found


def _take_over(journal: Journal) -> None:
    for run, entry in paused_by_others(journal).items():
        other = Journal(run, journal.root)
        undone = pairs.left(other, entry)
        other.write("maintenance", {**undone, "state": "left", "restored": [], "taken_over_by": journal.run})
        giveback.disarm(other)


def _left(journal: Journal, entry: dict[str, Any]) -> Answer:
    if entry.get("state") != "entered":
        return Answer({**BLANK, **_report(entry), "state": "left"})
    stopped = list(entry["stopped"])
    opened = pairs.open_pairs(entry)
    all_else = False
    try:
        entry = pairs.left(journal, entry)
        all_else = True
    finally:  # whatever becomes of the pairs
        if stopped:
            _started_again(journal, stopped, all_else)
    giveback.disarm(journal)
    if has_systemd():
        forgotten([*giveback.unit_names(journal), *confirm.unit_names(journal)])
    entry = journal.write("maintenance", {**entry, "state": "left", "restored": stopped})
    return Answer(_report(entry), changed=bool(stopped or opened))


def _started_again(journal: Journal, units: Sequence[str], all_else: bool) -> None:
    """Unmask and start what was paused. A boot from then on needs no timer for it, if `all_else` is undone, too."""
    _done(["systemctl", "--no-reload", "unmask", "--", *units])
    if all_else:
        giveback.unlink(journal)
    if not is_read(units):  # systemd has read the masks meanwhile
        _done(["systemctl", "daemon-reload"])
    _done(["systemctl", "start", "--", *units])


def _foreseen(journal: Journal, state: str) -> Answer:
    entry = (journal.read("maintenance") if journal.exists() else None) or {}
    if state == "entered":
        if entry.get("state") == "entered":
            return Answer(_report(entry))
        running = running_updaters()
        return Answer({**BLANK, "state": state, "stopped": running}, changed=bool(running))
    units = list(entry.get("stopped", [])) if entry.get("state") == "entered" else []
    return Answer({**BLANK, "state": state, "stopped": units, "restored": units}, changed=bool(units))


def running_updaters() -> list[str]:
    """The competing updaters that are active now."""
    if not has_systemd():
        return []
    asked = finished(["systemctl", "show", "--property=Id,ActiveState", "--", *UPDATERS], 60)
    if not asked.ok:
        raise HostError(f"systemctl show failed: {asked.why()}", code="services")
    return active_units(asked.out)


def active_units(text: str) -> list[str]:
    """The ids of the active units in `systemctl show`'s blocks."""
    blocks = (dict(line.partition("=")[::2] for line in block.splitlines()) for block in text.strip().split("\n\n"))
    return [block["Id"] for block in blocks if block.get("ActiveState") == "active" and block.get("Id")]


def _wait_for_workers() -> None:
    """Wait until an updater that is in the middle of its work has ended; HostError when it does not."""
    until = time.monotonic() + _PATIENCE
    while True:
        asked = finished(["systemctl", "is-active", "--", *WORKERS], 30) if has_systemd() else None
        busy = [] if asked is None else [n for n, s in zip(WORKERS, asked.out.split()) if s in ("active", "activating")]
        if not busy:
            return
        if time.monotonic() > until:
            raise HostError(
                f"{', '.join(busy)} still works after {_PATIENCE} s", "wait for it, then call again", "busy"
            )
        time.sleep(1)


def _done(argv: list[str]) -> None:
    done = finished(argv, 120)
    if not done.ok:
        raise HostError(f"{' '.join(argv[:2])} failed: {done.why()}", "look at the units by hand", code="services")


def _report(entry: dict[str, Any]) -> dict[str, Any]:
    opened = [pair["name"] for pair in pairs.open_pairs(entry)]
    return {**{key: entry.get(key, default) for key, default in BLANK.items()}, "open": opened}


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "attempt": {"type": "int", "default": 1},
        "state": {"type": "str", "required": True, "choices": ["entered", "left"]},
        "actions": {"type": "list", "elements": "dict", "default": []},
        "hook": {"type": "str", "default": ""},
    },
    lambda given, check_mode: maintenance(**given, check_mode=check_mode),
    BLANK,
)
