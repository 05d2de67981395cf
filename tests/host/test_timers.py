"""Timers of our own: what systemd is told to read again, and what it is spared."""

from pathlib import Path

import pytest
from plugins.module_utils.host import timers
from plugins.module_utils.host.command import Finished
from plugins.module_utils.host.errors import HostError

TEXTS = {".timer": "[Timer]\n[Install]\nWantedBy=timers.target\n", ".service": "[Service]\n"}
FRESH = "LoadState=loaded\nNeedDaemonReload=no"
CHANGED = "LoadState=loaded\nNeedDaemonReload=yes"
UNHEARD = "LoadState=not-found\nNeedDaemonReload=no"


class Systemctl:
    """Says the same of the units whenever it is asked, and remembers what else it was told."""

    def __init__(self, *blocks: str, code: int = 0, fails: str = "nothing") -> None:
        self.shown, self.fails = Finished((), code, "\n\n".join(blocks) + "\n", ""), fails
        self.told: list[str] = []

    def __call__(self, argv: list[str], _timeout: float = 0) -> Finished:
        if argv[1] == "show":
            return self.shown
        self.told.append(" ".join(argv[1:]))
        return Finished(tuple(argv), int(self.fails in argv), "", "no")


def armed(monkeypatch: pytest.MonkeyPatch, folder: Path, systemctl: Systemctl) -> list[str]:
    monkeypatch.setattr(timers, "UNITS", folder)
    monkeypatch.setattr(timers, "finished", systemctl)
    timers.armed("tide", TEXTS)
    return systemctl.told


def test_what_systemd_knows_as_it_is_on_disk_needs_no_reload(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = armed(monkeypatch, tmp_path, Systemctl(FRESH, FRESH))
    assert told == ["--no-reload enable --quiet tide.timer", "restart tide.timer"]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "tide.timer": TEXTS[".timer"],
        "tide.service": TEXTS[".service"],
    }


@pytest.mark.parametrize(
    "systemctl",
    [Systemctl(FRESH, CHANGED), Systemctl(UNHEARD, FRESH), Systemctl(""), Systemctl(FRESH, FRESH, code=1)],
    ids=["older text", "never found", "no answer", "an error"],
)
def test_whatever_else_it_says_is_answered_with_a_reload(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, systemctl: Systemctl
) -> None:
    assert armed(monkeypatch, tmp_path, systemctl)[0] == "daemon-reload"


def test_a_timer_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"tide\.timer could not be started: no"):
        armed(monkeypatch, tmp_path, Systemctl(FRESH, FRESH, fails="restart"))


@pytest.mark.parametrize(
    ("shown", "told"),
    [("LoadState=not-found\nNeedDaemonReload=no", []), (f"{UNHEARD}\n\n{CHANGED}", ["daemon-reload"])],
    ids=["nobody knows them", "a link was read"],
)
def test_systemd_forgets_what_it_still_knows(monkeypatch: pytest.MonkeyPatch, shown: str, told: list[str]) -> None:
    systemctl = Systemctl(shown)
    monkeypatch.setattr(timers, "finished", systemctl)
    timers.forgotten(["tide.timer", "tide.service"])
    assert systemctl.told == told


def test_taken_away_it_is_gone_from_disk_and_nothing_is_read_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    systemctl = Systemctl(FRESH, FRESH)
    armed(monkeypatch, tmp_path, systemctl).clear()
    timers.disarmed("tide", TEXTS)
    assert (systemctl.told, list(tmp_path.iterdir())) == (
        ["--no-reload disable --quiet tide.timer", "stop tide.timer"],
        [],
    )
    systemctl.told.clear()
    timers.disarmed("tide", TEXTS)
    assert systemctl.told == ["stop tide.timer"], "one that is not on disk may run all the same"
