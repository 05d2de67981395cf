"""The one place that names classes: which adapter stands behind which port."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from patchtide.core.errors import PatchtideError, UsageError

if TYPE_CHECKING:
    from patchtide.adapters.depot import BundleKeeper
    from patchtide.adapters.store.care import LogKeeper
    from patchtide.config.nowadays import Nowadays
    from patchtide.core.records import Records
    from patchtide.core.settings import Settings
    from patchtide.core.signature import Signature
    from patchtide.engine.desk import Desk
    from patchtide.engine.speaking import Speaker
    from patchtide.ports import Depot, Executor, Lock, Log, Notifier

CONFIG_NAME = "patchtide.yml"


def settings(path: Path | None = None, *, planning: bool = True) -> Settings:
    """Return the project's settings from a file, by default `patchtide.yml` here; raises UsageError.

    Without `planning`, what only a new plan minds (an exclusion that is over, a file that is gone) is left alone.
    """
    from patchtide.config.load import settings_of

    return settings_of((path or Path(CONFIG_NAME)).absolute(), planning=planning)


def records(path: Path | None = None) -> Settings | Records:
    """Return where a project's log is and whose keys are whose: all that is needed to look at it; raises UsageError."""
    from patchtide.config.records import records_of

    return records_of((path or Path(CONFIG_NAME)).absolute()) or settings(path, planning=False)


def store(of: Settings | Records) -> Log:
    """Return the project's event log, in which what people say is looked at each time it is read."""
    from patchtide.adapters.store import SqliteStore
    from patchtide.engine.speaking import People, VouchedStore

    return VouchedStore(SqliteStore(Path(of.state) / "log.db"), People(of.people, verified))


def speaker(of: Settings, key: Path | None) -> Speaker:
    """Return who speaks: whose key this is, or the system user that one is, if that may be; raises UsageError."""
    from patchtide.engine.speaking import Speaker

    if key is None:
        name = who()
        if name in of.people:
            raise UsageError(f"{name} has a key here, so what they say has to be signed", hint="Add `--sign KEY`.")
        return Speaker(name)
    owner = owner_of(of, key)
    if owner is None:
        hint = "Name its public half in the configuration: `people: {NAME: keys/NAME.pub}`."
        raise UsageError("this key is nobody's here", where=str(key), hint=hint)
    return Speaker(owner, partial(signed, key))


def author(of: Settings, key: Path | None) -> str:
    """Return who makes or carries out a plan: whose key it is signed with, or else the system user."""
    return (owner_of(of, key) if key else None) or who()


def owner_of(of: Settings, key: Path) -> str | None:
    """Return whose key this is, private or public, or None; raises UsageError for what is no key."""
    mine = public_text(key).split()[1]
    pairs = ((name, Path(path)) for name, paths in of.people.items() for path in paths)
    return next((name for name, path in pairs if public_text(path).split()[1] == mine), None)


def log_keeper(of: Settings) -> LogKeeper:
    """Return what looks after the project's event log: its soundness, its copies, its audit."""
    from patchtide.adapters.store.care import LogKeeper

    return LogKeeper(Path(of.state) / "log.db")


def lock(of: Settings | Records) -> Lock:
    """Return the lock by which one controller at a time works on the project's fleet."""
    from patchtide.adapters.lock import FileLock

    return FileLock(Path(of.state) / "lock")


def depot(of: Settings) -> Depot:
    """Return the project's package files that hosts have proven or bundles have brought."""
    from patchtide.adapters.depot import FileDepot

    return FileDepot(Path(of.state) / "depot")


def bundle_keeper(of: Settings) -> BundleKeeper:
    """Return what writes, takes in and judges the project's bundles."""
    from patchtide.adapters.depot import BundleKeeper, FileDepot

    return BundleKeeper(FileDepot(Path(of.state) / "depot"), of.trust, signed, verified)


def desk(of: Settings, notifier: Notifier) -> Desk:
    """Return the real ports of a project."""
    from patchtide.adapters.clock import SystemClock, synchronised
    from patchtide.adapters.notify.courier import ThreadCourier
    from patchtide.adapters.outside import Surroundings
    from patchtide.engine.desk import Desk
    from patchtide.engine.relay import relayed

    _made(Path(of.state))
    works, clock = executor(of), SystemClock()
    return Desk(
        executor=works,
        store=store(of),
        lock=lock(of),
        clock=clock,
        notifier=notifier,
        depot=depot(of),
        outside=Surroundings(clock, partial(relayed, works, of.inventory)),
        courier=ThreadCourier(),
        blackouts=blackouts(Path(of.path)),
        synchronised=synchronised,
    )


def _made(state: Path) -> None:
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        hint = "Make it a folder that this user can write to, or name another one as `state`."
        raise PatchtideError(
            f"the state folder cannot be made: {error.strerror}", hint=hint, where=str(state)
        ) from None


def executor(of: Settings) -> Executor:
    """Return what knows a project's inventory and does steps on its hosts."""
    from patchtide.adapters.ansible import AnsibleExecutor

    return AnsibleExecutor(content(), Path(of.state) / "scratch", of.forks, Path(of.path).parent)


def synchronised() -> bool | None:
    """Return whether this machine keeps its clock by a time server; None where nobody can say."""
    from patchtide.adapters import clock

    return clock.synchronised()


def blackouts(path: Path | None = None) -> Nowadays:
    """Return what tells whether the blackouts of a project, as they are now, let work begin."""
    from patchtide.config.nowadays import nowadays

    return nowadays((path or Path(CONFIG_NAME)).absolute())


def content() -> Path:
    """Return the folder with playbooks, roles and plugins: inside an installed package, or the checkout's root."""
    package = Path(__file__).resolve().parent
    inside = package / "content"
    return inside if inside.is_dir() else package.parents[1]


def who() -> str:
    """Return who a person is to Patchtide."""
    from patchtide.adapters.identity import system_user

    return system_user()


def new_key(path: Path) -> str:
    """Make a key pair at a path and beside it, and return the public key's line; raises UsageError."""
    from patchtide.adapters import sign

    return sign.new_key(path)


def public_text(path: Path) -> str:
    """Return the public key's line of a key's file; raises UsageError."""
    from patchtide.adapters import sign

    return sign.public_text(path)


def signed(private: Path, data: bytes) -> Signature:
    """Return what a private key says under some bytes; raises UsageError."""
    from patchtide.adapters import sign

    return sign.signed(private, data)


def verified(trusted: Sequence[Path], data: bytes, signatures: Sequence[Signature]) -> str | None:
    """Return the name of the trusted key that signed these bytes, or None; raises UsageError for what is no key."""
    from patchtide.adapters import sign

    return sign.verified(trusted, data, signatures)


def genuine(data: bytes, signatures: Sequence[Signature]) -> bool:
    """Tell whether each signature of some bytes was made with the key that it names, whoever has that one."""
    from patchtide.adapters import sign

    return sign.genuine(data, signatures)
