"""Bundles: what was exported comes in whole; whatever else an archive is, it is refused and leaves nothing."""

import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.made import carried, opened, package, plan

from patchtide.adapters import sign
from patchtide.adapters.depot import BundleKeeper, FileDepot
from patchtide.adapters.depot.archive import manifest_text, packed
from patchtide.core.bundle import Bundle, Manifest, of_run
from patchtide.core.errors import UsageError
from patchtide.core.run import Run

CONTENT = b"a package file" * 100
NAME = sha256(CONTENT).hexdigest()


def proven() -> Run:
    file = package(sha256=NAME, size=len(CONTENT))
    run = carried(opened(plan(patch_set={"debian-12-amd64": (file,)})), "t1", "t2")
    has = tuple(replace(one, sha256=NAME) for one in run.hosts["t1"].installed)
    return replace(run, hosts=run.hosts.updated([replace(run.hosts["t1"], installed=has)]))


def manifest(**more: object) -> Manifest:
    made = of_run("r-1", proven())
    assert made is not None
    return replace(made, **more)  # type: ignore[arg-type]


def keeper(folder: Path, *trust: Path) -> BundleKeeper:
    return BundleKeeper(FileDepot(folder / "depot"), [str(key) for key in trust], sign.signed, sign.verified)


def archive(folder: Path) -> Path:
    (folder / "file").write_bytes(CONTENT)
    target = folder / "tide.bundle"
    keeper(folder).written(target, manifest(), {NAME: str(folder / "file")}, None)
    return target


def everything(_: Bundle) -> None:
    """Judge every bundle as wanted."""


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else []


def test_what_was_exported_comes_in_whole_and_private(tmp_path: Path) -> None:
    taken = keeper(tmp_path).taken(archive(tmp_path), everything)
    assert taken.manifest == manifest()
    assert Path(FileDepot(tmp_path / "depot").held([NAME])[NAME]).read_bytes() == CONTENT
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "depot").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_it_is_an_ordinary_tar_whose_manifest_comes_first(tmp_path: Path) -> None:
    with tarfile.open(archive(tmp_path)) as tar:
        assert tar.getnames() == ["manifest.json", "signatures.json", f"files/{NAME}"]
        assert all((one.mtime, one.uid, one.gid, one.uname) == (0, 0, 0, "") for one in tar.getmembers())


def test_a_run_is_exported_to_the_same_bytes_each_time(tmp_path: Path) -> None:
    assert archive(tmp_path).read_bytes() == archive(tmp_path).read_bytes()


def test_a_file_of_the_depot_that_was_changed_is_not_exported(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(CONTENT[::-1])
    with pytest.raises(UsageError, match="not the file that was proven"):
        packed(tmp_path / "b", Bundle(manifest(), manifest_text(manifest()), ()), {NAME: str(tmp_path / "file")})
    assert left_in(tmp_path) == ["file"]


def member(name: str, data: bytes = b"", **more: object) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    for key, value in more.items():
        setattr(entry, key, value)
    return entry.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def rebuilt(*parts: bytes) -> bytes:
    data = b"".join(parts)
    return data + bytes(1024 + -(len(data) + 1024) % 10240)


def head(found: Manifest | None = None, text: str = "") -> bytes:
    text = text or manifest_text(found or manifest())
    return member("manifest.json", text.encode()) + member("signatures.json", b"[]")


WHOLE = member(f"files/{NAME}", CONTENT)
TWICE = manifest_text(manifest()).replace('"schema":', '"schema": "x", "schema":', 1)

HOSTILE = {
    "a way out": (rebuilt(head(), member("../../etc/passwd", CONTENT)), "'../../etc/passwd' is there"),
    "an absolute name": (rebuilt(head(), member(f"/files/{NAME}", CONTENT)), "is there"),
    "a symbolic link": (
        rebuilt(head(), member(f"files/{NAME}", type=tarfile.SYMTYPE, linkname="/etc/passwd")),
        "no ordinary file",
    ),
    "a hard link": (rebuilt(head(), member(f"files/{NAME}", CONTENT, type=tarfile.LNKTYPE)), "no ordinary file"),
    "a device": (rebuilt(head(), member(f"files/{NAME}", CONTENT, type=tarfile.BLKTYPE)), "no ordinary file"),
    "a member twice": (rebuilt(head(), WHOLE, WHOLE), "goes on behind"),
    "an unknown member": (rebuilt(head(), member("readme"), WHOLE), "'readme' is there"),
    "an unknown member at the end": (rebuilt(head(), WHOLE, member("readme")), "goes on behind"),
    "something hidden at the end": (rebuilt(head(), WHOLE)[:-512] + b"x" * 512, "goes on behind"),
    "a changed file": (rebuilt(head(), member(f"files/{NAME}", CONTENT[::-1])), "not what its name says"),
    "a file of another length": (rebuilt(head(), member(f"files/{NAME}", CONTENT + b"more")), "where files/"),
    "a missing file": (rebuilt(head()), "cut off, or no bundle"),
    "another mode": (rebuilt(head(), member(f"files/{NAME}", CONTENT, mode=0o4755)), "where files/"),
    "no manifest": (rebuilt(WHOLE), "manifest.json should"),
    "an endless manifest": (member("manifest.json", size=1 << 30), "it would have 1073741824 bytes"),
    "a manifest without a file that it needs": (rebuilt(head(manifest(files={})), WHOLE), "not those of its patch set"),
    "a name that is a path": (rebuilt(head(manifest(name="../x")), WHOLE), "cannot name a bundle"),
    "a hash that is a path": (rebuilt(head(manifest(files={"../x": 1})), WHOLE), "is no file of a bundle"),
    "another schema": (rebuilt(head(manifest(schema="patchtide/bundle/v9")), WHOLE), "its schema is not"),
    "a key twice": (rebuilt(head(text=TWICE), WHOLE), "a key is there twice"),
    "no JSON": (rebuilt(head(text="{"), WHOLE), "cannot be read"),
    "deep JSON": (rebuilt(head(text="[" * 100_000), WHOLE), "cannot be read"),
    "no file but zeros": (rebuilt(head(), WHOLE, bytes(20480)), "its manifest makes"),
    "nothing": (b"", "cut off, or no bundle"),
    "another kind of file": (b"PK\x03\x04" * 1000, "cut off, or no bundle"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    data, sentence = HOSTILE[case]
    (tmp_path / "hostile").write_bytes(data)
    with pytest.raises(UsageError) as refused:
        keeper(tmp_path).taken(tmp_path / "hostile", everything)
    assert sentence in refused.value.message
    assert refused.value.exit_code == 2
    assert refused.value.where
    assert left_in(tmp_path / "depot") == []


def test_a_package_whose_name_would_be_an_option_is_refused(tmp_path: Path) -> None:
    file = package(name="-oProxyCommand=x", sha256=NAME, size=len(CONTENT))
    (tmp_path / "hostile").write_bytes(rebuilt(head(manifest(patch_set={"debian-12-amd64": (file,)})), WHOLE))
    with pytest.raises(UsageError, match="impossible name"):
        keeper(tmp_path).taken(tmp_path / "hostile", everything)


def test_a_bundle_that_is_not_wanted_is_refused_before_its_files_are_read(tmp_path: Path) -> None:
    def judge(found: Bundle) -> None:
        raise UsageError(f"not {found.manifest.name}")

    with pytest.raises(UsageError, match="not r-1"):
        keeper(tmp_path).taken(archive(tmp_path), judge)
    assert left_in(tmp_path / "depot") == []


Change = Callable[[bytes, int], bytes]
CHANGES: dict[str, Change] = {
    "cut off": lambda data, at: data[:at],
    "another bit": lambda data, at: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :],
    "one byte more": lambda data, at: data[:at] + b"\0" + data[at:],
    "a block twice": lambda data, at: data[: at - at % 512] + data[at - at % 512 :][:512] + data[at - at % 512 :],
}


@given(change=st.sampled_from(sorted(CHANGES)), where=st.floats(0, 1, exclude_max=True))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_change_to_a_signed_bundle_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, change: str, where: float
) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    sign.new_key(folder / "release")
    (folder / "file").write_bytes(CONTENT)
    mine = keeper(folder, folder / "release.pub")
    mine.written(folder / "tide", manifest(), {NAME: str(folder / "file")}, folder / "release")

    def judge(found: Bundle) -> None:
        if mine.key(found) is None:
            raise UsageError("no trusted key")

    data = (folder / "tide").read_bytes()
    (folder / "tide").write_bytes(CHANGES[change](data, int(where * len(data))))
    with pytest.raises(UsageError):
        mine.taken(folder / "tide", judge)
    assert left_in(folder / "depot") == []


@given(st.binary(max_size=4096))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_at_all_do_anything_but_be_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for found in (data, head() + data, head()[:512] + data):
        (folder / "x").write_bytes(found)
        with pytest.raises(UsageError):
            keeper(folder).taken(folder / "x", everything)
    assert left_in(folder / "depot") == []


def test_files_of_bundles_are_kept_until_the_bundle_is_removed(tmp_path: Path) -> None:
    mine = keeper(tmp_path)
    mine.taken(archive(tmp_path), everything)
    depot = FileDepot(tmp_path / "depot")
    assert depot.prune(set()) == 0
    mine.shelf.remove("r-1")
    assert depot.prune(set()) == 1
    with pytest.raises(UsageError, match="there is no bundle 'r-1'"):
        mine.shelf.remove("r-1")


def test_a_shelf_that_cannot_be_read_prunes_nothing(tmp_path: Path) -> None:
    keeper(tmp_path).taken(archive(tmp_path), everything)
    (tmp_path / "depot" / "bundles" / "r-1.json").write_text(json.dumps({"manifest": "{"}))
    with pytest.raises(UsageError, match="cannot be read"):
        FileDepot(tmp_path / "depot").prune(set())
    assert FileDepot(tmp_path / "depot").held([NAME])


@pytest.mark.parametrize("name", ["../r-1", "", "r-2", "bundles/r-1"])
def test_only_a_bundle_that_is_there_has_a_name(tmp_path: Path, name: str) -> None:
    mine = keeper(tmp_path)
    mine.taken(archive(tmp_path), everything)
    with pytest.raises(UsageError, match="there is no bundle"):
        mine.shelf.bundle(name)


def test_the_disk_being_full_is_said_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = archive(tmp_path)
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("patchtide.adapters.depot.archive.shutil.disk_usage", lambda _: usage)
    with pytest.raises(UsageError, match="10 are free"):
        keeper(tmp_path).taken(target, everything)
    assert left_in(tmp_path / "depot") == []


def test_a_folder_or_nothing_is_no_bundle(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="no such file"):
            keeper(tmp_path).taken(source, everything)
