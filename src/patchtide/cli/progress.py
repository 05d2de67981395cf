"""A run as it happens, at a terminal: a table that is drawn again and again, a line per host at work."""

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Self, TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from patchtide.cli.call import Call
from patchtide.core.events import Event
from patchtide.core.fold import fold
from patchtide.core.hoststate import DOING
from patchtide.core.run import Run
from patchtide.report.runview import HostView, RunView, run_view
from patchtide.report.words import counted, moment, one_line, span

_STYLES = {
    "patched": "bold green",
    "rolled_back": "bold yellow",
    "quarantined": "bold red",
    "untouched": "cyan",
    "lost": "bold red",
    "rolling back": "yellow",
    "waiting": "dim",
}
_LONG_REASON = 200
_REFRESHES = 4
"""Drawings a second, for the spinners."""


class _Forgiving(io.TextIOBase):
    """Writes to a stream for as long as somebody is there to read it: a terminal that goes away stops no run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:  # type: ignore[override]  # rich draws with ASCII where it has to
        return self._stream.encoding

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


class LiveNotifier:
    """Follows a run from where it stands; it is a context in which the drawing lasts."""

    def __init__(self, run_id: str, run: Run, stream: TextIO, call: Call) -> None:
        console = Console(
            file=cast("TextIO", _Forgiving(stream)),
            no_color=call.no_color or None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._run_id = run_id
        self._run = run
        self._began: dict[str, datetime] = {}
        self._spinner = Spinner("dots")
        self._live = Live(get_renderable=self.drawing, console=console, refresh_per_second=_REFRESHES, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def tell(self, run_id: str, event: Event) -> None:  # noqa: ARG002  # the port's signature
        """Take the event into the drawing."""
        before = self._run
        self._run = fold(before, event)
        for name, host in self._run.hosts.items():
            if host.started is not before.hosts[name].started:
                self._began[name] = event.at

    def drawing(self) -> RenderableType:
        """Return what is to be seen now."""
        view = run_view(self._run_id, self._run)
        return Group(*_head(view), _table(view, self._began, self._spinner))


def _head(view: RunView) -> Iterator[Text]:
    yield Text(f"run {view.run}", style="bold")
    if view.held:
        until = view.held.until
        left = f" until {moment(until)}, in {_left(until)}" if until else " for a person"
        yield Text(f"waits{left}: {view.held.reason}", style="yellow")


def _left(until: datetime) -> str:
    return span(max(0, round((until - datetime.now(UTC)).total_seconds())))


def _table(view: RunView, began: dict[str, datetime], spinner: Spinner) -> Table:
    drawn = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    drawn.add_column(width=2)
    drawn.add_column(no_wrap=True)
    drawn.add_column(no_wrap=True)
    drawn.add_column(overflow="ellipsis", ratio=1)
    for tier in view.tiers:
        for number in range(1, len(tier.waves) + 1):
            _wave(drawn, tier.name, number, _hosts(view, tier.name, number), began, spinner)
    return drawn


def _hosts(view: RunView, tier: str, wave: int) -> list[HostView]:
    return [host for host in view.hosts if (host.tier, host.wave) == (tier, wave)]


def _wave(
    drawn: Table, tier: str, number: int, hosts: list[HostView], began: dict[str, datetime], spinner: Spinner
) -> None:
    """Draw a wave as one line when all its hosts are alike, so that a large fleet fits, and else host by host."""
    states = [host.state for host in hosts]
    title = Text(f"{tier} {number}", style="bold")
    if len(set(states)) == 1 and states[0] not in DOING.values():
        drawn.add_row("", title, _state(states[0]), Text(_alike(hosts)))
        return
    drawn.add_row("", title, Text(counted(states), style="dim"), "")
    for host in hosts:
        busy = host.state in DOING.values()
        note = _running(began.get(host.name)) if busy else host.why
        name = Text(f"  {one_line(host.name)}")
        drawn.add_row(spinner if busy else "", name, _state(host.state), Text(one_line(note, _LONG_REASON)))


def _alike(hosts: list[HostView]) -> str:
    reasons = {host.why for host in hosts}
    names = f"{len(hosts)} hosts" if len(hosts) > 1 else one_line(hosts[0].name)
    reason = reasons.pop() if len(reasons) == 1 else ""
    return one_line(f"{names}: {reason}" if reason else names, _LONG_REASON)


def _state(word: str) -> Text:
    return Text(word, style=_STYLES.get(word, "blue"))


def _running(began: datetime | None) -> str:
    return span(max(0, round((datetime.now(UTC) - began).total_seconds()))) if began else ""
