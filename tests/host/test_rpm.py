"""What rpm and dnf say, as recorded on a host, and what is made of it."""

import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from plugins.module_utils.host import dnf, dnfspeech, host, rpm
from plugins.module_utils.host.apt import Apt
from plugins.module_utils.host.command import Finished
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.hold import holder
from plugins.module_utils.host.packagemanager import Changes, PackageManager, Pending, Wanted

ROWS = """\
tidepool\tnoarch\t0\t1.1\t1
openssl-libs\tx86_64\t1\t3.2.2\t6.el9_5
openssl-libs\ti686\t1\t3.2.2\t6.el9_5
kernel-core\tx86_64\t0\t5.14.0\t503.el9
kernel-core\tx86_64\t0\t5.14.0\t570.el9
gpg-pubkey\t(none)\t0\t5a6340b3\t6229229e
gpg-pubkey\t(none)\t0\t8483c65d\t5ccc5b19
"""


def test_each_architecture_is_a_package_and_epoch_0_goes_unsaid() -> None:
    found = rpm.parsed_installed(ROWS, beside=["kernel-core:x86_64"])
    assert {key: one.version for key, one in found.items()} == {
        "tidepool:noarch": "1.1-1",
        "openssl-libs:x86_64": "1:3.2.2-6.el9_5",
        "openssl-libs:i686": "1:3.2.2-6.el9_5",
        "kernel-core:x86_64": "5.14.0-503.el9 and 5.14.0-570.el9",
    }
    assert {one.status for one in found.values()} == {"installed"}
    assert {one.wanted for one in found.values()} == {"install"}


def test_what_is_there_twice_without_being_meant_to_is_not_installed_well() -> None:
    found = rpm.parsed_installed(f"{ROWS}tidepool\tnoarch\t0\t1.0\t1\n", held=["tidepool:noarch"])
    assert found["tidepool:noarch"].status == "there twice"
    assert found["tidepool:noarch"].version == "1.0-1 and 1.1-1"
    assert found["tidepool:noarch"].present
    assert found["tidepool:noarch"].wanted == "hold"


@pytest.mark.parametrize("row", ["tidepool", "tidepool\tnoarch\t1.1\t1", "a\tb\t0\t1\t1\tx", "error: db5 error"])
def test_a_row_of_another_form_is_refused(row: str) -> None:
    with pytest.raises(HostError, match="not a row of five"):
        rpm.parsed_installed(f"{ROWS}{row}\n")


def test_configuration_is_what_is_marked_so_and_no_ghost() -> None:
    rows = (
        "c\t/etc/tidepool/tidepool.conf\ncn\t/etc/sysconfig/a file\n\t/usr/lib/x\ncg\t/etc/ghost\nd\t/usr/share/doc/x\n"
    )
    assert rpm.parsed_config(rows + "c\tno path\n") == {"/etc/tidepool/tidepool.conf", "/etc/sysconfig/a file"}


def test_dnf_is_asked_by_the_python_in_its_first_line(tmp_path: Path) -> None:
    for name, first in (
        ("old", "#!/usr/libexec/platform-python -s\n"),
        ("new", "#!/usr/bin/python3\n"),
        ("5", "\x7fELF"),
    ):
        (tmp_path / name).write_text(first, encoding="utf-8")
    assert dnfspeech.interpreter([str(tmp_path / "absent"), str(tmp_path / "old")]) == "/usr/libexec/platform-python"
    assert dnfspeech.interpreter([str(tmp_path / "5"), str(tmp_path / "new")]) == "/usr/bin/python3"
    with pytest.raises(HostError, match="no dnf 4"):
        dnfspeech.interpreter([str(tmp_path / "5")])


def said(text: str, code: int = 0) -> Finished:
    return Finished(("dnf",), code, text, "")


def test_the_answer_is_the_last_line() -> None:
    last = '{"installs": {"a:noarch": "1-1"}, "removals": ["b:noarch"], "beside": []}'
    text = f'Running scriptlet tidepool\n{{"no": "answer"}}\n{last}\n'
    found = dnfspeech.simulated(said(text))
    assert (found.solved, found.installs, found.removals) == (True, {"a:noarch": "1-1"}, ("b:noarch",))
    for odd in ("", "[]", "Complete!", '{"installs"'):
        with pytest.raises(HostError, match="cannot be read"):
            dnfspeech.answer(said(odd))


def test_what_dnf_refuses_is_unsolved_with_its_reason() -> None:
    found = dnfspeech.simulated(said("Error: nothing provides tidepool-extra\n", 1))
    assert not found.solved
    assert found.reason == "Error: nothing provides tidepool-extra"


def test_what_stands_beside_older_versions_is_refused() -> None:
    text = '{"installs": {"kernel-core:x86_64": "6-1"}, "removals": [], "beside": ["kernel-core:x86_64"]}'
    found = dnfspeech.simulated(said(text))
    assert not found.solved
    assert "beside its older versions" in found.reason


def test_a_version_with_two_hashes_or_none_is_left_out() -> None:
    wanted = [{"name": name, "arch": "noarch", "version": "1-1"} for name in "abcd"]
    digests: list[list[str]] = [["x", "x"], ["x", "y"], [], [""]]
    found = dnfspeech.hashes([{**one, "sha256": digest} for one, digest in zip(wanted, digests, strict=True)])
    assert found == {Wanted("a", "noarch", "1-1"): "x"}


def test_updates_are_read_with_what_leaves() -> None:
    row = {
        "name": "tidepool",
        "arch": "noarch",
        "version": "1.12-1",
        "installed": "1.10-1",
        "origin": "lab",
        "suite": "",
        "security": True,
        "filename": "tidepool-1.12-1.noarch.rpm",
        "size": 8,
        "sha256": "0" * 64,
        "needed_by": ["tide:noarch"],
        "advisories": ["PT-2026:1"],
        "cves": None,
        "removes": [{"name": "tidepool-extra", "arch": "noarch", "version": "1.10-1"}],
    }
    (found,) = dnfspeech.pending([row])
    assert isinstance(found, Pending)
    assert [one.key for one in found.removes] == ["tidepool-extra:noarch"]
    assert (found.needed_by, found.advisories, found.cves) == (("tide:noarch",), ("PT-2026:1",), None)


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("ID=arch\n", "none that Patchtide knows"),
        ("", "unnamed"),
        ('ID=suse\nID_LIKE="opensuse suse"\n', "none that Patchtide knows"),
    ],
)
def test_a_distribution_that_nobody_knows_is_refused(tmp_path: Path, text: str, refusal: str) -> None:
    path = tmp_path / "os-release"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HostError, match=refusal):
        host.package_manager(str(path))


def test_the_distribution_decides_where_both_managers_are_unless_its_admin_keeps_packages_with_the_other(
    tmp_path: Path,
) -> None:
    path = tmp_path / "os-release"
    path.write_text("ID=debian\n", encoding="utf-8")
    assert isinstance(host.manager_of(str(path), lambda: False), Apt)
    assert host.manager_of(str(path), lambda: True).name == "dnf"
    path.write_text('ID="rocky"\nID_LIKE="rhel centos fedora"\n', encoding="utf-8")
    assert host.manager_of(str(path)).name == "dnf"


LOG = ["1773748800\tA <a@b> - 1.1-1\t- fix CVE-2026-0002", "1767225600\tA <a@b> - 1.0-1\t- CVE-2025-0001"]


def test_what_is_new_in_a_changelog_is_what_the_installed_one_does_not_have() -> None:
    newest = "2026-03-17T12:00:00+00:00"
    assert rpm.changes(LOG, LOG[1:]) == Changes(("CVE-2026-0002",), (), newest)
    assert rpm.changes(LOG, LOG) == Changes((), (), newest)
    assert rpm.changes(LOG, None) == Changes((), (), newest)


def test_a_changelog_that_does_not_go_back_far_enough_leaves_it_unknown() -> None:
    assert rpm.changes(LOG, ["1\tA\told"]).cves is None
    assert rpm.changes(LOG, []).cves is None
    assert rpm.changes([], LOG) == Changes()


@pytest.mark.fault(25, how="rpm's lock held by a process that ends, and by one that does not")
def test_rpms_lock_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / ".rpm.lock"
    path.touch()
    holding = (
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", holding, str(path)], stdin=-1, stdout=-1) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        other.stdout.readline()
        dnf.wait_for_lock(str(path), 0)
        assert holder(str(path)), "the time is over before the lock is free"
        Timer(0.2, other.stdin.close).start()
        dnf.wait_for_lock(str(path), 60)
        assert holder(str(path)) is None


@pytest.mark.parametrize(
    ("manager", "part", "held"),
    [(Apt, "apt", "/var/lib/dpkg/lock-frontend"), (dnf.Dnf, "dnf", "/var/lib/rpm/.rpm.lock")],
)
def test_a_database_that_somebody_writes_to_is_not_called_damaged(
    manager: type[PackageManager], part: str, held: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        f"plugins.module_utils.host.{part}.holder", lambda path: "dpkg (pid 7)" if path == held else None
    )
    monkeypatch.setattr(rpm, "database", lambda: Path("/var/lib/rpm"))
    monkeypatch.setattr("plugins.module_utils.host.dpkg.audit_troubles", lambda: pytest.fail("asked while locked"))
    monkeypatch.setattr(rpm, "database_troubles", lambda _: pytest.fail("asked while locked"))
    assert [(one.code, one.reason.partition(" is ")[2]) for one in manager().troubles()] == [
        ("locked", "locked by dpkg (pid 7)")
    ]


LOCKED = "RPM: error: can't create transaction lock on /x (Resource temporarily unavailable)"
FULL = ("dpkg: unrecoverable fatal error, aborting:", " unable to flush x: No space left on device")
ENDED = "E: Sub-process /usr/bin/dpkg returned an error code (2)"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((LOCKED, "Error: Could not run transaction."), f"{LOCKED}; Error: Could not run transaction."),
        (("Setting up tidepool", *FULL, ENDED), f"{''.join(FULL)}; {ENDED}"),
    ],
)
def test_a_failure_is_told_with_its_cause(said: tuple[str, ...], why: str) -> None:
    assert Finished(("apt-get",), 2, "\n".join(said), "").why() == why


@pytest.mark.parametrize(
    ("out", "err", "why"),
    [
        ("Hit:1 x\nIgn:2 y InRelease\n", "", "apt-get did not end in time; it said last: Ign:2 y InRelease"),
        ("Hit:1 x\n", "W: slow\n", "apt-get did not end in time; it said last: W: slow"),
        ("", "\n", "apt-get did not end in time"),
        ("", "x" * 700, f"apt-get did not end in time; it said last: {'x' * 700}"[:600]),
    ],
)
def test_what_did_not_end_is_told_with_its_last_words(out: str, err: str, why: str) -> None:
    assert Finished(("apt-get",), -9, out, err, timed_out=True).why() == why
