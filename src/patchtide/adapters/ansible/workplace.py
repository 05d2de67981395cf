"""A private directory for each attempt: a shared one has run another run's hosts."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from patchtide.adapters.ansible import orphans
from patchtide.adapters.ansible.environment import MARKER
from patchtide.core.errors import PatchtideError, UsageError
from patchtide.core.fleet import host_name_problem, template_in
from patchtide.ports import Deed

_LONGEST_TEMPORARY = 50
"""Characters of the temporary directory's path that leave room for a socket's name."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where one attempt has its files: `private` holds everything but the ssh sockets, which need a short path."""

    private: Path
    sockets: Path
    content: Path

    @property
    def requests(self) -> Path:
        """Return the folder with one JSON file per host."""
        return self.private / "requests"

    @property
    def limit(self) -> Path:
        """Return the file that names the hosts, one a line."""
        return self.private / "hosts"

    @property
    def collection(self) -> Path:
        """Return where the attempt's Ansible finds our collection."""
        return self.private / "collections" / "ansible_collections" / "patchtide" / "patchtide"


@contextmanager
def workplace(deed: Deed, content: Path, scratch: Path) -> Iterator[Workplace]:
    """Make the place for an attempt; after it, its processes are ended and its files are gone, secrets with them."""
    _refuse_odd(deed)
    sockets: Path | None = None
    private = scratch / deed.run_id / f"{deed.marker}.{os.urandom(4).hex()}"
    try:
        try:
            private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            private.mkdir(mode=0o700)
            sockets = Path(tempfile.mkdtemp(prefix=_sockets_prefix(deed.run_id), dir=_temporary()))
            place = Workplace(private, sockets, content)
            _furnish(place, deed)
        except OSError as error:
            raise _no_room(error, private) from None
        yield place
    finally:
        orphans.ended(MARKER, deed.marker, str(sockets) if sockets is not None else "")
        shutil.rmtree(private, ignore_errors=True)
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)
        _remove_empty(private.parent)


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
    place.collection.parent.mkdir(mode=0o700, parents=True)
    place.collection.symlink_to(place.content, target_is_directory=True)
    (place.private / "tmp").mkdir(mode=0o700)
    (place.private / "env").mkdir(mode=0o700)
    place.requests.mkdir(mode=0o700)
    _write(place.limit, "".join(f"{host}\n" for host in deed.requests))
    for host, request in deed.requests.items():
        _write(place.requests / f"{host}.json", json.dumps(request, ensure_ascii=False))
    # As a file: the runner forgets settings that it is given with `suppress_env_files`. It stops by its own clock only
    # when ours has failed to.
    longest = deed.timeout + _RUNNER_GRACE_SECONDS
    settings = {"job_timeout": longest, "idle_timeout": longest, "pexpect_timeout": 1}
    _write(place.private / "env" / "settings", json.dumps(settings))


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


def refuse_template(path: Path) -> None:
    """Raise UsageError for a path that Ansible would take for a template."""
    if template_in(str(path)):
        raise UsageError("Ansible would run the path as a template", where=str(path), hint="Rename the directory.")


def _sockets_prefix(run_id: str) -> str:
    return f"ptide-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}-"


def _temporary() -> str:
    found = tempfile.gettempdir()
    return found if len(found) <= _LONGEST_TEMPORARY else "/tmp"  # noqa: S108 - mkdtemp makes what is in it safe


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # another attempt is still in there


def _no_room(error: OSError, private: Path) -> PatchtideError:
    hint = "Make room, and make the state directory and the temporary directory writable for this user."
    return PatchtideError(f"no place to work in: {error.strerror}", hint=hint, where=str(error.filename or private))
