"""bundle export, import, list, remove, and plans made from a bundle."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from tests.cli import fleet as hosts
from tests.cli.conftest import CONFIGURATION, Patchtide
from tests.cli.fleet import Fleet

from patchtide.adapters.depot import FileDepot
from patchtide.core.steps import Step

CONTENT = b"tide 1.1"


@pytest.fixture
def run(project: Path, fleet: Fleet, patchtide: Patchtide, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run that has proven its file, which the depot has; there is a pair of keys, and the public one is trusted."""
    monkeypatch.setitem(hosts.UPDATE, "sha256", sha256(CONTENT).hexdigest())
    monkeypatch.setitem(hosts.UPDATE, "size", len(CONTENT))
    with FileDepot(project / ".patchtide" / "depot").receiving() as folder:
        (Path(folder) / sha256(CONTENT).hexdigest()).write_bytes(CONTENT)
    assert patchtide("run", "--yes").code == 0
    assert patchtide("key", "new", "release").code == 0
    trusting(project, "release.pub")
    return str(patchtide("history", "--json").document["runs"][0]["run"])


def trusting(project: Path, *keys: str) -> None:
    text = CONFIGURATION.replace("WINDOW", "always")
    (project / "patchtide.yml").write_text(text + (f"trust: {json.dumps(keys)}\n" if keys else ""))


def exported(patchtide: Patchtide, run: str, *words: str) -> None:
    answer = patchtide("bundle", "export", run, "-o", "tide.bundle", *words)
    assert answer.code == 0, answer.err


def test_a_signed_bundle_goes_out_and_in_and_is_planned(patchtide: Patchtide, run: str, fleet: Fleet) -> None:
    exported(patchtide, run, "--sign", "release")
    answer = patchtide("bundle", "import", "tide.bundle")
    assert answer.code == 0, answer.err
    assert "proven on 5 hosts" in answer.out
    assert "signed by release" in answer.err
    (found,) = patchtide("bundle", "list", "--json").document["bundles"]
    assert (found["manifest"]["name"], found["trusted_key"]) == (run, "release")

    fleet.deeds.clear()
    plan = patchtide("plan", "--bundle", run)
    assert f"bundle {run}: 1 file proven in run {run}, says the key release" in plan.out
    (deed,) = fleet.deeds
    assert deed.step is Step.PROBE
    assert {request["refresh"] for request in deed.requests.values()} == {False}

    assert patchtide("bundle", "remove", run).code == 0
    assert "there are no bundles" in patchtide("bundle", "list").out


def test_without_a_trusted_signature_a_bundle_is_refused_or_proves_nothing(
    patchtide: Patchtide, run: str, project: Path
) -> None:
    exported(patchtide, run)
    answer = patchtide("bundle", "import", "tide.bundle")
    assert (answer.code, "is not signed" in answer.err) == (2, True)
    exported(patchtide, run, "--sign", "release")
    trusting(project)
    answer = patchtide("bundle", "import", "tide.bundle")
    assert (answer.code, "by no key that is trusted here" in answer.err) == (2, True)
    assert patchtide("bundle", "import", "tide.bundle", "--untrusted").code == 0
    assert "which no trusted key signed: the tiers have to prove it" in patchtide("plan", "--bundle", run).out


def test_a_plan_is_refused_once_its_bundle_is_trusted_no_more(patchtide: Patchtide, run: str, project: Path) -> None:
    exported(patchtide, run, "--sign", "release")
    assert patchtide("bundle", "import", "tide.bundle").code == 0
    assert patchtide("plan", "--bundle", run, "-o", "plan.json").code == 0
    trusting(project)
    answer = patchtide("run", "--plan", "plan.json", "--yes")
    assert (answer.code, "relies on the bundle" in answer.err) == (2, True)
    trusting(project, "release.pub")
    assert patchtide("bundle", "remove", run).code == 0
    assert patchtide("run", "--plan", "plan.json", "--yes").code == 2


def test_another_bundle_does_not_take_a_name_that_is_there(patchtide: Patchtide, run: str, project: Path) -> None:
    exported(patchtide, run, "--sign", "release")
    assert patchtide("bundle", "import", "tide.bundle").code == 0
    assert patchtide("bundle", "import", "tide.bundle").code == 0, "the same one is no other"
    shelf = project / ".patchtide" / "depot" / "bundles" / f"{run}.json"
    shelf.write_text(shelf.read_text().replace("tide_1.1", "tide_1.2"))
    answer = patchtide("bundle", "import", "tide.bundle")
    assert (answer.code, "another bundle" in answer.err) == (2, True)


def test_files_that_nobody_has_any_more_are_named(patchtide: Patchtide, run: str, project: Path) -> None:
    for path in (project / ".patchtide" / "depot").iterdir():
        path.unlink()
    answer = patchtide("bundle", "export", run, "-o", "tide.bundle")
    assert (answer.code, "nobody has tide=1.1 any more" in answer.err) == (1, True)
    assert not (project / "tide.bundle").exists()


def test_what_proved_nothing_is_not_exported(patchtide: Patchtide, project: Path, fleet: Fleet) -> None:
    fleet.harmed = {"t1", "t2"}
    assert patchtide("run", "--yes").code == 9
    answer = patchtide("bundle", "export", patchtide("history", "--json").document["runs"][0]["run"], "-o", "b")
    assert (answer.code, "has proven nothing" in answer.err) == (2, True)


def test_a_plan_and_a_bundle_are_not_carried_out_at_once(patchtide: Patchtide, project: Path, fleet: Fleet) -> None:
    assert patchtide("run", "--yes", "--plan", "plan.json", "--bundle", "b").code == 2
