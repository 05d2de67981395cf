"""Which kernel runs, and which one the next boot starts."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .command import finished

_CONTAINER = ("/run/systemd/container", "/run/.containerenv", "/.dockerenv")
_NOT_A_CHOICE = re.compile(r".*(rescue|recovery|\.old$|\.bak$|\.dpkg-)")
_FIRST = ("", "0")
_LINKS = ("vmlinuz", "initrd.img")
_LOADER = ("grub/grub.cfg", "grub/grubenv", "grub2/grub.cfg", "grub2/grubenv")


@dataclass(frozen=True)
class Kernel:
    """A kernel's release (`uname -r`) and build (`uname -v`); the build is empty where an image does not tell it."""

    release: str
    build: str = ""

    def __str__(self) -> str:
        return f"{self.release} ({self.build})" if self.build else self.release


@dataclass(frozen=True)
class Kernels:
    """The running kernel and the one that the next boot starts; `expected` is None where `note` says why not."""

    running: Kernel
    expected: Kernel | None
    note: str = ""
    own: bool = True

    def difference(self) -> str:
        """The sentence that another kernel runs than the next boot starts; empty when it is the same or unknown."""
        if self.expected is None or is_same(self.running, self.expected):
            return ""
        return f"kernel {self.expected} is installed, {self.running} runs"

    def as_dict(self) -> dict[str, Any]:
        """The kernels as the contract's JSON object."""
        expected = None if self.expected is None else str(self.expected)
        return {"running": str(self.running), "expected": expected, "note": self.note, "own": self.own}


def is_same(one: Kernel, other: Kernel) -> bool:
    """Whether these are one kernel, as far as their builds are known."""
    return one.release == other.release and (not (one.build and other.build) or one.build == other.build)


def kernels(root: str = "/", running: Kernel | None = None) -> Kernels:
    """The host's kernels; a container has none of its own, and a boot loader's own choice is not guessed at."""
    runs = running or Kernel(os.uname().release, os.uname().version)
    base = root.rstrip("/")
    if any(os.path.exists(base + path) for path in _CONTAINER):
        return Kernels(runs, None, "this is a container: the kernel is that of the machine it runs on", own=False)
    images = installed_images(f"{base}/boot")
    if not images:
        return Kernels(runs, None, "no kernel image lies in /boot", own=False)
    if all(release_of(image) != runs.release for image in images):
        return Kernels(runs, None, "the running kernel is none of those in /boot: something else decides what boots")
    asked = finished(["grubby", "--default-kernel"], 30) if root == "/" else None
    if asked is not None and asked.ok and asked.out.strip() in map(str, images):
        return Kernels(runs, described(Path(asked.out.strip())))
    chosen = boot_choice(base)
    if chosen:
        return Kernels(runs, None, f"the boot loader is set to start {chosen!r}, which need not be the newest")
    return Kernels(runs, described(images[-1]))


def release_of(image: Path) -> str:
    """The release that an image's name carries."""
    return image.name.partition("-")[2]


def installed_images(folder: str) -> list[Path]:
    """The kernel images in the folder, the newest last, rescue images left out."""
    found = [path for path in Path(folder).glob("vmlinuz-*") if not _NOT_A_CHOICE.fullmatch(path.name)]
    return sorted(found, key=lambda path: _order(path.name))


def described(image: Path) -> Kernel:
    """The kernel in an image: the release of its name, and the build that an x86 image says of itself."""
    release = release_of(image)
    try:
        with open(str(image), "rb") as handle:
            head = handle.read(0x10400)
    except OSError:
        return Kernel(release)
    if head[0x202:0x206] != b"HdrS":  # the boot protocol of x86; others keep no such text
        return Kernel(release)
    start = int.from_bytes(head[0x20E:0x210], "little") + 0x200
    text = head[start : start + 512].split(b"\0")[0].decode("ascii", "replace")
    told = re.fullmatch(r"(\S+) .*?(#\d.*)", text)
    return Kernel(release, told[2]) if told is not None and told[1] == release else Kernel(release)


def boot_choice(base: str) -> str:
    """The boot loader's entry where an admin chose one; empty when it starts the newest kernel."""
    snippets = sorted(Path(f"{base}/etc/default/grub.d").glob("*.cfg"))
    default = _setting([Path(f"{base}/etc/default/grub"), *snippets], "GRUB_DEFAULT")
    if default != "saved":
        return "" if default in _FIRST else default
    saved = _setting([Path(f"{base}/boot/{folder}/grubenv") for folder in ("grub", "grub2")], "saved_entry")
    return "" if saved in _FIRST else saved


def loader_files(base: str = "") -> set[str]:
    """The files that say what the boot loader starts: links to kernels, menus, entries; no package owns them."""
    links = {f"{base}{folder}/{name}{old}" for folder in ("", "/boot") for name in _LINKS for old in ("", ".old")}
    menus = {f"{base}/boot/{name}" for name in _LOADER}
    return links | menus | {str(path) for path in Path(f"{base}/boot/loader/entries").glob("*.conf")}


def _setting(paths: list[Path], name: str) -> str:
    """The value of NAME=value in these files, the last one counts; empty where there is none."""
    found = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += re.findall(rf"^\s*{name}=(.*)$", text, re.MULTILINE)
    return found[-1].strip().strip("\"'") if found else ""


def _order(name: str) -> list[tuple[int, int, str]]:
    """Versions as people count: digits by their value."""
    parts = re.findall(r"\d+|\D+", name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
