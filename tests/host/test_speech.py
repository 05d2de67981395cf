"""What apt, dpkg and systemd said on real Debian hosts (data/), and what the host program understands of it."""

from pathlib import Path

import pytest
from plugins.module_utils.host import aptspeech, boot, dpkg, host, services
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.packagemanager import PackageFile, Pending, Wanted

DATA = Path(__file__).parent / "data"


def said(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def test_every_pending_update_is_read_with_its_origin() -> None:
    pending = {one.name: one for one in aptspeech.pending(said("upgrade.txt"), {})}
    assert len(pending) == 25
    openssl = pending["openssl"]
    assert (openssl.installed, openssl.version) == ("3.0.20-1~deb12u2", "3.0.22-1~deb12u2")
    assert (openssl.origin, openssl.suite, openssl.security) == ("Debian-Security", "oldstable-security", True)
    assert pending["nginx-common"].arch == "all"


def test_a_pending_update_carries_the_file_of_its_own_version_and_nothing_else() -> None:
    files = {
        Wanted("openssl", "amd64", "3.0.22-1~deb12u2"): ("o.deb", 7, "ab"),
        Wanted("perl", "amd64", "1"): ("p", 1, ""),
    }
    pending = {one.name: one for one in aptspeech.pending(said("upgrade.txt"), files)}
    assert (pending["openssl"].filename, pending["openssl"].size, pending["openssl"].sha256) == ("o.deb", 7, "ab")
    assert pending["perl"].sha256 == ""


def test_a_pending_update_can_be_handed_back_as_a_package() -> None:
    one = aptspeech.pending(said("upgrade.txt"), {})[0].as_dict()
    assert one["previous"] == one["installed"] == "5.36.0-7+deb12u3"


def test_an_upgrade_that_leaves_nothing_behind_is_told_from_one_that_does() -> None:
    assert aptspeech.left_behind(said("upgrade.txt")) is False
    assert aptspeech.left_behind(said("install_foreign_and_remove.txt")) is True
    assert aptspeech.left_behind("rubbish") is True


def test_what_an_admin_holds_no_upgrade_would_change() -> None:
    kept = "The following packages have been kept back:\n  nginx libc6\n"
    out = f"{kept}0 upgraded, 0 newly installed, 0 to remove and 2 not upgraded.\n"
    assert aptspeech.left_behind(out, {"nginx", "libc6", "perl"}) is False
    assert aptspeech.left_behind(out, {"nginx"}) is True
    assert aptspeech.left_behind(out.replace("  nginx libc6\n", "  nginx\n"), {"nginx"}) is True, "one goes unnamed"


def test_foreign_architectures_and_removals_are_read_from_a_simulation() -> None:
    found = aptspeech.simulated(said("install_foreign_and_remove.txt"), "amd64")
    assert found.installs["libssl3:i386"] == "3.0.20-1~deb12u2"
    assert "libssl3:amd64" not in found.installs
    assert aptspeech.simulated("Remv systemd-sysv [252.39] []\nPurg a:i386 [1]\n", "amd64").removals == (
        "systemd-sysv:amd64",
        "a:i386",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Debian-Security:12/oldstable-security", ("Debian-Security", "oldstable-security", True)),
        ("Ubuntu:22.04/jammy-updates, Ubuntu:22.04/jammy-security", ("Ubuntu", "jammy-security", True)),
        ("Debian:12.15/oldstable", ("Debian", "oldstable", False)),
        ("Patchtide-Lab:", ("Patchtide-Lab", "", False)),
        ("", ("", "", False)),
    ],
)
def test_security_is_what_origin_or_suite_say(text: str, expected: tuple[str, str, bool]) -> None:
    assert aptspeech.origins(text) == expected


def test_hashes_come_from_the_lists_and_never_from_the_installed_state() -> None:
    records = aptspeech.records(said("records.txt"))
    name, size, digest = records[Wanted("openssl", "amd64", "3.0.22-1~deb12u2")]
    assert name == "openssl_3.0.22-1~deb12u2_amd64.deb"
    assert size == 1441784
    assert digest == "5cdf0b735b1c8a96ae0bf83ed328c83c2170f8320dedb035e98705b60b2d0cfe"
    assert (
        records[Wanted("libnginx-mod-http-echo", "amd64", "1:0.63-4")][0]
        == "libnginx-mod-http-echo_1%3a0.63-4_amd64.deb"
    )
    installed_only = "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\nSize: 5\n"
    assert aptspeech.records(installed_only) == {}


def test_a_version_that_two_sources_offer_with_other_content_has_no_hash() -> None:
    record = "Package: a\nVersion: 1\nArchitecture: all\nSize: 5\nSHA256: {}\n"
    twice = record.format("aa") + "\n" + record.format("aa")
    assert len(aptspeech.records(twice)) == 1
    assert aptspeech.records(record.format("aa") + "\n" + record.format("bb")) == {}


def test_a_refresh_that_failed_is_seen_in_its_words() -> None:
    failures = aptspeech.update_failures(said("update_failed.txt"))
    assert "E: The repository 'file:/tmp/repo ./ Release' does not have a Release file." in failures
    quiet = (
        "W: Failed to fetch http://mirror.example/InRelease  Could not connect\nW: Target Packages is configured twice"
    )
    assert aptspeech.update_failures(quiet) == ["W: Failed to fetch http://mirror.example/InRelease  Could not connect"]


def test_unmet_dependencies_are_read_package_by_package() -> None:
    found = aptspeech.unmet(said("check_broken.txt"))
    assert found[0] == "dbus : Depends: libexpat1 (>= 2.1~beta3) but it is not installed"
    assert len(found) == 3


def test_the_package_database_is_read_whole() -> None:
    installed = dpkg.parsed_installed(said("installed.txt"))
    assert installed["openssl:amd64"].present
    assert installed["nginx-common:all"].version.startswith("1.22.1-9+deb12u")
    removed = dpkg.parsed_installed("a\tall\t1\tdeinstall\tconfig-files\nb\tall\t1\tunknown\tnot-installed\n")
    assert [(one.key, one.present) for one in removed.values()] == [("a:all", False)]


def test_a_damaged_row_of_the_database_is_refused() -> None:
    with pytest.raises(HostError, match="not a row of five"):
        dpkg.parsed_installed("openssl\tamd64\t1\n")


def test_conffiles_are_read_with_their_odd_endings() -> None:
    found = dpkg.parsed_conffiles(said("conffiles.txt"))
    assert {"/etc/nginx/nginx.conf", "/etc/ssl/openssl.cnf", "/etc/adduser.conf"} <= found
    odd = " /etc/a 00 obsolete\n /etc/with blank.conf 11\n /etc/c newconffile\n"
    assert dpkg.parsed_conffiles(odd) == {"/etc/a", "/etc/with blank.conf", "/etc/c"}


def test_automatic_marks_are_read() -> None:
    marks = dpkg.parsed_automatic(said("extended_states.txt"))
    assert "libssh2-1:amd64" in marks
    assert dpkg.parsed_automatic("Package: a\nArchitecture: amd64\nAuto-Installed: 0\n") == set()


def test_the_imagined_status_has_the_new_version_once_and_keeps_the_rest() -> None:
    control = said("controls.txt").partition("====")[0]
    fields = dpkg.parsed_control(control)
    new = PackageFile(Path("x"), "openssl", "amd64", fields["Version"], 0, control)
    text = dpkg.imagined_status(said("status.txt"), [new])
    paragraphs = [dpkg.parsed_control(paragraph) for paragraph in text.strip().split("\n\n")]
    versions = {one["Package"]: one["Version"] for one in paragraphs}
    assert len(paragraphs) == 4
    assert versions["openssl"] == "3.0.22-1~deb12u2"
    assert versions["libssl3"] == dpkg.parsed_control(said("status.txt").split("Package: libssl3")[1])["Version"]
    assert {one["Status"] for one in paragraphs} == {"install ok installed"}


def test_services_that_last_are_told_from_those_that_come_and_go() -> None:
    found = services.parsed_services(said("services.txt"))
    assert found["ssh.service"].lasting
    assert found["nginx.service"].active == "active"
    assert not found["apt-daily.service"].lasting
    assert "auditd.service" not in found  # only mentioned by others, not there
    states = services.service_states(found)
    assert states["ssh.service"] == {"active": "active", "enabled": "enabled"}
    assert "apt-daily.service" not in states


def block(name: str, active: str, **more: str) -> str:
    fields = {"Id": name, "Type": "notify", "LoadState": "loaded", "ActiveState": active, **more}
    return "\n".join(f"{key}={value}" for key, value in fields.items()) + "\n\n"


def test_a_service_that_others_start_may_rest_unless_it_is_enabled() -> None:
    bus = {"BusName": "org.example", "UnitFileState": "static"}
    socket = {"TriggeredBy": "docker.socket", "UnitFileState": "enabled"}
    before = services.parsed_services(
        block("hostnamed.service", "active", **bus) + block("docker.service", "active", **socket)
    )
    now = services.parsed_services(
        block("hostnamed.service", "inactive", **bus) + block("docker.service", "inactive", **socket)
    )
    assert services.activity_differences(services.service_states(before), now) == [("docker.service", "active")]
    crashed = services.parsed_services(
        block("hostnamed.service", "failed", **bus) + block("docker.service", "active", **socket)
    )
    assert services.activity_differences(services.service_states(before), crashed) == [("hostnamed.service", "active")]


def test_what_came_up_or_vanished_since_the_record_is_told() -> None:
    before = services.service_states(
        services.parsed_services(block("a.service", "active") + block("b.service", "inactive"))
    )
    now = services.parsed_services(block("b.service", "active") + block("c.service", "active"))
    wanted = [("a.service", "active"), ("b.service", "inactive"), ("c.service", "inactive")]
    assert services.activity_differences(before, now) == wanted
    assert services.activity_differences(before, now, ("a.service", "b.service", "c.service")) == []


def test_a_process_name_with_brackets_does_not_shift_the_start_time() -> None:
    assert boot.start_ticks(said("pid1_stat.txt")) > 0
    real = said("pid1_stat.txt")
    assert boot.start_ticks(real.replace("(systemd)", "(sys) temd (x)")) == boot.start_ticks(real)


def test_os_release_values_with_odd_characters_are_dropped() -> None:
    fields = host.parsed_os_release(said("os-release.txt"))
    assert (fields["ID"], fields["VERSION_ID"], fields["VERSION_CODENAME"]) == ("debian", "12", "bookworm")
    assert host.parsed_os_release('ID="{{ 7*7 }}"\nVERSION_ID=$(id)\n') == {}


SHOWN = """\
Package: tide
Architecture: all
Version: 1.10
Depends: python3:any (>= 3.9), tide-extra (= 1.10) | other, mta-agent
Recommends: tide-doc

Package: tide-extra
Architecture: all
Version: 1.10
Depends: tide-deep

Package: tide-deep
Architecture: amd64
Version: 1.10

Package: tide-mail
Architecture: amd64
Version: 1.10
Provides: mta-agent (= 1), mail

Package: lonely
Architecture: amd64
Version: 1.10
"""


def test_who_asks_for_a_package_that_comes_new_is_read_from_their_fields() -> None:
    def pending(name: str, arch: str, installed: str | None = None) -> Pending:
        return Pending(name, arch, installed, "1.10", "", "", False, "", 0, "")

    coming = [pending("tide", "all", "1.0"), pending("tide-extra", "all")]
    coming += [pending(name, "amd64") for name in ("tide-deep", "tide-mail", "lonely")]
    assert aptspeech.needers(SHOWN, coming) == {
        "tide-extra:all": ("tide:all",),
        "tide-deep:amd64": ("tide-extra:all",),
        "tide-mail:amd64": ("tide:all",),
        "lonely:amd64": (),
    }


def test_pins_of_packages_are_read_and_nothing_else() -> None:
    policy = """\
Package files:
 100 /var/lib/dpkg/status
     release a=now
 500 file:/srv lab/main amd64 Packages
     release o=Lab -> not a pin
Pinned packages:
     nginx -> 1.22.1-9 with priority 1001
     openssl -> 3.0 with priority -1
"""
    assert aptspeech.pinned(policy) == ["nginx", "openssl"]
    assert aptspeech.pinned("Pinned packages:\n") == []


def test_what_is_kept_back_is_read_from_its_paragraph() -> None:
    text = """\
Reading package lists...
The following packages have been kept back:
  libfoo:i386 nginx
  openssl
The following packages will be upgraded:
  tide
"""
    assert aptspeech.kept_back(text) == ["libfoo", "nginx", "openssl"]
    assert aptspeech.kept_back("0 upgraded") == []
