"""The one place that names classes: which adapter stands behind which port."""

import getpass
from pathlib import Path

from patchtide.core.settings import Settings
from patchtide.engine.desk import Desk
from patchtide.ports import Notifier, Store

CONFIG_NAME = "patchtide.yml"


def settings(path: Path | None = None) -> Settings:
    """Return the project's settings from a file, by default `patchtide.yml` here; raises UsageError."""
    from patchtide.config.load import settings_of

    return settings_of((path or Path(CONFIG_NAME)).absolute())


def store(of: Settings) -> Store:
    """Return the project's event log."""
    from patchtide.adapters.store import SqliteStore

    return SqliteStore(Path(of.state) / "log.db")


def desk(of: Settings, notifier: Notifier) -> Desk:
    """Return the real ports of a project."""
    from patchtide.adapters.ansible import AnsibleExecutor
    from patchtide.adapters.clock import SystemClock
    from patchtide.adapters.lock import FileLock

    state = Path(of.state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Desk(
        executor=AnsibleExecutor(content(), state / "scratch", of.forks),
        store=store(of),
        lock=FileLock(state / "lock"),
        clock=SystemClock(),
        notifier=notifier,
    )


def content() -> Path:
    """Return the folder with playbooks, roles and plugins: inside an installed package, or the checkout's root."""
    package = Path(__file__).resolve().parent
    inside = package / "content"
    return inside if inside.is_dir() else package.parents[1]


def who() -> str:
    """Return the system user, which is who a person is to Patchtide."""
    return getpass.getuser()
