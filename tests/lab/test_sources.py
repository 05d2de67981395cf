"""Which mirrors a lab uses: those of the machine, however its administrator wrote them down."""

from pathlib import Path

import pytest

from patchtide.lab.sources import Source, chosen, machine_sources, mirror_uri, parsed, release_codename
from patchtide.lab.spec import LabError

KEY = "/usr/share/keyrings/debian.gpg"
DEB822 = f"""\
# the machine's own mirror
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
# a comment between fields
Signed-By: {KEY}

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: {KEY}

Enabled: no
Types: deb
URIs: http://elsewhere.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""
ONE_LINE = """\
# deb http://off.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 Signed-By=/etc/apt/keyrings/own.gpg check-valid-until=no] https://mirror.example/debian/ bookworm main
deb   http://mirror.example/security  bookworm-security  main contrib # trailing words
"""


def test_deb822_gives_a_source_per_suite_and_only_enabled_binary_ones() -> None:
    found = parsed(DEB822, "debian.sources")
    assert [(source.uri, source.suite) for source in found] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
        ("http://mirror.example/debian-security", "bookworm-security"),
    ]
    assert found[0].components == ("main", "contrib")
    assert found[0].keyrings == (KEY,)


def test_continuation_lines_of_deb822_belong_to_their_field() -> None:
    text = "Types: deb\nURIs:\n http://one.example/debian\n http://two.example/debian\nSuites: bookworm\n"
    assert [source.uri for source in parsed(text, "a.sources")] == [
        "http://one.example/debian",
        "http://two.example/debian",
    ]


def test_one_line_sources_keep_the_options_that_decide_about_trust() -> None:
    found = parsed(ONE_LINE, "sources.list")
    assert [source.line for source in found] == [
        "deb [signed-by=/etc/apt/keyrings/own.gpg check-valid-until=no] https://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/security bookworm-security main",
    ]
    assert found[1].components == ("main", "contrib")


def test_a_key_inside_signed_by_is_refused_with_what_to_do() -> None:
    text = "Types: deb\nURIs: http://m.example/d\nSuites: x\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n"
    with pytest.raises(LabError, match="inside Signed-By") as caught:
        parsed(text, "a.sources")
    assert "/etc/apt/keyrings" in caught.value.hint


def test_the_released_suite_comes_first_and_its_updates_later() -> None:
    sources = chosen(parsed(DEB822, "debian.sources"), "bookworm")
    assert sources.main.suite == "bookworm"
    assert [source.suite for source in sources.later] == ["bookworm-security", "bookworm-updates"]
    assert sources.keyrings == (KEY,)


@pytest.mark.parametrize("missing", ["bookworm", "bookworm-security"])
def test_without_the_release_or_its_security_there_is_no_lab(missing: str) -> None:
    rest = [source for source in parsed(DEB822, "debian.sources") if source.suite != missing]
    with pytest.raises(LabError, match=f"main component of {missing}$"):
        chosen(rest, "bookworm")


@pytest.mark.parametrize("uri", ["cdrom:[Debian]/", "file:/srv/mirror", "mirror+file:/nowhere"])
def test_sources_that_a_host_cannot_reach_do_not_count(uri: str) -> None:
    sources = [Source(uri, suite, ("main",)) for suite in ("bookworm", "bookworm-security")]
    with pytest.raises(LabError, match="no http"):
        chosen(sources, "bookworm")


def test_a_source_without_main_does_not_count() -> None:
    sources = [Source("http://m.example", suite, ("contrib",)) for suite in ("bookworm", "bookworm-security")]
    with pytest.raises(LabError):
        chosen(sources, "bookworm")


def test_a_mirror_list_gives_its_first_reachable_mirror() -> None:
    assert mirror_uri("# ours\n\nfile:/srv/mirror\nhttps://near.example/debian\tpriority:1\nhttp://far.example/\n") == (
        "https://near.example/debian"
    )
    assert mirror_uri("# nothing\n") is None


def test_all_files_of_the_machine_are_read_mirror_lists_included(tmp_path: Path) -> None:
    (tmp_path / "mirrors.list").write_text("http://near.example/debian\n", encoding="utf-8")
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    stanza = f"Types: deb\nURIs: mirror+file://{tmp_path}/mirrors.list\nSuites: bookworm\nComponents: main\n"
    (folder / "debian.sources").write_text(stanza, encoding="utf-8")
    (folder / "ignored.bak").write_text("deb http://ignored.example/ bookworm main\n", encoding="utf-8")
    (tmp_path / "sources.list").write_text("deb http://s.example/ bookworm-security main\n", encoding="utf-8")
    sources = machine_sources("bookworm", tmp_path)
    assert sources.main.uri == "http://near.example/debian"
    assert [source.uri for source in sources.later] == ["http://s.example/"]


def test_a_machine_without_sources_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="bookworm"):
        machine_sources("bookworm", tmp_path)


def test_the_codename_is_read_from_os_release() -> None:
    assert release_codename('ID=debian\nVERSION_CODENAME="bookworm"\n') == "bookworm"


@pytest.mark.parametrize(
    "text", ["", "ID=fedora\nVERSION_CODENAME=x\n", "ID=debian\n", "ID=debian\nVERSION_CODENAME=../x\n"]
)
def test_no_debian_no_lab(text: str) -> None:
    with pytest.raises(LabError, match="Debian"):
        release_codename(text)
