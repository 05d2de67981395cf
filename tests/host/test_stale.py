"""Services that run files which an update replaced: found by what the kernel says of each process."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from plugins.module_utils.host import stale
from plugins.module_utils.host.command import Finished

LIB = "/usr/lib/x86_64-linux-gnu/libexpat.so.1.8.10"


def process(proc: Path, pid: int, unit: str, *mapped: str) -> None:
    (proc / str(pid)).mkdir()
    rows = [f"7f0e8c1f6000-7f0e8c21b000 {row}" for row in mapped]
    (proc / str(pid) / "maps").write_text("\n".join(rows) + "\n")
    (proc / str(pid) / "cgroup").write_text(f"2:cpu:/else.service\n0::/system.slice/{unit}\n")


def runs(path: str, access: str = "r-xp") -> str:
    return f"{access} 00002000 fe:01 123456                     {path}"


def test_replaced_code_is_told_by_the_unit_that_runs_it(tmp_path: Path) -> None:
    process(tmp_path, 1, "nginx.service", runs(f"{LIB} (deleted)"), runs("/usr/lib/libz.so.1"))
    process(tmp_path, 2, "nginx.service", runs(f"{LIB}.dpkg-tmp (deleted)"), runs("/usr/sbin/nginx (deleted)"))
    process(tmp_path, 3, "dbus.service", runs("/lib/libdbus-1.so.3;61f00a2b (deleted)"))
    process(tmp_path, 4, "well.service", runs(LIB), runs("/usr/share/locale (deleted)", "r--p"))
    process(tmp_path, 5, "scratch.service", runs("/memfd:x (deleted)"), runs("/home/me/jit.so (deleted)"))
    process(tmp_path, 6, "session-3.scope", runs(f"{LIB} (deleted)"))
    (tmp_path / "7").mkdir()  # it ended meanwhile
    found = stale.stale(str(tmp_path))
    assert found == {"dbus.service": ["/lib/libdbus-1.so.3"], "nginx.service": [LIB, "/usr/sbin/nginx"]}
    assert stale.told(found) == ["dbus.service (libdbus-1.so.3)", "nginx.service (libexpat.so.1.8.10, nginx)"]
    assert stale.boot_reasons(found) == ["dbus.service still runs replaced files"]


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/nginx.service", "nginx.service"),
        ("0::/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("1:name=systemd:/libpod-ab.scope/system.slice/tide.service\n0::/", "tide.service"),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", "user@1000.service"),
        ("0::/user.slice/user-0.slice/session-3.scope", "session-3.scope"),
        ("0::/init.scope", "init.scope"),
        ("3:memory:/else.service", ""),
        ("", ""),
    ],
)
def test_the_unit_of_a_process(cgroup: str, unit: str) -> None:
    assert stale.unit_of(cgroup) == unit


def test_what_would_cut_somebody_off_and_what_is_kept_is_not_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = ("dbus.service", "getty@tty1.service", "kept.service", "nginx.service", "ssh.service", "broken.service")
    for pid, unit in enumerate(units):
        process(tmp_path, pid, unit, runs(f"{LIB} (deleted)"))
    told = []

    def finished(argv: Sequence[str], timeout: float) -> Finished:
        told.append(argv[-1])
        return Finished(tuple(argv), int(argv[-1] == "broken.service"), "", "Job failed")

    monkeypatch.setattr(stale, "finished", finished)
    monkeypatch.setattr(stale, "has_systemd", lambda: True)
    assert stale.renewed(["kept.service"], str(tmp_path)) == ["broken.service would not restart: Job failed"]
    assert told == ["broken.service", "nginx.service", "ssh.service"]
