"""What is seen while a run lasts: lines, the live table, colours; and that no host steers a terminal."""

import io
import sys

import pytest
from rich.console import Console
from tests.core.made import NOW
from tests.report.stories import NASTY, RUN_ID, Teller, every_story, harmed_in_production, waiting

from patchtide.cli.call import Call
from patchtide.cli.lines import LineNotifier, lines_of
from patchtide.cli.output import document, painted, printed, told
from patchtide.cli.progress import LiveNotifier
from patchtide.core.events import Aborted, Event, RollbackAsked, RunTaken
from patchtide.core.fold import folded
from patchtide.core.said import Approved, Rejected, Waived

SAID: list[Event] = [
    Approved(NOW, "bob", "sha256:ab", "fine"),
    Rejected(NOW, "bob", "sha256:ab", "not today", doubt="forged"),
    Waived(NOW, "bob", "sha256:ab", "notice", "it burns"),
    Aborted(NOW, "bob", "the shop is full"),
    RollbackAsked(NOW, "bob", "slow", ("p1",)),
    RunTaken(NOW, "ann", 2),
]


def seen(told: Teller, after: int | None = None) -> str:
    """What the live table shows after so many events, as text on a wide terminal."""
    events = told.events[:after]
    live = LiveNotifier(RUN_ID, folded(events[:1]), io.StringIO(), Call())
    for event in events[1:]:
        live.tell(RUN_ID, event)
    console = Console(file=io.StringIO(), width=200, no_color=True)
    with console.capture() as captured:
        console.print(live.drawing())
    return captured.get()


@pytest.mark.parametrize("story", list(every_story()), ids=["promoted", "harmed", "nasty", "waiting"])
def test_every_moment_of_every_story_can_be_drawn_and_names_each_wave(story: Teller) -> None:
    for moment in range(1, len(story.events) + 1):
        text = seen(story, moment)
        assert "test 1" in text
        assert "prod 2" in text
        assert "\x1b" not in text


def test_the_table_shows_what_is_done_to_whom_and_why_it_waits() -> None:
    assert "patching" in seen(harmed_in_production(), 8)
    assert "no window is open" in seen(waiting())
    assert "rolled_back" in seen(harmed_in_production())


def test_a_hosts_markup_is_text_in_the_table() -> None:
    text = seen(harmed_in_production(NASTY))
    assert "[bold]y[/bold]" in text


@pytest.mark.fault(15, how="a terminal that is closed")
def test_a_terminal_that_goes_away_stops_no_run() -> None:
    class Gone(io.StringIO):
        def isatty(self) -> bool:
            return True

        def write(self, _: str) -> int:
            raise OSError(5, "Input/output error")

    with LiveNotifier(RUN_ID, folded(waiting().events), Gone(), Call()) as live:
        live.tell(RUN_ID, SAID[1])


def test_each_event_is_a_line_with_its_time() -> None:
    for story in every_story():
        for event in [*story.events, *SAID]:
            lines = list(lines_of(event, NOW))
            assert len(lines) == 1
            assert lines[0][:9].endswith("Z")
            assert "\x1b" not in lines[0]


def test_a_finished_step_says_host_result_packages_and_seconds() -> None:
    heard: list[str] = []
    notifier = LineNotifier(Call(), lambda text, _: heard.append(text))
    for event in harmed_in_production().events:
        notifier.tell(RUN_ID, event)
    assert "05:00:28Z patch     t1  ok  1 package, 5 s" in heard
    assert any(line.endswith("p1  ok  web fail, 5 s") for line in heard)
    assert heard[-1].endswith("ended     rolled_back: 2 patched, 1 rolled_back, 2 untouched")


def test_quiet_means_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    told("working", Call(quiet=True))
    told("working", Call())
    assert capsys.readouterr().err == "working\n"


def test_data_is_plain_where_no_terminal_reads_it(capsys: pytest.CaptureFixture[str]) -> None:
    printed("p1 patched \x1b[31m", Call())
    assert capsys.readouterr().out == "p1 patched \ufffd[31m\n"


@pytest.mark.parametrize(
    ("call", "variable", "colored"), [(Call(), "", True), (Call(no_color=True), "", False), (Call(), "1", False)]
)
def test_colour_is_for_terminals_and_can_be_forbidden(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, call: Call, variable: str, colored: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    printed("p1 patched", call)
    assert ("\x1b[" in capsys.readouterr().out) == colored


def test_only_whole_words_are_painted() -> None:
    assert painted("unpatched") == "unpatched"
    assert painted("patched") != "patched"


def test_a_closed_stream_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    told("working", Call())


def test_text_that_the_terminal_cannot_write_is_written_as_well_as_it_can() -> None:
    raw = io.BytesIO()
    from patchtide.cli.output import _written

    stream = io.TextIOWrapper(raw, encoding="ascii")
    _written(stream, "naïve …")
    assert raw.getvalue() == b"na?ve ?\n"


def test_a_document_has_its_schema_in_front() -> None:
    assert document("plan", {"a": NOW}).startswith('{\n  "schema": "patchtide/plan/v1",\n  "a": "2026-11-21T05:00:00Z"')
