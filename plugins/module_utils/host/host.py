"""This host: what it is, its room, and its package manager."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Callable

from .errors import HostError
from .packagemanager import PackageManager, Trouble

_SPACES = ("/", "/usr", "/var", "/boot")


def package_manager(os_release: str = "/etc/os-release") -> PackageManager:
    """The host's package manager; HostError where it is not installed."""
    manager = manager_of(os_release)
    if shutil.which(manager.program, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        raise HostError(f"this host has no {manager.program}", f"install {manager.name}", code="platform")
    return manager


def _apt() -> PackageManager:
    from .apt import Apt

    return Apt()


def _dnf() -> PackageManager:
    from .dnf import Dnf

    return Dnf()


def _dnf_in_use() -> bool:
    from .dnf import in_use

    return in_use()


def manager_of(os_release: str, uses_dnf: Callable[[], bool] = _dnf_in_use) -> PackageManager:
    """The package manager of the host's distribution; HostError where it is none that this program knows.

    Both may be installed on one host. The distribution says whose database is the host's; but a relative of Debian
    whose admin keeps RPM packages with dnf is kept with dnf.
    """
    fields = _os_release(os_release)
    family = {fields.get("ID", ""), *fields.get("ID_LIKE", "").split()}
    if family & {"debian", "ubuntu"} and uses_dnf():
        return _dnf()
    for manager, relatives in _FAMILIES:
        if family & relatives:
            return manager()
    reason = f"this host's distribution ({fields.get('ID') or 'unnamed'}) is none that Patchtide knows"
    raise HostError(reason, "relatives of Debian (apt) and of Fedora (dnf 4) are supported", code="platform")


_FAMILIES: tuple[tuple[Callable[[], PackageManager], set[str]], ...] = (
    (_apt, {"debian", "ubuntu"}),
    (_dnf, {"fedora", "rhel", "centos"}),
)


def platform(manager: PackageManager, os_release: str = "/etc/os-release") -> dict[str, str]:
    """Distribution, release, code name, architecture and package manager."""
    fields = _os_release(os_release)
    return {
        "distribution": fields.get("ID", ""),
        "release": fields.get("VERSION_ID", ""),
        "codename": fields.get("VERSION_CODENAME", ""),
        "arch": manager.architecture(),
        "manager": manager.name,
    }


def _os_release(path: str) -> dict[str, str]:
    try:
        return parsed_os_release(Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}", code="platform") from error


def parsed_os_release(text: str) -> dict[str, str]:
    """The plain values of os-release; a value with characters that no release has is left out."""
    found = {}
    for line in text.splitlines():
        match = re.fullmatch(r"([A-Z_]+)=[\"']?([A-Za-z0-9._+~ -]*)[\"']?\s*", line)
        if match:
            found[match[1]] = match[2]
    return found


def machine_id() -> str:
    """The machine id; HostError where there is none, for two names of one host could not be told apart then."""
    try:
        text = Path("/etc/machine-id").read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise HostError(f"/etc/machine-id cannot be read: {error.strerror}", code="platform") from error
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise HostError("/etc/machine-id holds no machine id", "run systemd-machine-id-setup", code="platform")
    return text


def require_machine(wanted: str) -> None:
    """HostError when this is not the machine with that id; an empty one is any machine's."""
    found = machine_id() if wanted else ""
    if found != wanted:
        reason = f"this is another machine than the one that was planned for: its machine id is {found}, not {wanted}"
        hint = "it was installed anew, or another host answers under its name: plan again"
        raise HostError(reason, hint, code="machine")


def space() -> dict[str, int]:
    """Free bytes for root by folder."""
    return {path: free_bytes(path) for path in _SPACES if os.path.isdir(path)}


def free_bytes(path: str) -> int:
    """Free bytes on the file system of the path."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def read_only() -> list[Trouble]:
    """The folders of a package transaction that are mounted read-only."""
    return [
        Trouble("read-only", f"{path} is mounted read-only", "look for file system errors, then remount it")
        for path in (*_SPACES, "/etc", "/var/lib/dpkg", "/var/lib/rpm", "/var/lib")
        if os.path.isdir(path) and os.statvfs(path).f_flag & os.ST_RDONLY
    ]


def require_root() -> None:
    """HostError when this does not run as root."""
    if os.geteuid() != 0:
        raise HostError("this has to run as root", "set become: true", code="root")
