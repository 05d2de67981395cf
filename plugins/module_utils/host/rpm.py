"""rpm's database and files, read."""

from __future__ import annotations

import os
import re
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import Collection, Sequence

from .changelog import advisories_in, cves_in
from .command import finished
from .errors import HostError
from .packagemanager import Changes, Installed, PackageFile, Trouble

_ROW = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\n"
_FILE_ROW = "%{NAME}\\t%{ARCH}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{LONGSIZE}\\t%{SOURCEPACKAGE}\\n"
_FILES = "[%{FILEFLAGS:fflags}\\t%{FILENAMES}\\n]"
_ENTRY_END = "\x1e"
_CHANGELOG = f"[%{{CHANGELOGTIME}}\\t%{{CHANGELOGNAME}}\\t%{{CHANGELOGTEXT}}{_ENTRY_END}]"
_COLUMNS = 5
_FILE_COLUMNS = 7
_PARTED = " and "
# A changed file that rpm sets aside, or a new one that it lays beside it.
LITTER = (".rpmsave", ".rpmnew", ".rpmorig")
_UNIT = re.compile(r"/(usr/)?lib/systemd/system/[^/@]+\.service")


def installed(held: Collection[str] = (), beside: Collection[str] = ()) -> dict[str, Installed]:
    """Every package in rpm's database by name:arch, in one call; `beside` may stand there in several versions."""
    return parsed_installed(_rows(), held, beside)


def parsed_installed(text: str, held: Collection[str] = (), beside: Collection[str] = ()) -> dict[str, Installed]:
    """The packages in rpm's rows of name, arch, epoch, version, release; HostError on a row of another form.

    What stands there in two versions without being meant to is left from an interrupted transaction.
    """
    versions: dict[str, list[str]] = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != _COLUMNS:
            raise HostError(f"rpm said {line!r}, which is not a row of five", code="packages")
        if fields[1] != "(none)":  # keys of signers stand there too, and have no architecture
            versions.setdefault(f"{fields[0]}:{fields[1]}", []).append(version(*fields[2:]))
    return {
        key: Installed(
            name=key.rpartition(":")[0],
            arch=key.rpartition(":")[2],
            version=_PARTED.join(sorted(found)),
            wanted="hold" if key in held else "install",
            status="installed" if len(found) == 1 or key in beside else "there twice",
        )
        for key, found in versions.items()
    }


def version(epoch: str, of_upstream: str, release: str) -> str:
    """The version as dnf writes it: epoch 0 goes unsaid."""
    return f"{of_upstream}-{release}" if epoch == "0" else f"{epoch}:{of_upstream}-{release}"


def architecture() -> str:
    """The architecture rpm builds and installs by default."""
    return _evaluated("%{_arch}")


def database() -> Path:
    """The folder of rpm's database."""
    return Path(_evaluated("%{_dbpath}"))


def database_troubles(found: dict[str, Installed]) -> list[Trouble]:
    """What `rpmdb --verifydb` finds, and packages that an interrupted transaction left there twice."""
    asked = finished(["rpmdb", "--verifydb"])
    if not asked.ok:
        reason = f"rpm's database is damaged: {asked.why()}"
        return [Trouble("rpm-database", reason, "run `rpmdb --rebuilddb` and look")]
    twice = sorted(f"{one.key} {one.version}" for one in found.values() if one.status != "installed")
    if not twice:
        return []
    reason = f"a transaction was interrupted, these are there twice: {', '.join(twice)[:600]}"
    return [Trouble("rpm-interrupted", reason, "run `dnf remove --duplicates` and look")]


def repaired_by() -> list[str] | None:
    """The command that brings the database in order; None where it is."""
    return None if finished(["rpmdb", "--verifydb"]).ok else ["rpmdb", "--rebuilddb"]


def copied(root: Path) -> Path:
    """The database copied under another root, where transactions can be tried; the folder of the copy."""
    copy = Path(f"{root}{database()}")
    shutil.copytree(str(database()), str(copy))
    return copy


def facts(path: Path) -> PackageFile:
    """What the .rpm file says of itself; HostError when it is not one that can be installed."""
    asked = finished(["rpm", "--query", "--package", "--queryformat", _FILE_ROW, str(path)])
    fields = asked.out.strip("\n").split("\t")
    if not asked.ok or len(fields) != _FILE_COLUMNS:
        raise HostError(f"{path} is not a readable .rpm file: {asked.why()}", code="file")
    name, arch, epoch, upstream, release, size, source = fields
    if source not in ("(none)", "0"):
        raise HostError(f"{path} is a source package, which nothing can be installed from", code="file")
    return PackageFile(path, name, arch, version(epoch, upstream, release), int(size) if size.isdigit() else 0)


def config_files(keys: Sequence[str]) -> set[str]:
    """The configuration files of the named installed packages."""
    # rpm fails when one of the names is unknown, and still answers for the others.
    found = finished(["rpm", "--query", "--queryformat", _FILES, *map(queried, keys)]).out if keys else ""
    return parsed_config(found)


def carried_config(path: Path) -> set[str]:
    """The configuration files that a .rpm file brings."""
    return parsed_config(finished(["rpm", "--query", "--package", "--queryformat", _FILES, str(path)]).out)


def parsed_config(text: str) -> set[str]:
    """The paths in rpm's rows of flags and path whose flags have the c of configuration and not the g of ghost."""
    rows = (line.partition("\t") for line in text.splitlines())
    return {path for flags, _, path in rows if "c" in flags and "g" not in flags and path.startswith("/")}


def carried_changelog(path: Path) -> list[str]:
    """The entries of a .rpm file's changelog, the newest first."""
    asked = finished(["rpm", "--query", "--package", "--queryformat", _CHANGELOG, str(path)])
    return asked.out.split(_ENTRY_END)[:-1] if asked.ok else []


def installed_changelog(key: str, of_version: str) -> list[str]:
    """The entries of an installed package's changelog, the newest first; none where another version is installed."""
    asked = finished(["rpm", "--query", "--queryformat", f"{_ROW}{_CHANGELOG}", queried(key)])
    row, _, rest = asked.out.partition("\n")
    fields = row.split("\t")
    if not asked.ok or len(fields) != _COLUMNS or version(*fields[2:]) != of_version:
        return []
    return rest.split(_ENTRY_END)[:-1]


def changes(carried: list[str], before: list[str] | None) -> Changes:
    """What the entries say that came before the installed package's newest one; unknown where that is not among them.

    A package that comes new (before is None) replaces nothing, so that it fixes nothing either.
    """
    if not carried:
        return Changes()
    seconds = carried[0].partition("\t")[0]
    released = datetime.fromtimestamp(int(seconds), timezone.utc).isoformat() if seconds.isdigit() else None
    if before is None:
        return Changes((), (), released)
    if not before or before[0] not in carried:
        return Changes(None, (), released)
    text = "\n".join(carried[: carried.index(before[0])])
    return Changes(cves_in(text), advisories_in(text), released)


def unit_names(files: Sequence[Path]) -> list[str]:
    """The services that these .rpm files bring."""
    if not files:
        return []
    asked = finished(["rpm", "--query", "--package", "--list", *map(str, files)])
    return sorted({os.path.basename(path) for path in asked.out.splitlines() if _UNIT.fullmatch(path)})


def queried(key: str) -> str:
    """The key as rpm and dnf want it: name.arch."""
    name, _, arch = key.rpartition(":")
    return f"{name}.{arch}"


def versions_in(database_folder: Path) -> dict[str, str]:
    """The versions by key in a copy of the database."""
    rows = _rows("--dbpath", str(database_folder))
    return {key: one.version for key, one in parsed_installed(rows).items()}


def _rows(*words: str) -> str:
    asked = finished(["rpm", *words, "--query", "--all", "--queryformat", _ROW])
    if not asked.ok:
        raise HostError(f"rpm --query --all failed: {asked.why()}", "is rpm's database damaged?", code="packages")
    return asked.out


def _evaluated(macro: str) -> str:
    asked = finished(["rpm", "--eval", macro])
    if not asked.ok or not asked.out.strip() or "%" in asked.out:
        raise HostError(f"rpm does not say its {macro}: {asked.why()}", code="packages")
    return asked.out.strip()
