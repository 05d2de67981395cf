"""apt and dpkg behind the package manager's interface."""

from __future__ import annotations

import glob
import os
import pwd
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Iterator, Sequence

from . import aptspeech, changelog, dpkg
from .command import Finished, finished, logged
from .debdocs import docs, sibling
from .errors import HostError
from .hold import holder, lock_patience
from .names import Removal
from .packagemanager import (
    Changes,
    Installed,
    Outlook,
    PackageFile,
    PackageManager,
    Pending,
    Return,
    Simulated,
    Trouble,
    Wanted,
    bare,
    stored_name,
)
from .repack import repacked

LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock")
LISTS_LOCK = "/var/lib/apt/lists/lock"
EXTENDED_STATES = Path("/var/lib/apt/extended_states")
PREFERENCES = Path("/etc/apt/preferences")
ARCHIVES = Path("/var/cache/apt/archives")
# An admin's edit is kept, also where the host's own apt or dpkg configuration says otherwise.
_KEEP = ("--no-force-confnew", "--no-force-confmiss", "--force-confdef", "--force-confold")
_CONFOLD = tuple(word for option in _KEEP for word in ("-o", f"Dpkg::Options::={option}"))
# What an admin lets apt clear away by itself would be a removal that no plan has.
_NO_MORE = ("-o", "APT::Get::AutomaticRemove=false", "-o", "APT::Get::Purge=false")
_GET = ("apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0", *_NO_MORE, *_CONFOLD)
# Without sources apt knows what is installed and the files it is given, so it cannot pick anything else; and without
# cache files it leaves none that would be taken for the real ones later.
_OFFLINE = tuple(
    word
    for option in ("Etc::sourcelist=/dev/null", "Etc::sourceparts=/dev/null", "Cache::pkgcache=", "Cache::srcpkgcache=")
    for word in ("-o", f"Dir::{option}")
)
_DPKG = ("dpkg", *_KEEP)
# Whoever asks apt next makes its cache anew where the lists changed, so that it is not made where they did not.
_UPDATE = (
    *("-o", "APT::Update::Error-Mode=any"),
    *("-o", "DPkg::Lock::Timeout=60"),
    *("-o", "pkgCacheFile::Generate=false"),
)


class Apt(PackageManager):
    """Debian and Ubuntu."""

    name = "apt"
    program = "apt-get"
    suffix = ".deb"

    def architecture(self) -> str:
        """What dpkg installs by default."""
        return dpkg.architecture()

    def refresh(self) -> list[Trouble]:
        """`apt-get update`, warnings taken as failures."""
        asked = finished(["apt-get", "update", "-q", *_UPDATE], 600)
        failures = aptspeech.update_failures(asked.err + "\n" + asked.out)
        if asked.ok and not failures:
            return []
        reason = "; ".join(failures)[:600] or asked.why()
        return [Trouble("refresh", f"apt-get update failed: {reason}", "mend the sources, the keys or the network")]

    def outlook(self, without: Sequence[Wanted]) -> Outlook:
        """`apt-get -s --with-new-pkgs upgrade`, and what dist-upgrade adds by removing something."""
        with _pinned(without) as view:
            return self._outlook(view)

    def _outlook(self, view: Sequence[str]) -> Outlook:
        upgrade = self._simulated(*view, "--with-new-pkgs", "upgrade").out
        behind = aptspeech.left_behind(upgrade, _on_hold())
        full = self._simulated(*view, "dist-upgrade").out if behind else upgrade
        easy = {one.key for one in aptspeech.pending(upgrade, {})}
        leaving = self._leaving([one for one in aptspeech.pending(full, {}) if one.key not in easy], view)
        text = f"{full if leaving else ''}\n{upgrade}"
        wanted = {one.key: one.wanted for one in aptspeech.pending(text, {}) if one.key in {*easy, *leaving}}
        shown = self._shown(list(wanted.values()))
        files = aptspeech.records(shown)
        trouble = [
            Trouble("unlisted", f"no source gives a hash for {one.name} {one.version}", "run apt-get update")
            for one in wanted.values()
            if one not in files
        ]
        pending = {one.key: one for one in aptspeech.pending(text, files) if one.key in wanted}
        needers = aptspeech.needers(shown, list(pending.values()))
        return Outlook(
            pending=tuple(
                replace(one, removes=leaving.get(key, ()), needed_by=needers.get(key, ()))
                for key, one in pending.items()
            ),
            held=self._held(),
            kept_back=self._kept_back({bare(key) for key in pending}, view) if full != upgrade else (),
            trouble=tuple(trouble),
        )

    def _held(self) -> tuple[str, ...]:
        """The names that an admin holds, or pins in apt's preferences."""
        return tuple(sorted(_on_hold() | set(aptspeech.pinned(finished(["apt-cache", "policy"]).out))))

    def _kept_back(self, pending: set[str], view: Sequence[str]) -> tuple[str, ...]:
        """The names that apt does not update for another reason than that their update is phased in."""
        phased = ("-o", "APT::Get::Always-Include-Phased-Updates=true")
        tried = self._simulated(*view, *phased, "--with-new-pkgs", "upgrade")
        return tuple(sorted(set(aptspeech.kept_back(tried.out)) - pending))

    def _leaving(self, more: Sequence[Pending], view: Sequence[str]) -> dict[str, tuple[Removal, ...]]:
        """What has to leave for each of these updates, tried one by one; what they bring along is among the keys."""
        installed, native = self.installed(), self.architecture()
        new = {one.key for one in more if one.installed is None}
        found: dict[str, tuple[Removal, ...]] = {}
        for one in more:
            tried = finished(["apt-get", "-s", "-q", *view, "install", _specified(one.wanted)])
            if one.installed is None or not tried.ok:
                continue
            done = aptspeech.simulated(tried.out, native)
            out = {_removal(installed, key) for key in done.removals}
            for key in {one.key, *(new & set(done.installs))}:
                found[key] = tuple(sorted({*found.get(key, ()), *out}))
        return found

    def troubles(self) -> list[Trouble]:
        """Who holds a lock, or what `dpkg --audit` finds; unmet dependencies are told where apt refuses for them.

        While somebody writes to it, nobody can say whether the database is in order.
        """
        return [*self.holders(), *_held([LISTS_LOCK])][:1] or dpkg.audit_troubles()

    def holders(self) -> list[Trouble]:
        """Who holds a lock that `apt-get install` takes."""
        return _held(LOCKS)

    def installed(self) -> dict[str, Installed]:
        """dpkg's database."""
        return dpkg.installed()

    def automatic(self, installed: dict[str, Installed]) -> set[str]:
        """The marks in apt's extended_states."""
        try:
            marked = dpkg.parsed_automatic(EXTENDED_STATES.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return set()
        # apt files the marks of packages for all architectures under the host's own.
        return {key if key in installed else f"{bare(key)}:all" for key in marked} & set(installed)

    def mark(self, automatic: Sequence[str], manual: Sequence[str]) -> Finished:
        """`apt-mark auto` and `apt-mark manual`."""
        done = Finished(("apt-mark",), 0, "", "")
        for mark, keys in (("auto", automatic), ("manual", manual)):
            if keys and done.ok:
                done = finished(["apt-mark", "-q", *_OFFLINE, mark, *map(dpkg.queried, keys)])
        return done

    def hold(self, held: Sequence[str], released: Sequence[str]) -> Finished:
        """`apt-mark hold` and `apt-mark unhold`."""
        done = Finished(("apt-mark",), 0, "", "")
        for mark, keys in (("hold", held), ("unhold", released)):
            if keys and done.ok:
                done = finished(["apt-mark", "-q", *_OFFLINE, mark, *map(dpkg.queried, keys)])
        return done

    def published(self, wanted: Sequence[Wanted]) -> dict[Wanted, str]:
        """The hashes in apt's verified lists."""
        return {one: entry[2] for one, entry in self._records(wanted).items() if one in set(wanted)}

    def fetch(self, wanted: Sequence[Wanted], folder: Path, timeout: float = 3600) -> dict[Wanted, Path]:
        """`apt-get download`, which verifies against the signed lists."""
        if not wanted:
            return {}
        _give_to_apt(folder)
        asked = finished(["apt-get", "download", "-q", *(_specified(one) for one in wanted)], timeout, cwd=str(folder))
        if not asked.ok:
            raise HostError(f"download failed: {asked.why()}", "is the version still on the mirror?", code="download")
        found = {one: folder / aptspeech.archive_name(one) for one in wanted}
        missing = [path.name for path in found.values() if not path.is_file()]
        if missing:
            raise HostError(f"apt-get download left no {', '.join(missing)}", code="download")
        return found

    def changes(self, path: Path, since: str | None) -> Changes:
        """The Debian changelog inside the file, or inside the one beside it that shares its documentation."""
        package = dpkg.facts(path)
        source = dpkg.source_version(package)
        found, arch = docs(package, rebuilt=package.version != source), package.arch
        if found.elsewhere:
            other = sibling(path, package, found.elsewhere)
            if other is None:
                return Changes()
            found, arch = docs(dpkg.facts(other), rebuilt=package.version != source), dpkg.facts(other).arch
        listed = list(changelog.entries(found.changelog(arch)))
        if not listed or listed[0].version not in (source, package.version):
            return Changes()  # the changelog of something else
        before = dpkg.source_of_installed(package.key, since) if since else None
        if since and not before:
            return Changes(released=listed[0].date)
        return changelog.changes(listed, before, dpkg.is_newer)

    def cached(self, wanted: Wanted) -> list[Path]:
        """apt's own archive, what a probe fetched, and the files of earlier runs."""
        stored = glob.escape(stored_name(wanted, self.suffix))
        earlier = glob.glob(f"/var/lib/patchtide/cache/{stored}")
        earlier += glob.glob(f"/var/lib/patchtide/*/staged/{stored}") + glob.glob(f"/var/lib/patchtide/*/kept/{stored}")
        paths = [ARCHIVES / aptspeech.archive_name(wanted), *(Path(path) for path in sorted(earlier))]
        return [path for path in paths if path.is_file()]

    def rebuilt(self, wanted: Wanted, folder: Path, near: Sequence[PackageFile]) -> Path:
        """`dpkg-repack`, with conffiles as they were published."""
        return repacked(wanted, folder, near)

    def facts(self, path: Path) -> PackageFile:
        """The file's control fields."""
        return dpkg.facts(path)

    def configuration(self, keys: Sequence[str], files: Sequence[Path]) -> set[str]:
        """Conffiles, and what ucf keeps."""
        found = dpkg.conffiles(keys) | dpkg.ucf_files([bare(key) for key in keys])
        return found.union(*(dpkg.carried_conffiles(path) for path in files))

    def forward(self, files: Sequence[Path], remove: Sequence[str]) -> Simulated:
        """`apt-get -s install` of the files, and `name-` for what goes."""
        return self._solved(finished([*_GET, "-s", *_exactly(files), *map(str, files), *_out(remove)]))

    def named(self, wanted: Sequence[Wanted], remove: Sequence[str]) -> Simulated:
        """`apt-get -s install` of name=version, and `name-` for what goes."""
        specified = [_specified(one) for one in wanted]
        return self._solved(finished([*_GET, "-s", "--no-install-recommends", "install", *specified, *_out(remove)]))

    def reverse(self, new: Sequence[PackageFile], gone: Sequence[str], back: Return, scratch: Path) -> Simulated:
        """`apt-get -s install` of the old files, on a dpkg status in which the update is done."""
        status = scratch / "imagined-status"
        imagined = dpkg.imagined_status(dpkg.STATUS.read_text(encoding="utf-8"), new, gone)
        status.write_text(imagined, encoding="utf-8")
        view = ("-o", f"Dir::State::status={status}")
        out = _out([*back.purge, *back.remove])
        return self._solved(finished([*_GET, "-s", *view, *_exactly(back.old), *map(str, back.old), *out]))

    def install(self, files: Sequence[Path], remove: Sequence[str], log: IO[bytes], timeout: float) -> Finished:
        """`apt-get install` of the files, and `name-` for what goes."""
        nothing_else = () if remove else ("--no-remove",)
        return logged(
            [*_GET, *_waiting(timeout), *nothing_else, *_exactly(files), *map(str, files), *_out(remove)], log, timeout
        )

    def repair(self, log: IO[bytes], timeout: float) -> Finished | None:
        """Have dpkg take in the updates it left half-written, or apt refuses everything; no package's script is run."""
        if not dpkg.was_interrupted():
            return None
        # Setting no selections opens the database for writing and changes nothing else; `--configure -a` would run the
        # very script again that may have hung.
        return logged(["dpkg", "--set-selections"], log, timeout)

    def restore(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """`apt-get install` of old files and `name-` for what goes."""
        out = _out([*back.purge, *back.remove])
        purge = () if back.remove else ("--purge",)
        return logged([*_GET, *_waiting(timeout), *purge, *_exactly(back.old), *map(str, back.old), *out], log, timeout)

    def restore_plainly(self, back: Return, log: IO[bytes], timeout: float) -> Finished:
        """`dpkg --install` of old files, then `dpkg --purge` or `--remove` of what goes."""
        install = ("--force-downgrade", "--auto-deconfigure", "--install", *map(str, back.old)) if back.old else ()
        steps = [
            install,
            ("--purge", *map(dpkg.queried, back.purge)) if back.purge else (),
            ("--remove", *map(dpkg.queried, back.remove)) if back.remove else (),
            ("--configure", "--pending"),
        ]
        until = time.monotonic() + timeout
        done = [logged([*_DPKG, *words], log, until - time.monotonic()) for words in steps if words]
        if install and not done[0].ok:
            # What a package that comes back has a conflict with went only after its turn.
            done = [logged([*_DPKG, *words], log, until - time.monotonic()) for words in (install, steps[-1])]
        return next((one for one in done if not one.ok), done[-1])

    def _simulated(self, *words: str) -> Finished:
        asked = finished(["apt-get", "-s", "-q", *words])
        if asked.ok:
            return asked
        lacking = _unmet()
        if lacking:
            raise HostError(lacking, "run `apt-get --fix-broken install` and look", "broken")
        raise HostError(
            f"apt-get -s {words[-1]} failed: {asked.why()}", "run `apt-get -s upgrade` and look", "packages"
        )

    def _records(self, wanted: Sequence[Wanted]) -> dict[Wanted, tuple[str, int, str]]:
        return aptspeech.records(self._shown(wanted))

    def _shown(self, wanted: Sequence[Wanted]) -> str:
        # apt-cache fails when one version is unknown, and still answers for the others.
        return finished(["apt-cache", "show", *(_specified(one) for one in wanted)]).out if wanted else ""

    def _solved(self, asked: Finished) -> Simulated:
        if not asked.ok:
            return Simulated(False, _unmet() or asked.why())
        return aptspeech.simulated(asked.out, self.architecture())


def _held(paths: Sequence[str]) -> list[Trouble]:
    holders = [(path, holder(path)) for path in paths]
    return [Trouble("locked", f"{path} is locked by {who}", "wait until it has ended") for path, who in holders if who]


def _waiting(timeout: float) -> tuple[str, str]:
    return ("-o", f"DPkg::Lock::Timeout={lock_patience(timeout):.0f}")


def _on_hold() -> set[str]:
    """The names that an admin holds."""
    return {one.name for one in dpkg.installed().values() if one.wanted == "hold"}


def _unmet() -> str:
    """The sentence that installed packages lack what they depend on, for which apt refuses all; empty if none does."""
    asked = finished(["apt-get", "check", "-q", "-o", "Debug::NoLocking=true"])
    if asked.ok:
        return ""
    return f"installed packages lack what they depend on: {'; '.join(aptspeech.unmet(asked.out))[:600] or asked.why()}"


@contextmanager
def _pinned(without: Sequence[Wanted]) -> Iterator[tuple[str, ...]]:
    """The words with which apt takes its admin's preferences and never chooses these versions (apt_preferences(5))."""
    if not without:
        yield ()
        return
    own = PREFERENCES.read_text(encoding="utf-8", errors="replace") if PREFERENCES.is_file() else ""
    pins = [_pin(dpkg.queried(f"{one.name}:{one.arch}"), one.version) for one in without]
    with tempfile.NamedTemporaryFile("w", prefix="patchtide-", encoding="utf-8") as file:
        file.write("\n".join([*pins, own]))  # the first that fits a version counts
        file.flush()
        yield ("-o", f"Dir::Etc::preferences={file.name}")


def _pin(name: str, version: str) -> str:
    return f"Package: {name}\nPin: version {version}\nPin-Priority: -1\n"


def _exactly(files: Sequence[Path]) -> tuple[str, ...]:
    """The words with which apt installs these files and has nothing else to choose from."""
    words = ("--no-install-recommends", "--allow-downgrades", *_OFFLINE)
    if files:
        # apt prefers a file of the same version in its archive over the one it is given, so it gets an empty archive.
        archives = files[0].parent / "archives"
        (archives / "partial").mkdir(mode=0o700, parents=True, exist_ok=True)
        words = (*words, "-o", f"Dir::Cache::archives={archives}/", "-o", "APT::Sandbox::User=root")
    return (*words, "install")


def _out(keys: Sequence[str]) -> list[str]:
    """The words with which apt removes these packages."""
    return [f"{dpkg.queried(key)}-" for key in keys]


def _removal(installed: dict[str, Installed], key: str) -> Removal:
    """The removal of what apt names by key, its own architecture said instead of the host's."""
    one = installed.get(key) or installed[f"{bare(key)}:all"]
    return Removal(one.name, one.arch, one.version)


def _specified(wanted: Wanted) -> str:
    return f"{dpkg.queried(f'{wanted.name}:{wanted.arch}')}={wanted.version}"


def _give_to_apt(folder: Path) -> None:
    """Let apt's own unprivileged user write here, so that its downloads stay in their sandbox."""
    try:
        os.chown(str(folder), pwd.getpwnam("_apt").pw_uid, -1)
    except (KeyError, OSError):
        return
