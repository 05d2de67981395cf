"""What is asked of dnf's own library: run by the Python that dnf runs with, for only there it can be imported.

`python3 dnfside.py WORK JSON` prints one JSON object as its last line, or `Error: ...` and ends with 1. The Python of
the oldest hosts with dnf is 3.6, so that annotations are in quotes here.
"""

import configparser
import json
import os
import shutil
import sys
from typing import Any

if __name__ == "__main__":  # the host program imports this file only for its text
    import dnf  # type: ignore[import-not-found]
    import dnf.exceptions  # type: ignore[import-not-found]
    import dnf.subject  # type: ignore[import-not-found]
    import dnf.transaction  # type: ignore[import-not-found]
    import dnf.yum.rpmtrans  # type: ignore[import-not-found]
    import hawkey  # type: ignore[import-not-found]

VERSIONLOCK = "/etc/dnf/plugins/versionlock.conf"


def main(argv: "list[str]") -> int:
    """Do the work of the first word with the JSON of the second; 1 where dnf refuses it or a script failed."""
    works = (outlook, published, fetched, marked, named, simulated, transacted)
    try:
        answer = {work.__name__: work for work in works}[argv[0]](json.loads(argv[1]))
    except (dnf.exceptions.Error, OSError, ValueError, RuntimeError) as error:
        sys.stdout.write(f"Error: {' '.join(str(error).split())}\n")
        return 1
    sys.stdout.write(json.dumps(answer) + "\n")
    return 1 if answer.get("errors") else 0


def outlook(question: "dict[str, Any]") -> "dict[str, Any]":
    """The updates, each with its file and what it obsoletes; and the names of what is held, beside or kept back.

    What the question can do `without` does not exist for it.
    """
    base = _with_sources()
    for one in question["without"]:
        base.sack.add_excludes(_found(base, one))
    # A package that is installed beside its older versions is no update of them.
    beside = _beside(base, base.sack.query().available())
    base.sack.add_excludes(beside)
    waiting = _held(base) | {package.name for package in _upgrades_of_beside(base)}
    base.upgrade_all()
    base.resolve()
    coming = sorted(base.transaction.install_set)
    kept_back = {package.name for package in base.sack.query().upgrades()} - {package.name for package in coming}
    return {
        "pending": [_pending(base, package) for package in coming],
        "held": sorted(waiting),
        "kept_back": sorted(kept_back),
    }


def published(question: "dict[str, Any]") -> "dict[str, Any]":
    """The sha256 of every source's file of these versions."""
    base = _with_sources()
    return {"files": [{**one, "sha256": [_sha256(found) for found in _found(base, one)]} for one in question["wanted"]]}


def fetched(question: "dict[str, Any]") -> "dict[str, Any]":
    """These versions downloaded to the folder, verified against the sources' lists."""
    base = _with_sources()
    packages = [_one(base, one) for one in question["wanted"]]
    base.download_packages(packages)
    for package in packages:
        if not package.verifyLocalPkg():
            raise ValueError(f"{package.localPkg()} is not the file that its source lists")
        shutil.copyfile(package.localPkg(), os.path.join(question["folder"], os.path.basename(package.location)))
    return {"files": [os.path.basename(package.location) for package in packages]}


def marked(_question: "dict[str, Any]") -> "dict[str, Any]":
    """The keys of what somebody asked for, of what is held, and of what may be there in several versions."""
    base = _alone("/")
    locked = {_key(package) for package in base.sack.query().installed() if package.name in _held(base)}
    beside = {_key(package) for package in _beside(base, base.sack.query().installed())}
    manual = {_key(package) for package in base.iter_userinstalled()}
    return {"manual": sorted(manual), "held": sorted(locked), "beside": sorted(beside)}


def named(question: "dict[str, Any]") -> "dict[str, Any]":
    """What installing these versions from the sources and removing these keys would do."""
    base = _with_sources()
    for one in question["wanted"]:
        base.package_install(_one(base, one))
    return _resolved(base, question["remove"])


def simulated(question: "dict[str, Any]") -> "dict[str, Any]":
    """What installing these files and removing these keys would do."""
    base = _alone(question["root"])
    for package in base.add_remote_rpms(question["files"]):
        base.package_install(package)
    return _resolved(base, question["remove"])


def transacted(question: "dict[str, Any]") -> "dict[str, Any]":
    """Exactly these files installed and these keys removed; under a root of its own only the database there changes."""
    base = _alone(question["root"])
    files = base.add_remote_rpms(question["files"])
    for package in files:
        base.package_install(package)
    found = _resolved(base, question["remove"])
    if found["installs"] != {_key(package): _version(package) for package in files} or set(found["removals"]) != set(
        question["remove"]
    ):
        raise ValueError(f"dnf would do something else: install {found['installs']}, remove {found['removals']}")
    display = _display()
    base.args = ["patchtide"]  # what `dnf history` shows as the command
    base.do_transaction(display=[display])
    return {**found, "errors": display.errors}


def _resolved(base: "Any", remove: "list[str]") -> "dict[str, Any]":
    """What dnf's solver makes of what was asked for, and of the removal of these keys."""
    for key in remove:
        name, _, arch = key.rpartition(":")
        for package in base.sack.query().installed().filter(name=name, arch=arch):
            base.package_remove(package)
    base.resolve(allow_erasing=bool(remove))
    coming = {_key(package): _version(package) for package in base.transaction.install_set}
    leaving = {_key(package) for package in base.transaction.remove_set}
    several = _beside(base, base.sack.query().filter(pkg=list(base.transaction.install_set)))
    return {
        "installs": coming,
        "removals": sorted(leaving - set(coming)),
        "beside": sorted({_key(package) for package in several}),
    }


def _alone(root: str) -> "Any":
    """dnf with what is installed and nothing else to choose from."""
    base = dnf.Base()
    base.conf.read()
    _nothing_more(base.conf)
    base.conf.disable_excludes = ["all"]
    if root != "/":
        base.conf.installroot = root
        base.conf.prepend_installroot("persistdir")
        base.conf.prepend_installroot("cachedir")
        base.conf.tsflags = ["justdb", "noscripts", "notriggers", "nocontexts"]
    base.fill_sack(load_system_repo=True, load_available_repos=False)
    return base


def _with_sources() -> "Any":
    """dnf with what is installed and the lists that were fetched last, under the host's versionlock and excludes."""
    base = dnf.Base()
    base.conf.read()
    _nothing_more(base.conf)
    base.conf.substitutions.update_from_etc("/")
    base.init_plugins(disabled_glob=["*"], enable_plugins=["versionlock"])
    base.pre_configure_plugins()
    base.read_all_repos()
    base.configure_plugins()
    for repo in base.repos.iter_enabled():
        repo.skip_if_unavailable = False
        repo.metadata_expire = -1
    base.fill_sack()
    return base


def _nothing_more(conf: "Any") -> None:
    """Have dnf neither bring what is only recommended nor clear away what nobody needs any more."""
    conf.install_weak_deps = False
    conf.clean_requirements_on_remove = False
    conf.best = False


def _pending(base: "Any", package: "Any") -> "dict[str, Any]":
    coming = {_key(one) for one in base.transaction.install_set}
    advisories = package.get_advisories(hawkey.EQ)
    cves = {found.id for one in advisories for found in one.references if found.type == hawkey.REFERENCE_CVE}
    replaced = base._goal.obsoleted_by_package(package)  # noqa: SLF001  dnf offers no other way to ask
    query = base.sack.query().installed().filter(name=package.name)
    old = [one for one in query if one.arch == package.arch] or list(query)
    return {
        "name": package.name,
        "arch": package.arch,
        "version": _version(package),
        "installed": _version(old[-1]) if old else None,
        "origin": package.reponame,
        "suite": "",
        "security": any(one.type == hawkey.ADVISORY_SECURITY for one in advisories),
        "advisories": sorted({one.id for one in advisories}),
        "cves": sorted(cves) if advisories else None,
        "filename": os.path.basename(package.location),
        "size": package.downloadsize,
        "sha256": _sha256(package),
        "needed_by": [] if old else _askers(base, package),
        "removes": [_removal(one) for one in sorted(replaced) if one.name != package.name and _key(one) not in coming],
    }


def _askers(base: "Any", package: "Any") -> "list[str]":
    """The keys of what comes along and requires this package."""
    coming = base.sack.query().filter(pkg=list(base.transaction.install_set))
    return sorted(_key(one) for one in coming.filter(requires=[package]) if one != package)


def _held(base: "Any") -> "set[str]":
    """The names of installed packages that a versionlock or an exclude of the main configuration keeps as they are."""
    found = set()  # type: set[str]
    for pattern in [*base.conf.excludepkgs, *_locked()]:
        matching = dnf.subject.Subject(pattern).get_best_query(base.sack, with_provides=False, with_filenames=False)
        found.update(package.name for package in matching.installed())
    return found


def _locked() -> "list[str]":
    """The patterns in versionlock's list, where the plugin is there and on; those that only exclude are left out."""
    parser = configparser.ConfigParser()
    if not parser.read(VERSIONLOCK) or not parser.getboolean("main", "enabled", fallback=False):
        return []
    try:
        with open(parser.get("main", "locklist", fallback=""), encoding="utf-8") as lines:
            patterns = [line.strip() for line in lines]
    except FileNotFoundError:
        return []
    return [pattern for pattern in patterns if pattern and pattern[0] not in "#!"]


def _beside(base: "Any", query: "Any") -> "Any":
    """What of the query is installed beside its older versions, as kernels are."""
    return base._get_installonly_query(query)  # noqa: SLF001  dnf offers no other way to ask


def _upgrades_of_beside(base: "Any") -> "list[Any]":
    """What is there beside older versions and has a newer one in the sources."""
    everything = base.sack.query(flags=hawkey.IGNORE_EXCLUDES)
    return list(_beside(base, everything).upgrades())


def _one(base: "Any", wanted: "dict[str, str]") -> "Any":
    found = _found(base, wanted)
    if not found:
        raise ValueError(f"no source has {wanted['name']} {wanted['version']}")
    return found[0]


def _found(base: "Any", wanted: "dict[str, str]") -> "list[Any]":
    query = base.sack.query().available().filter(name=wanted["name"], arch=wanted["arch"])
    return [package for package in query if _version(package) == wanted["version"]]


def _removal(package: "Any") -> "dict[str, str]":
    return {"name": package.name, "arch": package.arch, "version": _version(package)}


def _key(package: "Any") -> str:
    return f"{package.name}:{package.arch}"


def _version(package: "Any") -> str:
    """The version with its release; epoch 0 goes unsaid."""
    epoch = f"{package.epoch}:" if package.epoch else ""
    return f"{epoch}{package.version}-{package.release}"


def _sha256(package: "Any") -> str:
    kind, digest = package.chksum or (None, b"")
    return digest.hex() if kind is not None and hawkey.chksum_name(kind) == "sha256" else ""


def _display() -> "Any":
    class Display(dnf.yum.rpmtrans.TransactionDisplay):  # type: ignore[misc]
        """Says every step on a line of its own, and keeps the errors: a failed script does not stop a transaction."""

        def __init__(self) -> None:
            """Begin without errors."""
            super().__init__()
            self.errors = []  # type: list[str]
            self._last = ("", 0)

        def progress(self, package: "Any", action: int, _done: int, _of: int, _step: int, _steps: int) -> None:
            """Say each step once."""
            if package and self._last != (str(package), action):
                sys.stdout.write(f"{dnf.transaction.ACTIONS.get(action, '')} {package}\n")
            self._last = (str(package), action)

        def scriptout(self, messages: "Any") -> None:
            """Say what a package's script says."""
            text = messages.decode(errors="replace") if isinstance(messages, bytes) else str(messages or "")
            sys.stdout.write(f"{text.strip()}\n" if text.strip() else "")

        def error(self, message: str) -> None:
            """Keep an error and say it."""
            self.errors.append(str(message))
            sys.stdout.write(f"Error: {message}\n")

    return Display()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
