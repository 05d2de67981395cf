"""ansible-playbook as the tests of the content call it: with the collection of this checkout, and no one's settings."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def installed(folder: Path) -> Path:
    """A collections path under a folder, with this checkout in it."""
    place = folder / "collections" / "ansible_collections" / "patchtide"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "patchtide").exists():
        (place / "patchtide").symlink_to(ROOT)
    return folder / "collections"


def played(play: Path, inventory: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What ansible-playbook said and how it ended; `folder` is where it works."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": str(installed(folder)),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
    }
    return subprocess.run(
        [program, "-i", inventory, str(play), *words],
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
