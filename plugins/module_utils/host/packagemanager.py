"""The small interface behind which a package manager sits: apt or dnf."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Sequence

from .command import Finished
from .names import Removal

ARCHLESS = {"all", "noarch"}  # what Debian and RPM call a package for every architecture
ABSENT = ("not-installed", "config-files")


@dataclass(frozen=True)
class Installed:
    """One package of the host's database: wanted is what its admin selected, status where it stands."""

    name: str
    arch: str
    version: str
    wanted: str
    status: str

    @property
    def key(self) -> str:
        """The package's identity on a host, name:arch."""
        return f"{self.name}:{self.arch}"

    @property
    def present(self) -> bool:
        """Whether its files are on the host, configured or not."""
        return self.status not in ABSENT


@dataclass(frozen=True)
class Wanted:
    """A version to get a file of."""

    name: str
    arch: str
    version: str


@dataclass(frozen=True)
class Pending:
    """One update the host could take, with the file that brings it, and the packages that would leave for it.

    `needed_by` names the pending packages (by key) for which this one comes new, as far as their files say so.
    cves is None where the vendor's changelog was not read; restart is "reboot" where one is expected to be owed.
    """

    name: str
    arch: str
    installed: str | None
    version: str
    origin: str
    suite: str
    security: bool
    filename: str
    size: int
    sha256: str
    removes: tuple[Removal, ...] = ()
    needed_by: tuple[str, ...] = ()
    cves: tuple[str, ...] | None = None
    advisories: tuple[str, ...] = ()
    released: str | None = None
    restart: str = ""

    @property
    def key(self) -> str:
        """The package's identity on a host, name:arch."""
        return f"{self.name}:{self.arch}"

    @property
    def wanted(self) -> Wanted:
        """The version that it brings."""
        return Wanted(self.name, self.arch, self.version)

    def as_dict(self) -> dict[str, Any]:
        """The update as the contract's JSON object, fit to be handed back as a package of the plan."""
        return {**asdict(self), "previous": self.installed}


@dataclass(frozen=True)
class Changes:
    """What a vendor's changelog says of an update: None is unknown, `released` the newest entry's instant (UTC)."""

    cves: tuple[str, ...] | None = None
    advisories: tuple[str, ...] = ()
    released: str | None = None


@dataclass(frozen=True)
class Trouble:
    """Something that stands in the way, for a person: what, why, and what to do."""

    code: str
    reason: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        """The trouble as the contract's JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Outlook:
    """What is pending, updates that need a removal included, what its admin holds or pins, and what it keeps back."""

    pending: tuple[Pending, ...] = ()
    held: tuple[str, ...] = ()
    kept_back: tuple[str, ...] = ()
    trouble: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class PackageFile:
    """A package file on disk and what it says of itself; installed_bytes is the room it takes once unpacked."""

    path: Path
    name: str
    arch: str
    version: str
    installed_bytes: int
    control: str = ""

    @property
    def key(self) -> str:
        """The package's identity on a host, name:arch."""
        return f"{self.name}:{self.arch}"


@dataclass(frozen=True)
class Return:
    """What a way back consists of: old files in, keys out, and keys out of which settings were here before."""

    old: tuple[Path, ...] = ()
    purge: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.old or self.purge or self.remove)


@dataclass(frozen=True)
class Simulated:
    """What a transaction would do: name to version for installs, names removed; or why it cannot be solved."""

    solved: bool
    reason: str = ""
    installs: dict[str, str] = field(default_factory=dict)
    removals: tuple[str, ...] = ()


def bare(name: str) -> str:
    """The name without the architecture that may follow it."""
    return name.partition(":")[0]


def stored_name(wanted: Wanted, suffix: str) -> str:
    """The plain file name under which a run stores this version (apt reads % in names as quoting)."""
    return f"{wanted.name}_{wanted.version.replace(':', '-')}_{wanted.arch}{suffix}"


class PackageManager(ABC):
    """What the steps ask of a package manager; every method raises HostError when it cannot answer."""

    name = ""
    program = ""
    suffix = ""

    @abstractmethod
    def architecture(self) -> str:
        """The host's own architecture in the manager's words, for example amd64."""

    @abstractmethod
    def refresh(self) -> list[Trouble]:
        """Fetch the lists of what is available; anything not fetched and verified is a trouble."""

    @abstractmethod
    def outlook(self, without: Sequence[Wanted]) -> Outlook:
        """The pending updates, each with what would have to leave for it, as if these versions did not exist."""

    @abstractmethod
    def troubles(self) -> list[Trouble]:
        """What stands in the way of a transaction now."""

    @abstractmethod
    def holders(self) -> list[Trouble]:
        """Who holds a lock that a transaction needs."""

    @abstractmethod
    def installed(self) -> dict[str, Installed]:
        """The whole package database by name:arch, packages with only configuration left included."""

    @abstractmethod
    def automatic(self, installed: dict[str, Installed]) -> set[str]:
        """The keys, among the installed ones, of packages marked as installed only because others need them."""

    @abstractmethod
    def mark(self, automatic: Sequence[str], manual: Sequence[str]) -> Finished:
        """Set the marks of the named keys."""

    @abstractmethod
    def published(self, wanted: Sequence[Wanted]) -> dict[Wanted, str]:
        """The sha256 of each version that a configured source offers; others are left out."""

    @abstractmethod
    def fetch(self, wanted: Sequence[Wanted], folder: Path, timeout: float = 3600) -> dict[Wanted, Path]:
        """Download exactly these versions within a time (seconds); the files by version, left in the folder."""

    @abstractmethod
    def changes(self, path: Path, since: str | None) -> Changes:
        """What changed in this package file since an installed version (None: the package comes new)."""

    @abstractmethod
    def cached(self, wanted: Wanted) -> list[Path]:
        """Files of this version that lie on the host already, by name only: their content is to be checked."""

    @abstractmethod
    def rebuilt(self, wanted: Wanted, folder: Path, near: Sequence[PackageFile]) -> Path:
        """A package file made from what is installed, for a version that no source has any more.

        `near` are the files of the new versions: they may hold what an admin changed on the host as it was published.
        """

    @abstractmethod
    def facts(self, path: Path) -> PackageFile:
        """What the file says of itself."""

    @abstractmethod
    def configuration(self, keys: Sequence[str], files: Sequence[Path]) -> set[str]:
        """The configuration files owned by these installed packages or carried by these files."""

    @abstractmethod
    def forward(self, files: Sequence[Path], remove: Sequence[str]) -> Simulated:
        """What installing these files and removing these keys would do on this host as it is."""

    @abstractmethod
    def named(self, wanted: Sequence[Wanted], remove: Sequence[str]) -> Simulated:
        """What installing these versions from the sources and removing these keys would do on this host as it is."""

    @abstractmethod
    def reverse(self, new: Sequence[PackageFile], gone: Sequence[str], back: Return, scratch: Path) -> Simulated:
        """What going back would do on a host with the new files installed and these keys gone; scratch is a folder."""

    @abstractmethod
    def install(self, files: Sequence[Path], remove: Sequence[str], log: IO[bytes], timeout: float) -> Finished:
        """Install these files from disk and remove these keys, their settings kept: no download, no question."""

    @abstractmethod
    def repair(self, log: IO[bytes], timeout: float) -> Finished | None:
        """Bring the database out of an interrupted transaction; None where it needs nothing."""

    @abstractmethod
    def restore(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """Go back in one solved transaction."""

    @abstractmethod
    def restore_plainly(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """Go back without the solver, for a database in which it finds no way."""

    @abstractmethod
    def hold(self, held: Sequence[str], released: Sequence[str]) -> Finished:
        """Set and lift holds of the named keys."""
