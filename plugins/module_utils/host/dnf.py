"""dnf and rpm behind the package manager's interface."""

from __future__ import annotations

import glob
import os
import shutil
import time
from pathlib import Path
from typing import IO, Any, Sequence

from . import dnfspeech, rpm
from .command import Finished, finished, logged
from .errors import HostError
from .hold import holder, lock_patience, waited
from .packagemanager import (
    Changes,
    Installed,
    Outlook,
    PackageFile,
    PackageManager,
    Return,
    Simulated,
    Trouble,
    Wanted,
    stored_name,
)

PID_FILES = ("/var/lib/dnf/rpmdb_lock.pid", "/var/cache/dnf/metadata_lock.pid", "/var/cache/dnf/download_lock.pid")
HISTORY = Path("/var/lib/dnf")
PACKAGES = "/var/cache/dnf/*/packages"
_DNF = ("dnf", "--quiet", "--assumeyes")
_OFFLINE = (*_DNF, "--disablerepo=*", "--cacheonly")
_BACK = ("--upgrade", "--oldpackage", "--force", "--nodeps", "--nopreun")


class Dnf(PackageManager):
    """Fedora and its relatives, with dnf 4."""

    name = "dnf"
    program = "dnf"
    suffix = ".rpm"

    def architecture(self) -> str:
        """What rpm installs by default."""
        return rpm.architecture()

    def refresh(self) -> list[Trouble]:
        """`dnf makecache`, with every source that cannot be read a failure."""
        asked = finished([*_DNF, "makecache", "--refresh", "--setopt=*.skip_if_unavailable=0"], 600)
        if asked.ok:
            return []
        return [Trouble("refresh", f"dnf makecache failed: {asked.why()}", "mend the sources, the keys or the network")]

    def outlook(self, without: Sequence[Wanted]) -> Outlook:
        """What dnf's own solver would upgrade, each with what it obsoletes."""
        found = dnfspeech.asked("outlook", without=dnfspeech.wanted_words(without))
        pending = dnfspeech.pending(found["pending"])
        trouble = [
            Trouble("unlisted", f"no source gives a hash for {one.name} {one.version}", "run dnf makecache --refresh")
            for one in pending
            if not one.sha256
        ]
        return Outlook(tuple(pending), tuple(found["held"]), tuple(found["kept_back"]), tuple(trouble))

    def troubles(self) -> list[Trouble]:
        """Who holds a lock, or what `rpmdb --verifydb` finds, and what an interrupted transaction left.

        While somebody writes to it, nobody can say whether the database is in order.
        """
        return self.holders()[:1] or rpm.database_troubles(self.installed())

    def holders(self) -> list[Trouble]:
        """Who holds rpm's lock, or one of dnf's own."""
        found = holder(_lock())
        holders = [("rpm's database", found)] if found else _pid_holders(PID_FILES)
        return [Trouble("locked", f"{what} is locked by {who}", "wait until it has ended") for what, who in holders]

    def installed(self) -> dict[str, Installed]:
        """rpm's database, with what dnf's versionlock and excludes keep as it is."""
        found = dnfspeech.asked("marked")
        return rpm.installed(found["held"], found["beside"])

    def automatic(self, installed: dict[str, Installed]) -> set[str]:
        """What nobody asked for, by dnf's own history."""
        return set(installed) - set(dnfspeech.asked("marked")["manual"])

    def mark(self, automatic: Sequence[str], manual: Sequence[str]) -> Finished:
        """`dnf mark remove` and `dnf mark install`, which mark and neither remove nor install."""
        return _each(("mark", "remove"), automatic, ("mark", "install"), manual)

    def hold(self, held: Sequence[str], released: Sequence[str]) -> Finished:
        """`dnf versionlock add` and `delete`."""
        return _each(("versionlock", "add"), held, ("versionlock", "delete"), released)

    def published(self, wanted: Sequence[Wanted]) -> dict[Wanted, str]:
        """The hashes in dnf's lists."""
        return dnfspeech.hashes(dnfspeech.asked("published", wanted=dnfspeech.wanted_words(wanted))["files"])

    def fetch(self, wanted: Sequence[Wanted], folder: Path, timeout: float = 3600) -> dict[Wanted, Path]:
        """dnf's download, which verifies against its lists."""
        if not wanted:
            return {}
        question = {"wanted": dnfspeech.wanted_words(wanted), "folder": str(folder)}
        asked = finished(dnfspeech.words("fetched", **question), timeout)
        if not asked.ok:
            raise HostError(f"download failed: {asked.why()}", "is the version still on the mirror?", code="download")
        return {one: folder / name for one, name in zip(wanted, dnfspeech.answer(asked)["files"])}

    def changes(self, path: Path, since: str | None) -> Changes:
        """The entries of the file's changelog that the installed package does not have."""
        package = rpm.facts(path)
        before = rpm.installed_changelog(package.key, since) if since else []
        return rpm.changes(rpm.carried_changelog(path), before if since else None)

    def cached(self, wanted: Wanted) -> list[Path]:
        """dnf's own cache, what a probe fetched, and the files of earlier runs."""
        plain = wanted.version.rpartition(":")[2]
        paths = glob.glob(f"{PACKAGES}/{glob.escape(f'{wanted.name}-{plain}.{wanted.arch}.rpm')}")
        stored = glob.escape(stored_name(wanted, self.suffix))
        paths += glob.glob(f"/var/lib/patchtide/cache/{stored}")
        paths += glob.glob(f"/var/lib/patchtide/*/staged/{stored}") + glob.glob(f"/var/lib/patchtide/*/kept/{stored}")
        return [Path(path) for path in sorted(paths) if os.path.isfile(path)]

    def rebuilt(self, wanted: Wanted, folder: Path, near: Sequence[PackageFile]) -> Path:  # noqa: ARG002  the interface's
        """Nothing: an RPM package cannot be rebuilt exactly from what is installed."""
        raise HostError(
            f"no source has {wanted.name} {wanted.version} any more, and RPM packages cannot be rebuilt",
            f"bring its file to a folder of dnf's cache ({PACKAGES}), or have a source offer it again",
            code="kept",
        )

    def facts(self, path: Path) -> PackageFile:
        """The file's header."""
        return rpm.facts(path)

    def configuration(self, keys: Sequence[str], files: Sequence[Path]) -> set[str]:
        """%config files, and the names that rpm gives to what it sets aside."""
        found = rpm.config_files(keys).union(*(rpm.carried_config(path) for path in files))
        return found.union(*({f"{path}{ending}" for ending in rpm.LITTER} for path in found))

    def forward(self, files: Sequence[Path], remove: Sequence[str]) -> Simulated:
        """dnf's solver on these files, with no source to choose from."""
        return dnfspeech.simulated(finished(_transaction("simulated", files, remove), 600))

    def named(self, wanted: Sequence[Wanted], remove: Sequence[str]) -> Simulated:
        """dnf's solver on these versions in the sources."""
        question = {"wanted": dnfspeech.wanted_words(wanted), "remove": list(remove)}
        return dnfspeech.simulated(finished(dnfspeech.words("named", **question), 600))

    def reverse(self, new: Sequence[PackageFile], gone: Sequence[str], back: Return, scratch: Path) -> Simulated:
        """Both transactions carried out on a copy of the databases, which has to end as it began."""
        root = scratch / "imagined-root"
        shutil.rmtree(str(root), ignore_errors=True)
        try:
            database = rpm.copied(root)
            _copy_history(root)
            before = rpm.versions_in(database)
            there = finished(_transaction("transacted", [one.path for one in new], gone, root), 600)
            between = rpm.versions_in(database)
            again = finished(_transaction("transacted", back.old, [*back.purge, *back.remove], root), 600)
            after = rpm.versions_in(database)
        finally:
            shutil.rmtree(str(root), ignore_errors=True)
        if not there.ok or not again.ok:
            return Simulated(False, (again if there.ok else there).why())
        if after != before:
            return Simulated(False, f"it leaves {_differing(before, after)} other than before")
        installs = {key: version for key, version in after.items() if between.get(key) != version}
        return Simulated(True, "", installs, tuple(sorted(set(between) - set(after))))

    def install(self, files: Sequence[Path], remove: Sequence[str], log: IO[bytes], timeout: float) -> Finished:
        """One transaction of dnf's own library, begun only when it does exactly this."""
        return logged(_transaction("transacted", files, remove), log, timeout)

    def repair(self, log: IO[bytes], timeout: float) -> Finished | None:
        """`rpmdb --rebuilddb` where the database is damaged; what stands there twice goes on the way back."""
        words = rpm.repaired_by()
        return None if words is None else logged(words, log, timeout)

    def restore(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """One transaction of dnf's own library: old files in, and out what goes."""
        out = [*back.purge, *back.remove]
        return self._with_settings(back, log, timeout, [_transaction("transacted", back.old, out)])

    def restore_plainly(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """`rpm --upgrade` of old files, then `rpm --erase`; no script of what leaves can refuse.

        Dependencies need no check: what was there before fits together, and until the last step nothing of it lacks.
        """
        out = map(rpm.queried, [*back.purge, *back.remove])
        steps = [
            ["rpm", *_BACK, *map(str, back.old)] if back.old else [],
            ["rpm", "--erase", "--nodeps", "--nopreun", *out] if back.purge or back.remove else [],
        ]
        return self._with_settings(back, log, timeout, [words for words in steps if words])

    def _with_settings(self, back: Return, log: IO[bytes], timeout: float, steps: list[list[str]]) -> Finished:
        """The steps, with the settings as they are now: where rpm sets one aside, its service gets it back.

        rpm replaces an edited file that is marked %config without noreplace, and the service starts on what it brings.
        """
        until = time.monotonic() + timeout
        wait_for_lock(_lock(), timeout)
        settings = {path for file in back.old for path in rpm.carried_config(file)}
        saved = [path for path in settings if not os.path.lexists(f"{path}.rpmsave")]
        done = [logged(words, log, until - time.monotonic()) for words in steps]
        aside = [path for path in saved if os.path.lexists(f"{path}.rpmsave")]
        for path in aside:
            os.replace(f"{path}.rpmsave", path)
        units = rpm.unit_names(back.old) if aside else []
        if units:
            logged(["systemctl", "try-restart", "--", *units], log, 120)
        return next((one for one in done if not one.ok), done[-1])


def wait_for_lock(path: str, timeout: float) -> None:
    """Wait until nobody holds the lock, for a part of the time (seconds): rpm itself waits at a terminal only."""
    waited(lambda: holder(path), lock_patience(timeout))


def _lock() -> str:
    return str(rpm.database() / ".rpm.lock")


def _transaction(work: str, files: Sequence[Path], remove: Sequence[str], root: Path | None = None) -> list[str]:
    question: dict[str, Any] = {"files": list(map(str, files)), "remove": list(remove), "root": str(root or "/")}
    return dnfspeech.words(work, **question)


def in_use() -> bool:
    """Whether dnf is installed here and RPM packages stand in rpm's database, on a host of whatever distribution."""
    program = shutil.which("dnf", path="/usr/sbin:/usr/bin:/sbin:/bin")
    return program is not None and bool(rpm.installed())


def _each(word: Sequence[str], keys: Sequence[str], other: Sequence[str], others: Sequence[str]) -> Finished:
    """dnf run for the keys with the one word and for the others with the other; the first failure ends it."""
    done = Finished(tuple(_OFFLINE), 0, "", "")
    for words, named in ((word, keys), (other, others)):
        if named and done.ok:
            done = finished([*_OFFLINE, *words, *map(rpm.queried, named)])
    return done


def _pid_holders(paths: Sequence[str]) -> list[tuple[str, str]]:
    """(what, who) of each process that dnf's own lock files name and that is alive."""
    found = []
    for path in paths:
        try:
            pid = int(Path(path).read_text(encoding="ascii", errors="replace").strip())
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        except (OSError, ValueError):
            continue
        found.append((path, f"{name} (pid {pid})"))
    return found


def _copy_history(root: Path) -> None:
    """dnf's history under another root: it knows what somebody asked for."""
    target = Path(f"{root}{HISTORY}")
    target.mkdir(mode=0o700, parents=True)
    for path in HISTORY.glob("history.sqlite*"):
        shutil.copy2(str(path), str(target / path.name))


def _differing(before: dict[str, str], after: dict[str, str]) -> str:
    keys = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return ", ".join(f"{key} ({after.get(key, 'gone')}, was {before.get(key, 'not there')})" for key in keys)[:600]
