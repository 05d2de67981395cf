"""The lab's own package repository: signed by the lab's own key, changed in one step, keeping every offered version."""

import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from patchtide.lab import tidepool
from patchtide.lab.programs import completed, output
from patchtide.lab.spec import LabError

_SUITE = Path("dists/lab")
_OWNER = "Patchtide Lab <lab@patchtide.invalid>"


def created(directory: Path) -> None:
    """Make a repository with the first version of tidepool in `public` and its secret key in `signing.key`."""
    pool(directory).mkdir(parents=True)
    directory.chmod(0o700)
    with _keyring() as gpg:
        output([*gpg, "--passphrase", "", "--quick-generate-key", _OWNER, "ed25519", "sign", "never"], _UNSIGNED)
        (directory / "signing.key").touch(0o600)
        output([*gpg, "--yes", "--output", str(directory / "signing.key"), "--export-secret-keys"], _UNSIGNED)
        output([*gpg, "--output", str(directory / "public" / "key.gpg"), "--export"], _UNSIGNED)
    offer(directory, tidepool.FIRST)


def pool(directory: Path) -> Path:
    """Return the folder of the package files."""
    return directory / "public" / "pool"


def offered(directory: Path) -> tuple[str, ...]:
    """Return the versions of tidepool that the repository shows, in the order they are listed in."""
    return tuple(v for v in tidepool.VERSIONS if (pool(directory) / f"tidepool_{v}_all.deb").exists())


def offer(directory: Path, version: str) -> None:
    """Build a version of tidepool and show it to the hosts; a version that is there already stays as it is."""
    if version not in offered(directory):
        tidepool.built(version, pool(directory))
    _publish(directory)


def withdraw(directory: Path, version: str) -> None:
    """Take a version away: out of the index and off the disk; raises LabError when it is not offered."""
    if version not in offered(directory):
        raise LabError(f"tidepool {version} is not offered", f"Offered are {', '.join(offered(directory))}.")
    for path in pool(directory).glob(f"tidepool*_{version}_all.deb"):
        path.unlink()
    _publish(directory)


def _publish(directory: Path) -> None:
    suite = directory / "public" / _SUITE
    index = "".join(_entry(path) for path in sorted(pool(directory).glob("*.deb"))).encode()
    architecture = output(["dpkg", "--print-architecture"], "the architecture is unknown").strip()
    listed = dict(_index_files(suite, architecture, index))
    release = _release(architecture, listed)
    _replace(suite / "InRelease", _signed(directory, release).encode())
    for path in (directory / "public", *(directory / "public").rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)  # apt reads as a user of its own


def _index_files(suite: Path, architecture: str, index: bytes) -> Iterator[tuple[str, bytes]]:
    """Write the index under its hash and its plain name; a host in the middle of a refresh still finds the old hash."""
    for name, data in (("Packages", index), ("Packages.gz", gzip.compress(index, mtime=0))):
        path = suite / "main" / f"binary-{architecture}" / name
        _replace(path.parent / "by-hash" / "SHA256" / hashlib.sha256(data).hexdigest(), data)
        _replace(path, data)
        yield str(path.relative_to(suite)), data


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    fresh.replace(path)


def _entry(deb: Path) -> str:
    control = output(["dpkg-deb", "--field", str(deb)], f"{deb.name} cannot be read").strip()
    data = deb.read_bytes()
    return f"{control}\nFilename: pool/{deb.name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n\n"


def _release(architecture: str, listed: dict[str, bytes]) -> str:
    fields = {
        "Origin": "Patchtide-Lab",
        "Label": "Patchtide-Lab",
        "Suite": "lab",
        "Codename": "lab",
        "Date": format_datetime(datetime.now(UTC)).replace("+0000", "UTC"),
        "Acquire-By-Hash": "yes",
        "Architectures": f"{architecture} all",
        "Components": "main",
        "Description": "practice packages of a Patchtide lab",
    }
    lines = [f"{key}: {value}" for key, value in fields.items()]
    hashes = [f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}" for name, data in listed.items()]
    return "\n".join((*lines, "SHA256:", *hashes)) + "\n"


_UNSIGNED = "the lab's repository cannot be signed"


def _signed(directory: Path, release: str) -> str:
    with _keyring() as gpg:
        output([*gpg, "--import", str(directory / "signing.key")], _UNSIGNED)
        return output([*gpg, "--clearsign", "--output", "-"], _UNSIGNED, text=release)


@contextmanager
def _keyring() -> Iterator[list[str]]:
    """Give gpg a home of its own; a short path, because its agent's socket has room for about a hundred characters."""
    home = tempfile.mkdtemp(prefix="ptgpg-", dir="/tmp")
    try:
        yield ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback"]
    finally:
        completed(["gpgconf", "--homedir", home, "--kill", "all"], seconds=30)
        shutil.rmtree(home, ignore_errors=True)
