"""Which units are enabled is asked once, and again as soon as a unit file is another one."""

import os
from pathlib import Path

import pytest
from plugins.module_utils.host import enablement
from plugins.module_utils.host.journal import Journal

UNITS = "etc/systemd/system"
GENERATED = "run/systemd/generator"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (f"{UNITS}/multi-user.target.wants", "usr/lib/systemd/system", GENERATED):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system/tide.service").write_text("[Install]\nWantedBy=multi-user.target\n")
    (tmp_path / GENERATED / "srv.mount").write_text("[Mount]\n")
    return tmp_path


def seen(root: Path, *masked: str) -> str:
    return enablement.fingerprint(masked, str(root))


def enable(root: Path) -> None:
    (root / UNITS / "multi-user.target.wants/tide.service").symlink_to("/usr/lib/systemd/system/tide.service")


def rewrite_with_its_former_time(root: Path) -> None:
    path = root / "usr/lib/systemd/system/tide.service"
    former = path.stat()
    path.write_text("[Install]\nWantedBy=graphical.target\n"[: former.st_size].ljust(former.st_size))
    os.utime(path, ns=(former.st_atime_ns, former.st_mtime_ns))


def mask(root: Path, unit: str) -> None:
    (root / UNITS / unit).symlink_to("/dev/null")


def generate_another(root: Path) -> None:
    (root / GENERATED / "home.mount").write_text("[Mount]\n")


@pytest.mark.parametrize(
    "change",
    [enable, rewrite_with_its_former_time, lambda root: mask(root, "tide.service"), generate_another],
    ids=["enabled", "another text", "masked", "generated"],
)
def test_every_change_is_seen(root: Path, change: object) -> None:
    before = seen(root)
    assert callable(change)
    change(root)
    assert seen(root) != before


def test_what_maintenance_mode_and_generators_do_is_none(root: Path) -> None:
    before = seen(root)
    mask(root, "apt-daily.timer")
    (root / UNITS / "patchtide-r-1-confirm.timer").write_text("[Timer]\n")
    (root / UNITS / "multi-user.target.wants/patchtide-r-1-boots.service").symlink_to("/dev/null")
    (root / GENERATED / "srv.mount").unlink()
    (root / GENERATED / "srv.mount").write_text("[Mount]\n")
    assert seen(root, "apt-daily.timer") == before
    assert seen(root) != before, "somebody else's mask counts"


def test_it_is_asked_again_only_after_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [{"tide.service": "disabled"}, {"tide.service": "enabled"}]
    digests = ["one", "one", "two", "two"]
    monkeypatch.setattr(enablement, "unit_files", lambda: answers.pop(0))
    monkeypatch.setattr(enablement, "fingerprint", lambda _masked: digests.pop(0))
    journal = Journal("r-1", tmp_path)
    journal.create()
    found = [enablement.remembered(journal)["tide.service"] for _ in range(4)]
    assert found == ["disabled", "disabled", "enabled", "enabled"]
