"""What is mounted where, and how the root file system is named by those who start it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Where packages have their files and their database; what is mounted there is not part of the root's snapshot.
_OURS = (
    "/usr",
    "/etc",
    "/boot",
    "/opt",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/var/lib/dpkg",
    "/var/lib/apt",
    "/var/lib/rpm",
)
_ABOVE = ("/var", "/var/lib")
# Loaders alone lie there; they start what they find on the root.
_LOADERS = ("/boot/efi",)


@dataclass(frozen=True)
class Mount:
    """One mount: folder, file system type, device, which part of that it shows, and whether it can only be read."""

    path: str
    kind: str
    device: str
    part: str
    read_only: bool = False


def mounts(mountinfo: str = "/proc/self/mountinfo") -> dict[str, Mount]:
    """What is mounted by folder, as the kernel tells it; the last one counts."""
    found = {}
    for line in Path(mountinfo).read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        fields, source = before.split(), after.split()
        path = _plain(fields[4])
        options = {*fields[5].split(","), *source[2].split(",")} if len(source) > 2 else set()  # noqa: PLR2004
        found[path] = Mount(path, source[0], _plain(source[1]), _plain(fields[3]), "ro" in options)
    return found


def packages_elsewhere(found: dict[str, Mount]) -> list[str]:
    """The folders with packages' files that are file systems of their own."""
    return sorted(path for path in found if path not in _LOADERS and (path in _ABOVE or is_ours(path)))


def is_ours(path: str) -> bool:
    """Whether packages have their files or their database in this folder."""
    return any(path == ours or path.startswith(f"{ours}/") for ours in _OURS)


def boots_by_name(part: str, cmdline: str) -> bool:
    """Whether the kernel was told to take the root from the subvolume of this name."""
    flags = [word.partition("=")[2] for word in cmdline.split() if word.startswith("rootflags=")]
    names = [flag.partition("=")[2] for flags_ in flags for flag in flags_.split(",") if flag.startswith("subvol=")]
    return bool(names) and names[-1].strip("/") == part.strip("/")


def fstab_disagrees(part: str, fstab: str) -> bool:
    """Whether fstab wants another root than the subvolume of this name, or one by its number."""
    for line in fstab.splitlines():
        fields = line.split("#")[0].split()
        if len(fields) > 3 and fields[1] == "/":  # noqa: PLR2004  device, folder, type, options
            options = dict(option.partition("=")[::2] for option in fields[3].split(","))
            return "subvolid" in options or options.get("subvol", part).strip("/") != part.strip("/")
    return False


def _plain(text: str) -> str:
    """A path without the kernel's octal escapes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
