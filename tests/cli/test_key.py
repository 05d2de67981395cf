"""`patchtide key`: a pair is made, shown, and never overwritten."""

from pathlib import Path

from tests.cli.conftest import Patchtide


def test_a_pair_is_made_and_shown(patchtide: Patchtide, project: Path) -> None:
    made = patchtide("key", "new")
    assert made.code == 0
    assert made.out == (project / "keys" / "ops.pub").read_text("ascii")
    assert "keep it secret" in made.err
    assert patchtide("key", "show").out == patchtide("key", "show", "keys/ops.pub").out == made.out
    document = patchtide("key", "show", "--json").document
    assert (document["schema"], document["name"], document["line"]) == ("patchtide/key/v1", "ops", made.out.strip())


def test_a_key_is_never_overwritten(patchtide: Patchtide, project: Path) -> None:
    before = patchtide("key", "new", "mine").out
    refused = patchtide("key", "new", "mine")
    assert refused.code == 2
    assert "there is a file already" in refused.err
    assert patchtide("key", "show", "mine").out == before


def test_a_new_project_keeps_private_keys_out_of_git(patchtide: Patchtide, project: Path) -> None:
    patchtide("init")
    ignored = (project / ".gitignore").read_text("utf-8").splitlines()
    assert ignored.index("keys/*") < ignored.index("!keys/*.pub")
