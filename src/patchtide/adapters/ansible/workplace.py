"""A private directory for each attempt: a shared one has run another run's hosts."""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from patchtide.adapters.ansible import orphans
from patchtide.adapters.ansible.environment import MARKER
from patchtide.adapters.ansible.packing import packed
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.fleet import host_name_problem, template_in
from patchtide.ports import Deed

_LONGEST_TEMPORARY = 50
"""Characters of the temporary directory's path that leave room for a socket's name."""

_OWNER = ".owner"
_SOCKETS = "sockets"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where one attempt has its files: `private` holds everything but the ssh sockets, which need a short path."""

    private: Path
    sockets: Path
    content: Path

    @property
    def mark(self) -> str:
        """Return what marks this attempt's processes: two projects may make the same attempt at the same moment."""
        return self.private.name

    @property
    def requests(self) -> Path:
        """Return the folder with one JSON file per host."""
        return self.private / "requests"

    @property
    def limit(self) -> Path:
        """Return the file that names the hosts, one a line; Ansible splits its path at spaces, and this has none."""
        return self.sockets / "hosts"

    @property
    def collection(self) -> Path:
        """Return where the attempt's Ansible finds our collection."""
        return self.private / "collections" / "ansible_collections" / "patchtide" / "patchtide"


@contextmanager
def workplace(deed: Deed, content: Path, scratch: Path) -> Iterator[Workplace]:
    """Make the place for an attempt; after it, its processes are ended and its files are gone, secrets with them."""
    _refuse_odd(deed)
    private = scratch / deed.run_id / f"{deed.marker}.{os.urandom(4).hex()}"
    with ExitStack() as stack:
        with _told(private):
            swept(scratch)
            for folder in (scratch.parent, scratch, private.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            stack.enter_context(_owned(private))
            stack.callback(_removed, private)
            place = _furnished(private, content, deed)
        yield place


def swept(scratch: Path) -> None:
    """End and remove the attempts of controllers that are dead: the kernel has let go of what those had locked."""
    for owner in scratch.glob(f"*/*{_OWNER}"):
        with suppress(OSError), owner.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _removed(owner.with_suffix(""))
            _forgotten(owner)


@contextmanager
def _owned(private: Path) -> Iterator[None]:
    """Lock a file beside the directory before that is made, so that nobody takes it for a dead controller's."""
    owner = private.with_name(private.name + _OWNER)
    descriptor = os.open(owner, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        _forgotten(owner)
        os.close(descriptor)


def _furnished(private: Path, content: Path, deed: Deed) -> Workplace:
    private.mkdir(mode=0o700)
    sockets = Path(tempfile.mkdtemp(prefix=_sockets_prefix(deed.run_id), dir=_temporary()))
    (private / _SOCKETS).symlink_to(sockets)
    place = Workplace(private, sockets, content)
    _furnish(place, deed)
    return place


def _removed(private: Path) -> None:
    """End what still runs of an attempt and remove its files."""
    link = private / _SOCKETS
    sockets = link.readlink() if link.is_symlink() else None
    orphans.ended(MARKER, private.name, "" if sockets is None else str(sockets))
    for folder in (private, sockets):
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _forgotten(owner: Path) -> None:
    owner.unlink(missing_ok=True)
    with suppress(OSError):  # another attempt of the run is still in there
        owner.parent.rmdir()


def sockets_of(run_id: str) -> str:
    """Return the beginning of the paths of all ssh sockets of a run."""
    return str(Path(_temporary()) / _sockets_prefix(run_id))


def cleared(run_id: str, scratch: Path) -> None:
    """Remove what earlier attempts of a run left behind on the disk."""
    shutil.rmtree(scratch / _plain(run_id), ignore_errors=True)
    for left in Path(_temporary()).glob(_sockets_prefix(run_id) + "*"):
        if left.lstat().st_uid == os.getuid():
            shutil.rmtree(left, ignore_errors=True)


def _furnish(place: Workplace, deed: Deed) -> None:
    _collect(place.content, place.collection)
    (place.private / "tmp").mkdir(mode=0o700)
    (place.private / "env").mkdir(mode=0o700)
    place.requests.mkdir(mode=0o700)
    _write(place.limit, "".join(f"{host}\n" for host in deed.requests))
    for host, request in deed.requests.items():
        _write(place.requests / f"{host}.json", json.dumps(request, ensure_ascii=False))
    # As a file: the runner forgets settings that it is given with `suppress_env_files`. It stops by its own clock only
    # when ours has failed to.
    longest = deed.timeout + _RUNNER_GRACE_SECONDS
    settings = {
        "job_timeout": longest,
        "idle_timeout": longest,
        "pexpect_timeout": 1,  # seconds between two looks at whether it was cancelled
        "suppress_output_file": True,
    }
    _write(place.private / "env" / "settings", json.dumps(settings))


def _collect(content: Path, collection: Path) -> None:
    """Make our collection: what is installed, but for its modules, which are packed by us and not by Ansible."""
    plugins = collection / "plugins"
    plugins.mkdir(mode=0o700, parents=True)
    for part in ("playbooks", "roles", "meta", "plugins/module_utils", "plugins/doc_fragments"):
        (collection / part).symlink_to(content / part, target_is_directory=True)
    packed(content, plugins / "modules")


_RUNNER_GRACE_SECONDS = 60.0


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)


def _refuse_odd(deed: Deed) -> None:
    """Names become paths and lines here; the core has looked at them, this is the last door."""
    _plain(deed.run_id)
    _plain(deed.marker)
    for host in deed.requests:
        if problem := host_name_problem(host):
            raise UsageError(problem)


def _plain(name: str) -> str:
    if host_name_problem(name):
        raise UsageError(f"{name!r} cannot name a directory", hint="Letters, digits, '_', '.', ':' and '-' only.")
    return name


def refuse_odd_path(path: Path) -> None:
    """Raise UsageError for a path that Ansible would take for a template, or for two."""
    if template_in(str(path)) or os.pathsep in str(path):
        message = "Ansible cannot work in a directory whose path has ':', '{{', '{%' or '{#' in it"
        raise UsageError(message, where=str(path), hint="Rename the directory.")


def _sockets_prefix(run_id: str) -> str:
    return f"ptide-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}-"


def _temporary() -> str:
    found = tempfile.gettempdir()
    return found if len(found) <= _LONGEST_TEMPORARY and " " not in found else "/tmp"  # noqa: S108 - mkdtemp makes what is in it safe


@contextmanager
def _told(private: Path) -> Iterator[None]:
    """Turn what the system says into a sentence."""
    try:
        yield
    except OSError as error:
        hint = "Make room, and make the state directory and the temporary directory writable for this user."
        where = str(error.filename or private)
        raise PatchtideError(f"no place to work in: {error.strerror}", hint=hint, where=where) from None
