"""What a vendor's changelog says that an update fixes: read as far as it goes, and unknown beyond."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from plugins.module_utils.host import apt, changelog, debdocs, dpkg
from plugins.module_utils.host.packagemanager import Changes, PackageFile

from patchtide.core import versions

is_newer = partial(versions.is_newer, manager="apt")

NEWEST = """\
openssl (3.0.17-1~deb12u3) bookworm-security; urgency=medium

  * CVE-2025-9230 (Out-of-bounds read & write in RFC 3211 KEK Unwrap), see
    also cve-2025-9231 and DSA-6015-1.
  * Not vulnerable to CVE-2025-
    9232, which the text says nevertheless.

 -- Sebastian <sebastian@debian.org>  Sat, 27 Sep 2025 12:29:07 +0200

openssl (3.0.17-1~deb12u2) bookworm; urgency=medium

  * Fix a regression. Closes: #1. See USN-1234-2, CVE-2025-9230 again.

 -- Sebastian <sebastian@debian.org>  Mon, 01 Sep 2025 21:02:43 +0200

"""
OLD = """\
openssl (3.0.16-1~deb12u1) bookworm; urgency=medium

  * CVE-2024-13176 (Timing side-channel).

 -- Sebastian <sebastian@debian.org>  Sun, 06 Apr 2025 15:45:30 +0200
"""
DATE = "2025-09-27T10:29:07+00:00"
FIXED = Changes(("CVE-2025-9230", "CVE-2025-9231", "CVE-2025-9232"), ("DSA-6015-1", "USN-1234-2"), DATE)


def read(text: str, since: str | None) -> Changes:
    return changelog.changes(list(changelog.entries(text)), since, is_newer)


def test_only_what_is_newer_than_the_installed_version_counts() -> None:
    assert read(NEWEST + OLD, "3.0.16-1~deb12u1") == FIXED
    assert read(NEWEST + OLD, "3.0.17-1~deb12u2").cves == FIXED.cves
    assert read(NEWEST + OLD, "3.0.17-1~deb12u2").advisories == ("DSA-6015-1",)


def test_known_to_fix_nothing_is_another_thing_than_unknown() -> None:
    assert read(OLD.replace("CVE-2024-13176", "") + OLD.replace("3.0.16", "3.0.15"), "3.0.15-1~deb12u1").cves == ()
    assert read(NEWEST, "3.0.16-1~deb12u1") == Changes(None, (), DATE)  # cut off before the installed version
    assert read("Version 3.0\n\n * CVE-2020-1111 fixed\n", "2.0") == Changes()
    assert read("", "1") == Changes()


def test_what_comes_new_fixes_nothing_but_has_an_age() -> None:
    assert read(NEWEST + OLD, None) == Changes((), (), DATE)


def test_ids_are_written_in_one_way_each_once_in_order() -> None:
    text = "CVE-2025-10000, cve-2025-9999 CVE 2024-0001\nCVE-2025-9999; CVE-25-1, XCVE-2025-1111, CVE-2025-12345678"
    assert changelog.cves_in(text) == ("CVE-2024-0001", "CVE-2025-9999", "CVE-2025-10000")


@pytest.mark.parametrize("text", ["", "yesterday", "Sat, 99 Sep 2025 12:29:07 +0200", "Sat, 27 Sep 12:29:07"])
def test_a_date_that_is_none_is_unknown(text: str) -> None:
    assert changelog.instant(text) is None


@dataclass
class Files:
    """Package files as dpkg-deb would unpack them: tar archives by path, with what their control fields say."""

    folder: Path
    archives: dict[str, bytes] = field(default_factory=dict)
    packages: dict[str, PackageFile] = field(default_factory=dict)

    def add(self, name: str, version: str, *members: tuple[str, bytes | str], source: str = "") -> Path:
        path = self.folder / f"{name}_{version.replace(':', '-')}_amd64.deb"
        path.write_bytes(b"")
        control = f"Package: {name}\n" + (f"Source: {source}\n" if source else "")
        self.packages[str(path)] = PackageFile(path, name, "amd64", version, 0, control)
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for where, content in (("usr/bin/x", b"\x7fELF"), *members):
                entry = tarfile.TarInfo(f"./{where}")
                if isinstance(content, str):
                    entry.type, entry.linkname = tarfile.SYMTYPE, content
                    tar.addfile(entry)
                else:
                    entry.size = len(content)
                    tar.addfile(entry, io.BytesIO(content))
        self.archives[str(path)] = archive.getvalue()
        return path


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    found = Files(tmp_path)
    installed = {"openssl:amd64": "3.0.16-1~deb12u1", "libssl3:amd64": "3.0.16-1~deb12u1", "liblvm:amd64": "2:1.2-1"}
    sources = {"liblvm:amd64": "3.0.16-1~deb12u1"}

    @contextmanager
    def streamed(argv: list[str]) -> Iterator[io.BytesIO]:
        yield io.BytesIO(found.archives[argv[-1]])

    def source_of_installed(key: str, version: str) -> str | None:
        return sources.get(key, version) if installed.get(key) == version else None

    monkeypatch.setattr(debdocs, "streamed", streamed)
    monkeypatch.setattr(dpkg, "facts", lambda path: found.packages[str(path)])
    monkeypatch.setattr(dpkg, "source_of_installed", source_of_installed)
    monkeypatch.setattr(dpkg, "is_newer", is_newer)
    return found


def packed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


VERSION, SINCE = "3.0.17-1~deb12u3", "3.0.16-1~deb12u1"
DOC = "usr/share/doc/openssl"


def test_the_changelog_is_read_in_the_file(files: Files) -> None:
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.Debian.gz", packed(NEWEST + OLD)))
    assert apt.Apt().changes(path, SINCE) == FIXED


def test_a_native_package_has_it_under_the_other_name(files: Files) -> None:
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.gz", packed(NEWEST + OLD)))
    assert apt.Apt().changes(path, SINCE) == FIXED


def test_upstreams_own_changelog_is_none(files: Files) -> None:
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.gz", packed("3.0.17: fixes CVE-2025-1111\n")))
    assert apt.Apt().changes(path, SINCE) == Changes()


def test_a_rebuild_has_its_entry_in_a_file_of_its_own(files: Files) -> None:
    entry = NEWEST.partition("\n\nopenssl")[0].replace("deb12u3", "deb12u3+b1").replace("Sat, 27", "Sun, 28")
    path = files.add(
        "openssl",
        f"{VERSION}+b1",
        (f"{DOC}/changelog.Debian.gz", packed(NEWEST + OLD)),
        (f"{DOC}/changelog.Debian.amd64.gz", packed(entry + "\n")),
        source=f"openssl ({VERSION})",
    )
    assert apt.Apt().changes(path, SINCE) == Changes(FIXED.cves, FIXED.advisories, "2025-09-28T10:29:07+00:00")


def test_a_shared_folder_is_looked_up_in_the_file_beside(files: Files) -> None:
    path = files.add("openssl", VERSION, (DOC, "libssl3"))
    assert apt.Apt().changes(path, SINCE) == Changes()
    files.add("libssl3", VERSION, ("usr/share/doc/libssl3/changelog.Debian.gz", packed(NEWEST + OLD)))
    assert apt.Apt().changes(path, SINCE) == FIXED


def test_a_changelog_that_is_a_link_is_looked_up_too(files: Files) -> None:
    link = (f"{DOC}/changelog.Debian.gz", "../libssl3/changelog.Debian.gz")
    files.add("libssl3", VERSION, ("usr/share/doc/libssl3/changelog.Debian.gz", packed(NEWEST + OLD)))
    assert apt.Apt().changes(files.add("openssl", VERSION, link), SINCE) == FIXED


@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../etc", "../..", "openssl"])
def test_a_link_to_anywhere_else_leads_nowhere(files: Files, target: str) -> None:
    assert apt.Apt().changes(files.add("openssl", VERSION, (DOC, target)), SINCE) == Changes()


def test_versions_of_another_scale_are_compared_by_their_source(files: Files) -> None:
    """lvm2's libraries count on their own: 2:1.2-1 would be later than every entry of the changelog."""
    doc = ("usr/share/doc/liblvm/changelog.Debian.gz", packed(NEWEST + OLD))
    path = files.add("liblvm", "2:1.3-1", doc, source=f"lvm2 ({VERSION})")
    assert apt.Apt().changes(path, "2:1.2-1") == FIXED
    assert apt.Apt().changes(path, "2:1.1-1") == Changes(
        released=DATE
    )  # not what is installed: nobody knows its source


def test_the_changelog_of_another_version_is_none(files: Files) -> None:
    path = files.add("openssl", "3.0.18-1", (f"{DOC}/changelog.Debian.gz", packed(NEWEST + OLD)))
    assert apt.Apt().changes(path, SINCE) == Changes()


@pytest.mark.parametrize("content", [b"no gzip", packed(NEWEST + OLD)[:60], b""], ids=["other", "cut off", "empty"])
def test_a_changelog_that_cannot_be_unpacked_is_unknown(files: Files, content: bytes) -> None:
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.Debian.gz", content))
    assert apt.Apt().changes(path, SINCE).cves is None


def test_no_more_than_the_beginning_of_an_endless_changelog_is_read(files: Files) -> None:
    bomb = packed(NEWEST + "  * nothing\n" * 2_000_000 + OLD)
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.Debian.gz", bomb))
    assert apt.Apt().changes(path, SINCE) == Changes(None, (), DATE)


def test_a_package_file_that_is_cut_off_is_unknown(files: Files) -> None:
    path = files.add("openssl", VERSION, (f"{DOC}/changelog.Debian.gz", packed(NEWEST + OLD)))
    files.archives[str(path)] = files.archives[str(path)][:1600]
    assert apt.Apt().changes(path, SINCE) == Changes()
