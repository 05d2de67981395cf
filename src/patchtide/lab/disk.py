"""The disk of a lab's machine: Debian as released on btrfs, with a kernel and a boot loader of its own; made once."""

import os
import platform
import struct
from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from patchtide.lab.doctor import machine_codename
from patchtide.lab.image import Recipe, bootstrapping, machine_recipe, one_builder
from patchtide.lab.programs import as_root, completed, found, last_words, output
from patchtide.lab.sources import machine_sources
from patchtide.lab.spec import LabError

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "udev", "kmod", "openssh-server", "python3", "iproute2", "procps"),
    *("debconf", "apt-utils", "ca-certificates", "gpgv", "tzdata"),
    *("linux-image-cloud-amd64", "grub-pc", "btrfs-progs"),
)
# Each program a machine is made and run with, with the Debian package that brings it.
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86",
    "mkfs.btrfs": "btrfs-progs",
    "mmdebstrap": "mmdebstrap",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
_SIZE = 6 << 30  # bytes, of which only what is written takes room
_FIRST_SECTOR = 2048
_FIRST_START = "root=LABEL=patchtide rw console=ttyS0 quiet mitigations=off"
_FINISHED = "lab-finished"
_PATIENCE = 3600.0  # seconds, for what takes minutes on a machine that has nothing else to do


def machine_problem() -> str | None:
    """Return one sentence on what keeps a machine from being emulated here, or None."""
    if platform.machine() != "x86_64":
        return f"a machine is emulated as x86_64, and this is {platform.machine()}"
    missing = sorted({package for program, package in NEEDED.items() if not found(program)})
    if missing:
        return (
            f"a machine needs {', '.join(missing)}: run `apt-get install --no-install-recommends {' '.join(missing)}`"
        )
    if os.geteuid() != 0 and not as_root():
        return "the disk of a machine is made as root: run this as root, or with sudo that asks no password"
    try:
        machine_sources(machine_codename())
    except LabError as error:
        return f"{error.message}: {error.hint}"
    return None


def ready_disk(tell: Callable[[str], None]) -> Path:
    """Return the disk that machines start from, built first when it is not there yet (some minutes)."""
    recipe = machine_recipe(PACKAGES, "machine.sh")
    disk = cache_folder() / f"machine-{recipe.key}.raw"
    with one_builder():
        if not disk.exists():
            tell(f"building the disk of a machine from {recipe.sources.main.uri} (once, some minutes)")
            remove_disks()
            _built(recipe, disk)
    return disk


def cache_folder() -> Path:
    """Return where disks are kept for the next machine; made when it is not there."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "patchtide-lab"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    return home


def remove_disks() -> None:
    """Remove every cached disk; machines that were started from one cannot be started again."""
    for path in cache_folder().glob("machine-*"):
        if path.is_file():
            path.unlink()


def _built(recipe: Recipe, disk: Path) -> None:
    """Fill a new disk, and start it once: it installs its boot loader itself."""
    fresh = disk.with_suffix(".new")
    try:
        partitioned(fresh)
        with bootstrapping(recipe) as command, as_file(files("patchtide.lab") / "files" / "machine-disk.sh") as script:
            owner = f"{os.getuid()}:{os.getgid()}"
            filled = [*as_root(), "sh", str(script), str(fresh), owner, *command]
            output(filled, "the disk of a machine cannot be filled", seconds=_PATIENCE)
        _started_once(fresh)
        Path(f"{fresh}.kernel").replace(f"{disk}.kernel")
        fresh.replace(disk)
    finally:
        for path in disk.parent.glob(f"{fresh.name}*"):
            if path.is_file():  # a script that was killed may leave its folder, which is root's
                path.unlink()


def partitioned(disk: Path) -> None:
    """Write an empty disk with one bootable partition; the megabyte before it is the boot loader's."""
    sectors = _SIZE // 512
    entry = struct.pack("<B3sB3sII", 0x80, b"\0\2\0", 0x83, b"\xfe\xff\xff", _FIRST_SECTOR, sectors - _FIRST_SECTOR)
    with disk.open("wb") as file:
        file.truncate(_SIZE)
        file.seek(446)
        file.write(entry)
        file.seek(510)
        file.write(b"\x55\xaa")


def _started_once(disk: Path) -> None:
    boot = ("-kernel", f"{disk}.kernel", "-initrd", f"{disk}.initrd", "-append", _FIRST_START)
    drive = ("-drive", f"file={disk},format=raw,if=virtio,cache=unsafe")
    words = [*emulator(Path(f"{disk}.kernel")), *drive, *boot, "-serial", "stdio", "-nic", "none"]
    console = output(words, "the first start of a machine failed", seconds=_PATIENCE)
    if _FINISHED not in console:
        raise LabError(f"the first start of a machine did not install its boot loader: {last_words(console)}")


def emulator(kernel: Path) -> tuple[str, ...]:
    """Return the emulator's command up to the disks: hardware is used where a kernel really starts with it."""
    accelerator = "kvm" if _starts_with_hardware(kernel) else "tcg"
    # One processor: with two, an emulated machine sometimes hangs in the middle of a reboot. Without the two features a
    # kernel clears its pages word by word; an emulator does what they promise byte by byte.
    shape = ("-cpu", "max,-erms,-fsrm", "-smp", "1", "-m", "1024", "-display", "none", "-monitor", "none")
    return ("qemu-system-x86_64", "-accel", accelerator, *shape)


@cache
def _starts_with_hardware(kernel: Path) -> bool:
    """Whether a kernel gets, under /dev/kvm, as far as missing its root: the device alone proves nothing."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    words = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "max", "-m", "512", "-display", "none", "-monitor", "none"]
    words += ["-serial", "stdio", "-nic", "none", "-no-reboot", "-kernel", str(kernel)]
    try:
        done = completed([*words, "-append", "console=ttyS0 panic=-1"], seconds=30)
    except LabError:
        return False
    return done.returncode == 0 and "Unable to mount root" in done.stdout
