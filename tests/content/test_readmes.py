"""The plays that the roles' READMEs show, run as they are printed: the roles need no command line program."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.content.ansible import played
from tests.content.test_roles import ROOT, readme_play

from patchtide import lab

pytestmark = pytest.mark.system
ORDER = ("probe", "maintenance", "patch", "verify", "reboot", "rollback")  # stage is part of patch's


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lab.Lab]:
    """One host on which nothing but the lab's own update waits, so that it does not take long."""
    problem = lab.problem()
    if problem is not None:
        pytest.fail(f"real hosts cannot be had: {problem}")
    directory = tmp_path_factory.mktemp("readmes")
    made = lab.up(lab.LabSpec(f"ptcontent{os.getpid()}", (lab.LabHost("web", "test"),), directory / "lab"), print)
    try:
        others = "find /etc/apt/sources.list* -type f ! -name 'patchtide-lab*' -delete; rm -rf /var/lib/apt/lists/*"
        assert made.shell("web", ["sh", "-c", others]).returncode == 0
        made.offer("1.10")
        yield made
    finally:
        lab.down(made.directory, print)


def version(fleet: lab.Lab, package: str) -> str:
    return fleet.shell("web", ["dpkg-query", "-W", "-f", "${Version}", package]).stdout


def test_the_plays_do_what_they_say_one_after_the_other(fleet: lab.Lab, tmp_path: Path) -> None:
    seen = {}
    for role in ORDER:
        play = tmp_path / f"{role}.yml"
        play.write_text(readme_play(ROOT / "roles" / role).replace("port: 80,", "port: 8080,"), encoding="utf-8")
        done = played(play, str(fleet.inventory), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        seen[role] = (version(fleet, "tidepool"), version(fleet, "tidepool-extra"))
    old, new = ("1.0", ""), ("1.10", "1.10")
    assert seen == dict(zip(ORDER, (old, old, new, new, new, old), strict=True))
