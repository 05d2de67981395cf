"""From maintenance mode and backups as they are written to what the engine does around a host's update."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from patchtide.config.backup import Backup
from patchtide.config.maintenance import (
    CONTROLLER,
    Alertmanager,
    Authorization,
    FlagFile,
    Haproxy,
    HookPair,
    Maintenance,
)
from patchtide.core import backup, maintenance


def meant(written: Maintenance | None, folder: Path) -> maintenance.Maintenance:
    """Return what is done around a host's update; paths are relative to a folder."""
    if written is None:
        return maintenance.Maintenance()
    return maintenance.Maintenance(
        actions=tuple(_actions(written, folder)),
        flags=(_flag(written.flag),) if written.flag else (),
        hooks=tuple(_hooks(written, folder)),
    )


def _actions(written: Maintenance, folder: Path) -> Iterator[maintenance.Action]:
    """Yield what is done from the controller, each under a name of its own: alerts first, so that nothing rings."""
    alerts = _named(f"alertmanager {one.url}" for one in written.alertmanager)
    yield from (_silence(name, one, folder) for name, one in zip(alerts, written.alertmanager, strict=True))
    balancers = _named(f"haproxy {one.backend} at {one.socket}{_via(one)}" for one in written.haproxy)
    yield from (_drain(name, one) for name, one in zip(balancers, written.haproxy, strict=True))
    yield from (_order(hook) for hook in written.hooks if hook.on == CONTROLLER)


def _named(names: Iterable[str]) -> list[str]:
    """Return names of which none is there twice: an event tells by it what was begun."""
    found: list[str] = []
    for name in names:
        count = sum(one == name or one.startswith(f"{name} #") for one in found)
        found.append(f"{name} #{count + 1}" if count else name)
    return found


def _via(one: Haproxy) -> str:
    return f" on {one.on}" if one.on else ""


def _silence(name: str, one: Alertmanager, folder: Path) -> maintenance.Silence:
    secret = secret_meant(one.authorization, folder)
    return maintenance.Silence(name, one.url, one.matchers, one.lease, secret, one.tiers)


def secret_meant(one: Authorization | None, folder: Path) -> maintenance.Secret | None:
    """Return where a secret is read when it is needed; its path is relative to a folder."""
    return None if one is None else maintenance.Secret(one.env, str(folder / one.file) if one.file else None)


def _drain(name: str, one: Haproxy) -> maintenance.Drain:
    return maintenance.Drain(
        name=name,
        socket=one.socket,
        backend=one.backend,
        server=one.server,
        servers=one.servers,
        on=one.on,
        state=one.state,
        deadline=one.deadline,
        when_late=one.when_late,
        tiers=one.tiers,
    )


def _order(hook: HookPair) -> maintenance.Order:
    enter, leave = tuple(hook.enter), tuple(hook.leave)
    return maintenance.Order(f"hook {hook.name}", enter, leave, hook.timeout, hook.tiers)


def _flag(one: FlagFile) -> maintenance.Flag:
    return maintenance.Flag(one.path, one.content, one.mode, one.tiers)


def _hooks(written: Maintenance, folder: Path) -> Iterator[maintenance.Hook]:
    for hook in written.hooks:
        if hook.on != CONTROLLER:
            halves = _placed(hook.enter, folder), _placed(hook.leave, folder)
            yield maintenance.Hook(hook.name, *halves, hook.timeout, hook.tiers)
    if written.enter is not None and written.leave is not None:
        yield maintenance.Hook(maintenance.TASKS, str(folder / written.enter), str(folder / written.leave))


def backup_meant(written: Backup | None, folder: Path) -> backup.Backup | None:
    """Return how hosts are backed up; paths are relative to a folder."""
    if written is None:
        return None
    run = _placed(written.run, folder) if written.run is not None else None
    return backup.Backup(_placed(written.verify, folder), run, written.max_age, written.timeout, written.tiers)


def _placed(deed: tuple[str, ...] | str, folder: Path) -> tuple[str, ...] | str:
    return str(folder / deed) if isinstance(deed, str) else deed
