"""What apt-get and apt-cache print, parsed."""

from __future__ import annotations

import re
from typing import Container, Sequence

from .dpkg import parsed_control
from .packagemanager import Pending, Simulated, Wanted, bare

_INST = re.compile(r"^Inst (?P<name>\S+)(?: \[(?P<old>[^\]]+)\])? \((?P<new>\S+) ?(?P<from>.*?)\s*\[(?P<arch>\S+)\]\)")
_PINNED = re.compile(r"^\s+(\S+) -> \S+ with priority", re.MULTILINE)
_NEEDS = ("Pre-Depends", "Depends", "Recommends")
_LEFT = re.compile(r"^\d+ upgraded, .* and (\d+) not upgraded\.", re.MULTILINE)
_REMV = re.compile(r"^(?:Remv|Purg) (?P<name>\S+)(?: \[(?P<old>[^\]]+)\])?")
_FAILED_UPDATE = re.compile(
    r"^(E: |W: (Failed to fetch|Some index files failed|GPG error|An error occurred|.*(NO_PUBKEY|not signed|expired)))"
)


def simulated(out: str, native: str) -> Simulated:
    """The installs (name:arch to version) and removals in the output of `apt-get -s`."""
    installs: dict[str, str] = {}
    removals: list[str] = []
    for line in out.splitlines():
        install = _INST.match(line)
        removal = _REMV.match(line)
        if install:
            installs[f"{bare(install['name'])}:{install['arch']}"] = install["new"]
        elif removal:
            removals.append(qualified(removal["name"], native))
    return Simulated(True, "", installs, tuple(removals))


def left_behind(out: str, held: Container[str] = ()) -> bool:
    """Whether `apt-get -s upgrade` leaves packages for which a full upgrade might do more: for none that is held."""
    counted = _LEFT.search(out)
    return counted is None or int(counted[1]) > sum(name in held for name in kept_back(out))


def pending(out: str, files: dict[Wanted, tuple[str, int, str]]) -> list[Pending]:
    """The updates in `apt-get -s upgrade` with their (filename, size, sha256), empty where no source offers them."""
    found = []
    for line in out.splitlines():
        match = _INST.match(line)
        if match:
            wanted = Wanted(bare(match["name"]), match["arch"], match["new"])
            filename, size, sha256 = files.get(wanted, ("", 0, ""))
            origin, suite, security = origins(match["from"])
            old = match["old"]
            found.append(Pending(*_triple(wanted, old), origin, suite, security, filename, size, sha256))
    return found


def origins(text: str) -> tuple[str, str, bool]:
    """Origin, suite, and whether it is a security source, from "Debian-Security:12/stable-security, Debian:12/..."."""
    sources = []
    for part in text.split(","):
        label, _, release = part.strip().partition(":")
        if label or release:
            sources.append((label, release.partition("/")[2]))
    if not sources:
        return "", "", False
    secure = [source for source in sources if "security" in f"{source[0]} {source[1]}".lower()]
    origin, suite = (secure or sources)[0]
    return origin, suite, bool(secure)


def records(text: str) -> dict[Wanted, tuple[str, int, str]]:
    """(filename, size in bytes, sha256) of each version in `apt-cache show`; a version with two hashes is left out."""
    found: dict[Wanted, tuple[str, int, str]] = {}
    disputed = set()
    for paragraph in text.split("\n\n"):
        fields = parsed_control(paragraph)
        if "SHA256" not in fields or not fields.get("Size", "").isdigit():
            continue
        wanted = Wanted(fields.get("Package", ""), fields.get("Architecture", ""), fields.get("Version", ""))
        entry = (archive_name(wanted), int(fields["Size"]), fields["SHA256"])
        if found.setdefault(wanted, entry) != entry:
            disputed.add(wanted)
    return {wanted: entry for wanted, entry in found.items() if wanted not in disputed}


def needers(text: str, pending: Sequence[Pending]) -> dict[str, tuple[str, ...]]:
    """For each package that comes new, by key, the pending ones whose fields in `apt-cache show` ask for it."""
    versions = {one.wanted: one.key for one in pending}
    asked: dict[str, set[str]] = {}
    provided: dict[str, set[str]] = {}
    for paragraph in text.split("\n\n"):
        fields = parsed_control(paragraph)
        key = versions.get(Wanted(fields.get("Package", ""), fields.get("Architecture", ""), fields.get("Version", "")))
        if key:
            asked[key] = set().union(*(_names(fields.get(field, "")) for field in _NEEDS))
            provided[key] = {fields["Package"]} | _names(fields.get("Provides", ""))
    new = [one.key for one in pending if one.installed is None]
    found = {key: sorted(k for k in asked if k != key and asked[k] & provided.get(key, set())) for key in new}
    return {key: tuple(keys) for key, keys in found.items()}


def _names(field: str) -> set[str]:
    """The package names of a relation such as "libc6 (>= 2.36), debconf:any | cdebconf"."""
    return {bare(part.split()[0]) for part in re.split(r"[,|]", field) if part.strip()}


def pinned(out: str) -> list[str]:
    """The names below "Pinned packages:" in `apt-cache policy`."""
    return [match[1] for match in _PINNED.finditer(out.partition("Pinned packages:")[2])]


def kept_back(out: str) -> list[str]:
    """The names that `apt-get upgrade` says it keeps back: the indented lines after its sentence."""
    names: list[str] = []
    lines = iter(out.splitlines())
    for line in lines:
        if line.startswith("The following packages have been kept back:"):
            for more in lines:
                if not more.startswith(" "):
                    break
                names += [bare(name) for name in more.split()]
    return names


def update_failures(text: str) -> list[str]:
    """The lines of `apt-get update` that say a list was not fetched or not verified; apt's exit code alone does not."""
    return [line.strip() for line in text.splitlines() if _FAILED_UPDATE.match(line)]


def unmet(out: str) -> list[str]:
    """What `apt-get check` says of each package whose dependencies are not met, in a line each."""
    lines = [" ".join(line.split()) for line in out.splitlines() if line.startswith(" ")]
    return [line for line in lines if " : " in line]


def archive_name(wanted: Wanted) -> str:
    """The name under which apt stores this version's file."""
    return f"{wanted.name}_{wanted.version.replace(':', '%3a')}_{wanted.arch}.deb"


def qualified(name: str, native: str) -> str:
    """name:arch, with the host's own architecture where apt leaves it out."""
    return name if ":" in name else f"{name}:{native}"


def _triple(wanted: Wanted, old: str | None) -> tuple[str, str, str | None, str]:
    return wanted.name, wanted.arch, old, wanted.version
