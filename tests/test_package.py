"""What is published is whole: the wheel has program and content, the collection content and nothing else."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.test_house import CONTENT, ROOT, kept_files

CONTENT_IN_WHEEL = CONTENT & {"galaxy.yml", "meta", "playbooks", "plugins", "roles"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def expected_in_wheel() -> set[str]:
    names = [path.relative_to(ROOT) for path in kept_files()]
    content = {f"patchtide/content/{name}" for name in names if name.parts[0] in CONTENT_IN_WHEEL}
    return content | {str(name.relative_to("src")) for name in names if name.parts[0] == "src"}


def test_the_wheel_carries_the_program_and_the_content(wheel: Path) -> None:
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert carried == expected_in_wheel()


def test_an_unpacked_wheel_uses_the_content_that_it_carries(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)  # noqa: S202 (built above)
    question = "from patchtide.wiring import content; print(content())"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", question]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert Path(answer.stdout.strip()) == tmp_path / "patchtide" / "content"


def test_the_collection_builds_and_holds_the_content(tmp_path: Path) -> None:
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(galaxy), "collection", "build", "--output-path", str(tmp_path), str(ROOT)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        held = {name.split("/")[0] for name in archive.getnames()}
    assert held == (CONTENT - {"galaxy.yml"}) | {"MANIFEST.json", "FILES.json"}
