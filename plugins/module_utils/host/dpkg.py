"""dpkg's database and files, read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from .command import finished
from .errors import HostError
from .packagemanager import Installed, PackageFile, Trouble

STATUS = Path("/var/lib/dpkg/status")
UPDATES = Path("/var/lib/dpkg/updates")
UCF_REGISTRY = Path("/var/lib/ucf/registry")
_ROW = "${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Want}\\t${db:Status-Status}\\n"
_COLUMNS = 5
_MD5_LENGTH = 32


def installed() -> dict[str, Installed]:
    """Every package in dpkg's database by name:arch, in one call."""
    asked = finished(["dpkg-query", "--show", f"--showformat={_ROW}"])
    if not asked.ok:
        raise HostError(f"dpkg-query failed: {asked.why()}", "is dpkg's database damaged?", code="packages")
    return parsed_installed(asked.out)


def parsed_installed(text: str) -> dict[str, Installed]:
    """The packages in dpkg-query's rows of name, arch, version, want and status; HostError on a row of another form."""
    found = {}
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != _COLUMNS:
            raise HostError(f"dpkg-query said {line!r}, which is not a row of five", code="packages")
        one = Installed(*fields)
        if one.status != "not-installed":
            found[one.key] = one
    return found


def architecture() -> str:
    """The architecture dpkg installs by default."""
    asked = finished(["dpkg", "--print-architecture"])
    if not asked.ok:
        raise HostError(f"dpkg does not say this host's architecture: {asked.why()}", code="packages")
    return asked.out.strip()


def audit_troubles() -> list[Trouble]:
    """What `dpkg --audit` finds, and a transaction that was interrupted."""
    asked = finished(["dpkg", "--audit"])
    text = (asked.out + asked.err).strip()
    if asked.ok and not text and not was_interrupted():
        return []
    reason = " ".join(text.split())[:600] or "an earlier dpkg run was interrupted"
    return [Trouble("dpkg-audit", f"dpkg's database is not in order: {reason}", "run `dpkg --configure -a` and look")]


def was_interrupted() -> bool:
    """Whether dpkg left half-written updates behind, which makes apt refuse everything."""
    try:
        return any(name.isdigit() for name in os.listdir(UPDATES))
    except OSError:
        return False


def facts(path: Path) -> PackageFile:
    """What the .deb file says of itself; HostError when it is not one."""
    asked = finished(["dpkg-deb", "--field", str(path)])
    if not asked.ok:
        raise HostError(f"{path} is not a readable .deb file: {asked.why()}", code="file")
    fields = parsed_control(asked.out)
    missing = [name for name in ("Package", "Architecture", "Version") if name not in fields]
    if missing:
        raise HostError(f"{path} does not say its {', '.join(missing)}", code="file")
    kilobytes = fields.get("Installed-Size", "0")
    return PackageFile(
        path=path,
        name=fields["Package"],
        arch=fields["Architecture"],
        version=fields["Version"],
        installed_bytes=int(kilobytes) * 1024 if kilobytes.isdigit() else 0,
        control=asked.out,
    )


def source_version(package: PackageFile) -> str:
    """The version of the source that a file was built from, by which its changelog goes: said only where it differs."""
    _, bracket, rest = parsed_control(package.control).get("Source", "").partition("(")
    return rest.rstrip(") ") if bracket else package.version


def source_of_installed(key: str, version: str) -> str | None:
    """The source's version of an installed package; None where another version than this one is installed."""
    asked = finished(["dpkg-query", "--show", "--showformat=${Version}\\t${source:Version}", "--", queried(key)])
    installed_version, _, source = asked.out.partition("\t")
    return source if asked.ok and installed_version == version and source else None


def is_newer(version: str, than: str) -> bool:
    """Whether dpkg takes a version for the later one."""
    asked = finished(["dpkg", "--compare-versions", version, "gt", than])
    if asked.code not in (0, 1):
        raise HostError(f"dpkg cannot compare {version} with {than}: {asked.why()}", code="packages")
    return asked.code == 0


def parsed_control(text: str) -> dict[str, str]:
    """The fields of one control paragraph, continuation lines kept with their field."""
    fields: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            fields[name] = fields.get(name, "") + "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


def conffiles(keys: Sequence[str]) -> set[str]:
    """The conffiles of the named installed packages."""
    if not keys:
        return set()
    # dpkg-query fails when one of the names is unknown, and still answers for the others.
    asked = finished(["dpkg-query", "--show", "--showformat=${Conffiles}\\n", "--", *map(queried, keys)])
    return parsed_conffiles(asked.out)


def conffile_sums(key: str) -> dict[str, str]:
    """The md5 by which dpkg knows each conffile of an installed package, those that it ships no more left out."""
    asked = finished(["dpkg-query", "--show", "--showformat=${Conffiles}\\n", "--", queried(key)])
    rows = [line.split() for line in asked.out.splitlines()]
    return {" ".join(row[:-1]): row[-1] for row in rows if len(row) > 1 and len(row[-1]) == _MD5_LENGTH}


def parsed_conffiles(text: str) -> set[str]:
    """The paths in dpkg-query's ${Conffiles}: a line each of path, md5 and sometimes `obsolete`."""
    found = set()
    for line in text.splitlines():
        words = line.split()
        if words and words[-1] in ("obsolete", "remove-on-upgrade"):
            words.pop()
        if len(words) > 1 and words[0].startswith("/"):
            found.add(" ".join(words[:-1]))
    return found


def carried_conffiles(path: Path) -> set[str]:
    """The conffiles that a .deb file brings."""
    asked = finished(["dpkg-deb", "--info", str(path), "conffiles"])
    lines = (line.split() for line in asked.out.splitlines()) if asked.ok else ()
    return {words[-1] for words in lines if words and words[-1].startswith("/")}


def ucf_files(names: Sequence[str], registry: Path = UCF_REGISTRY) -> set[str]:
    """The configuration files that ucf keeps for the named packages."""
    try:
        rows = [line.split(None, 1) for line in registry.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return set()
    return {row[1].strip() for row in rows if len(row) > 1 and row[0] in names and row[1].startswith("/")}


def queried(key: str) -> str:
    """The key as dpkg and apt want it: architecture `all` goes unsaid."""
    name, _, arch = key.rpartition(":")
    return name if arch == "all" else key


def imagined_status(text: str, new: Sequence[PackageFile], gone: Sequence[str] = ()) -> str:
    """dpkg's status file as it would read with the new files installed and these keys gone, the rest kept."""
    coming = {one.key: one for one in new}
    replaced = {one.name for one in new if one.arch == "all"} | {f"{one.name}:all" for one in new} | set(gone)
    kept = []
    for paragraph in text.split("\n\n"):
        fields = parsed_control(paragraph)
        key = f"{fields.get('Package')}:{fields.get('Architecture')}"
        if "Package" in fields and key not in coming and key not in replaced and fields["Package"] not in replaced:
            kept.append(paragraph.strip("\n"))
    for one in new:
        first, _, rest = one.control.strip("\n").partition("\n")
        kept.append(f"{first}\nStatus: install ok installed\n{rest}")
    return "\n\n".join(kept) + "\n"


def parsed_automatic(text: str) -> set[str]:
    """The keys marked automatic in apt's extended_states."""
    found = set()
    for paragraph in text.split("\n\n"):
        fields = parsed_control(paragraph)
        if fields.get("Auto-Installed") == "1" and "Package" in fields:
            found.add(f"{fields['Package']}:{fields.get('Architecture', '')}")
    return found
