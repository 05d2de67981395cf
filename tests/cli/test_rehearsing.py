"""lab and demo, as far as they go without a host: what they refuse, and that the story is one that can be played."""

import shlex
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Patchtide

from patchtide import lab as fleets
from patchtide.cli import demo
from patchtide.cli.call import Call
from patchtide.cli.root import patchtide as root
from patchtide.cli.story import ACTS, CONFIGURATION, MARKER
from patchtide.config.load import settings_of
from patchtide.core.errors import PatchtideError
from patchtide.core.steps import EndState
from patchtide.core.waves import split
from patchtide.core.windows import Window


def test_without_a_container_engine_the_demo_says_in_one_sentence_how_to_get_one(
    patchtide: Patchtide, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "problem", lambda: "A practice fleet needs podman: run `apt-get install podman`.")
    answer = patchtide("demo")
    assert answer.code == 1
    assert answer.err == "error: a practice fleet needs podman: run `apt-get install podman`.\n"
    assert not (project / "patchtide-demo").exists()


def test_the_demo_takes_nobodys_folder(patchtide: Patchtide, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "problem", lambda: None)
    answer = patchtide("demo", "--directory", str(project))
    assert answer.code == 1
    assert "--directory" in answer.err
    assert (project / "patchtide.yml").exists()


def test_the_demos_configuration_is_sound_and_its_window_has_room(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "inventory.yml").write_text("all: {}\n", encoding="utf-8")
    path = tmp_path / "patchtide.yml"
    path.write_text(CONFIGURATION.format(opens="23:30"), encoding="utf-8")
    settings = settings_of(path)
    assert [tier.name for tier in settings.tiers] == ["test", "production"]
    daily = settings.windows["daily"]
    assert isinstance(daily, Window)
    assert daily.duration >= timedelta(hours=5)


def test_every_act_has_as_many_ends_as_the_fleet_has_hosts() -> None:
    hosts = fleets.default_spec(Path("x")).hosts
    for act in ACTS:
        assert len(act.test) == sum(host.tier == "test" for host in hosts)
        assert len(act.production) == sum(host.tier == "production" for host in hosts)


def test_only_the_first_wave_of_production_is_harmed_in_the_last_act(tmp_path: Path) -> None:
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "inventory.yml").write_text("all: {}\n", encoding="utf-8")
    (tmp_path / "patchtide.yml").write_text(CONFIGURATION.format(opens="23:30"), encoding="utf-8")
    production = settings_of(tmp_path / "patchtide.yml").tiers[1]
    first = split(("prod-1", "prod-2", "prod-3", "prod-4"), production.waves)[0]
    assert ACTS[-1].production.count(EndState.ROLLED_BACK) == len(first)


@pytest.mark.parametrize("words", [words for act in ACTS for words in (*act.setting, act.run, *act.clearing)])
def test_every_command_of_the_story_is_one(words: str) -> None:
    with root.make_context("patchtide", shlex.split(words), obj=Call()) as ctx:
        command: click.Command = root
        rest = [*ctx._protected_args, *ctx.args]
        while isinstance(command, click.Group):
            found = command.get_command(ctx, rest[0])
            assert found is not None
            command, rest = found, rest[1:]
        command.make_context(command.name, rest, parent=ctx)


class Played:
    """Stands for the commands of the story: remembers them, and answers as a test says."""

    def __init__(self, code: int, ends: Sequence[str] = ()) -> None:
        self.code = code
        self.commands: list[str] = []
        names = ("test-1", "test-2", "prod-1", "prod-2", "prod-3", "prod-4")
        hosts = ", ".join(
            f'{{"name": "{name}", "end": "{end}", "why": "so"}}' for name, end in zip(names, ends, strict=False)
        )
        self.out = f'{{"hosts": [{hosts}]}}'

    def __call__(self, argv: Sequence[str], **_: object) -> subprocess.CompletedProcess[str]:
        words = shlex.join(argv[3:])
        self.commands.append(words)
        return subprocess.CompletedProcess(list(argv), self.code if words.startswith("run") else 0, self.out, "")


def test_an_unexpected_exit_code_ends_the_story_loudly_and_takes_the_fleet_down(
    project: Path, monkeypatch: pytest.MonkeyPatch, patchtide: Patchtide
) -> None:
    played = Played(code=9)
    monkeypatch.setattr(demo, "problem", lambda: None)
    monkeypatch.setattr(subprocess, "run", played)
    answer = patchtide("demo")
    assert answer.code == 1
    assert "`patchtide run --plan plan.json --yes` ended with 9, and 0 was expected" in answer.err
    assert played.commands[-1] == "lab down -d lab"
    assert (project / "patchtide-demo" / MARKER).exists()


def test_an_unexpected_end_of_a_host_ends_the_story_loudly(
    project: Path, monkeypatch: pytest.MonkeyPatch, patchtide: Patchtide
) -> None:
    monkeypatch.setattr(demo, "problem", lambda: None)
    monkeypatch.setattr(subprocess, "run", Played(0, ["patched"] * 5 + ["untouched"]))
    answer = patchtide("demo")
    assert answer.code == 1
    assert "untouched, and patched, patched, patched, patched was expected" in answer.err


def test_the_last_words_name_each_host_with_its_end_and_why(tmp_path: Path) -> None:
    stage = demo._Stage(tmp_path, Call())
    words = demo._last_words(stage, {"A bad update": {"prod-1": ("rolled_back", "unhealthy: web")}})
    assert words[-1].split() == ["prod-1", "rolled_back", "unhealthy:", "web"]


def test_a_lab_that_is_not_there_is_told_with_the_command_that_makes_one(patchtide: Patchtide, project: Path) -> None:
    answer = patchtide("lab", "status")
    assert answer.code == 1
    assert "patchtide lab up" in answer.err


def test_lab_up_tells_where_the_hosts_are(patchtide: Patchtide, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = fleets.RunningHost(fleets.LabHost("test-1", "test"), "lab-test-1", 2201, 8001)
    monkeypatch.setattr(fleets, "up", lambda spec, tell: fleets.Lab(spec.name, project, (host,)))
    answer = patchtide("lab", "up", "--json")
    assert answer.document["hosts"] == [{"name": "test-1", "tier": "test", "ssh_port": 2201, "web_port": 8001}]


def test_a_story_with_a_wrong_end_names_the_hosts() -> None:
    with pytest.raises(PatchtideError, match="the prod hosts ended as"):
        demo._insist(ACTS[0], {"test-1": ("patched", ""), "test-2": ("patched", ""), "prod-1": ("untouched", "")})
