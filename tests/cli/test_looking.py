"""Who only looks needs of the configuration where the log is, and a mistake in the rest keeps nobody from that."""

from pathlib import Path

import pytest
from tests.cli.conftest import Patchtide
from tests.cli.test_store import ENDED, OPENED, Recorded


def test_a_mistake_elsewhere_keeps_nobody_from_looking(patchtide: Patchtide, recorded: Recorded, project: Path) -> None:
    recorded("run-1", list(ENDED))
    path = project / "patchtide.yml"
    path.write_text(path.read_text("utf-8") + "reboot: perhaps\n", encoding="utf-8")
    assert patchtide("config", "validate").code == 2
    assert patchtide("status", "--json").document["outcome"] == "halted"
    assert [run["run"] for run in patchtide("history", "--json").document["runs"]] == ["run-1"]


@pytest.mark.parametrize("more", ["state: [a, b]\n", "state: ''\n", "people: {bob: ''}\n", "people: [bob]\n"])
def test_a_mistake_in_where_the_log_is_is_refused(
    patchtide: Patchtide, recorded: Recorded, project: Path, more: str
) -> None:
    recorded("run-1", list(ENDED))
    path = project / "patchtide.yml"
    path.write_text(path.read_text("utf-8") + more, encoding="utf-8")
    for word in ("status", "history"):
        answer = patchtide(word)
        assert (answer.code, "patchtide.yml:" in answer.err) == (2, True)


def test_the_log_is_looked_for_where_the_configuration_says(
    patchtide: Patchtide, recorded: Recorded, project: Path
) -> None:
    recorded("run-1", list(OPENED))
    (project / ".patchtide").rename(project / "kept")
    path = project / "patchtide.yml"
    path.write_text(path.read_text("utf-8") + "state: kept\n", encoding="utf-8")
    assert patchtide("status", "--json").document["run"] == "run-1"
    assert patchtide("history", "--json", "-n", "1").document["runs"][0]["states"] == {"waiting": 5}
