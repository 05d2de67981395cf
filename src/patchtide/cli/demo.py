"""`patchtide demo`: the whole story on a practice fleet, told with the product's own commands."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.output import printed
from patchtide.cli.story import ACTS, CONFIGURATION, MARKER, Act
from patchtide.core.errors import PatchtideError
from patchtide.core.steps import EndState
from patchtide.lab import problem
from patchtide.report.words import one_line

_RULE = "─" * 78


@dataclass(frozen=True, slots=True)
class _Stage:
    """Where the story is played, and how its commands are called."""

    directory: Path
    call: Call

    def say(self, *lines: str) -> None:
        """Print words of the story."""
        printed("\n".join(lines), self.call)

    def play(self, words: str, expected: int = 0) -> None:
        """Show a command, run it before the reader's eyes, and insist on its exit code."""
        self.say("", f"$ patchtide {words}")
        code = subprocess.run(_argv(words), cwd=self.directory, check=False).returncode
        if code != expected:
            raise PatchtideError(
                f"`patchtide {words}` ended with {code}, and {expected} was expected",
                hint=f"Everything is still in {self.directory}.",
                where=str(self.directory),
            )
        if expected:
            self.say(f"(exit code {code}, as it should be)")

    def asked(self, words: str) -> str:
        """Return what a command prints, without showing it."""
        done = subprocess.run(
            _argv(words), cwd=self.directory, check=False, capture_output=True, encoding="utf-8", errors="replace"
        )
        return done.stdout


def _argv(words: str) -> list[str]:
    return [sys.executable, "-m", "patchtide", *shlex.split(words)]


@command("demo")
@click.option(
    "--directory",
    "-d",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("patchtide-demo"),
    show_default=True,
    help="Where the demo's project is made.",
)
@click.option("--name", default="demo", show_default=True, help="What the containers' names begin with.")
@click.option("--keep", is_flag=True, help="Keep the fleet at the end, to go on playing.")
@click.pass_obj
def demo(call: Call, directory: Path, name: str, keep: bool) -> int:
    """Show a good update promoted, a bad one caught in test, and one rolled back in production, on real hosts."""
    if trouble := problem():
        raise PatchtideError(trouble[:1].lower() + trouble[1:])
    stage = _Stage(_prepared(directory.resolve()), call)
    try:
        endings = _told(stage, name)
    except BaseException:
        if not keep:
            _taken_down(stage)
        raise
    if keep:
        stage.say("", f"The fleet stays. When you are done: patchtide lab down -d {stage.directory / 'lab'}")
    else:
        stage.play("lab down -d lab")
    stage.say(*_last_words(stage, endings))
    return 0


def _prepared(directory: Path) -> Path:
    """Return the demo's folder without what an earlier demo left; a folder with anything else in it is refused."""
    if directory.exists() and any(directory.iterdir()) and not (directory / MARKER).exists():
        raise PatchtideError(f"{directory} is no folder of a demo", hint="Name another one with --directory.")
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(_argv("lab down -q -d lab"), cwd=directory, check=False)  # what an interrupted demo left
    shutil.rmtree(directory)
    directory.mkdir()
    (directory / MARKER).write_text("`patchtide demo` made this folder and will make it anew.\n", encoding="utf-8")
    return directory


def _taken_down(stage: _Stage) -> None:
    with suppress(OSError):
        subprocess.run(_argv("lab down -d lab"), cwd=stage.directory, check=False)


def _told(stage: _Stage, name: str) -> dict[str, Mapping[str, tuple[str, str]]]:
    """Play all acts and return what became of the hosts in each."""
    stage.say(
        _RULE,
        "A practice fleet: two test and four production hosts, each with systemd, sshd, apt and a web",
        "service `tidepool` that has a health page. They are containers here, and real hosts to Patchtide.",
    )
    stage.say("", f"$ cd {stage.directory}")
    stage.play(f"lab up -d lab --name {shlex.quote(name)}")
    _configured(stage)
    endings = {act.title: _act(stage, number, act) for number, act in enumerate(ACTS, start=1)}
    _looked_back(stage)
    return endings


def _configured(stage: _Stage) -> None:
    opens = datetime.now(UTC) - timedelta(hours=1)
    text = CONFIGURATION.format(opens=f"{opens:%H:%M}")
    (stage.directory / "patchtide.yml").write_text(text, encoding="utf-8")
    stage.say("", _RULE, "The project is one file, patchtide.yml:", "", *(f"    {line}" for line in text.splitlines()))
    stage.play("config validate")
    stage.play("doctor")


def _act(stage: _Stage, number: int, act: Act) -> Mapping[str, tuple[str, str]]:
    stage.say("", _RULE, f"{number}. {act.title}", *act.before)
    for words in act.setting:
        stage.play(words)
    stage.play(act.run, act.exit_code)
    ends = _ends(stage)
    _insist(act, ends)
    stage.say("", *act.after)
    for words in act.clearing:
        stage.play(words)
    return ends


def _ends(stage: _Stage) -> dict[str, tuple[str, str]]:
    """Return each host's end state and why, as the newest run has them."""
    import json

    hosts = json.loads(stage.asked("report --format json"))["hosts"]
    return {host["name"]: (str(host["end"]), str(host["why"])) for host in hosts}


def _insist(act: Act, ends: Mapping[str, tuple[str, str]]) -> None:
    """Raise PatchtideError when the hosts did not end as the story says."""
    tiers: dict[str, list[EndState]] = {"test": [], "prod": []}
    for name, (end, _) in ends.items():
        tiers[name.split("-")[0]].append(EndState(end))
    for tier, wanted in (("test", act.test), ("prod", act.production)):
        if tiers[tier] != list(wanted):
            found = ", ".join(tiers[tier])
            raise PatchtideError(f"the {tier} hosts ended as {found}, and {', '.join(wanted)} was expected")


def _looked_back(stage: _Stage) -> None:
    stage.say("", _RULE, "Looking back: where the last run stands, all runs, and a report to hand on.")
    stage.play("status")
    stage.play("history")
    stage.play("report --format html -o report.html")


def _last_words(stage: _Stage, endings: Mapping[str, Mapping[str, tuple[str, str]]]) -> Sequence[str]:
    lines = ["", _RULE, f"The report: {stage.directory / 'report.html'}", "", "What became of each host, and why:"]
    for title, ends in endings.items():
        lines += ["", title]
        lines += [f"  {name:<8} {end:<12} {one_line(why)}" for name, (end, why) in ends.items()]
    return lines
