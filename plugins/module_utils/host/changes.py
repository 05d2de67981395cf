"""What a run means to change on this host, and what it did change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterable, Sequence

from .errors import HostError, summed_up
from .names import Change, Package
from .packagemanager import ARCHLESS, Installed, PackageManager, Simulated, bare


def current(installed: dict[str, Installed], package: Package) -> Installed | None:
    """What is installed of this package now; a package may have moved between one architecture and `all`."""
    exact = installed.get(package.key)
    if exact is not None and exact.present:
        return exact
    moved = [
        one
        for one in installed.values()
        if one.name == package.name and one.present and {one.arch, package.arch} & ARCHLESS
    ]
    return moved[0] if len(moved) == 1 else None


def outstanding(installed: dict[str, Installed], packages: Iterable[Package]) -> list[Package]:
    """The packages that are not at their version yet; HostError when the host is not as the plan knew it."""
    todo, surprises = [], []
    for package in packages:
        now = current(installed, package)
        if now is not None and now.version == package.version and now.status == "installed":
            continue
        found = now.version if now else None
        if found != package.previous:
            surprises.append(f"{package.key} is {found or 'not installed'}, the plan knew {package.previous or 'none'}")
        todo.append(package)
    if surprises:
        raise _changed(surprises)
    return todo


def remaining(installed: dict[str, Installed], change: Change) -> Change:
    """What of the change is still to be done; HostError when the host is not as the plan knew it."""
    leaving = [one for one in change.removes if one.key in installed and installed[one.key].present]
    surprises = [
        f"{one.key} is {installed[one.key].version}, the plan knew {one.version}"
        for one in leaving
        if installed[one.key].version != one.version
    ]
    if surprises:
        raise _changed(surprises)
    return Change(tuple(outstanding(installed, change.packages)), tuple(leaving))


def _changed(surprises: list[str]) -> HostError:
    reason = f"the host changed since the plan: {summed_up(surprises)}"
    return HostError(reason, "plan again, something else updates it", "changed")


def departures(before: dict[str, Any], after: dict[str, Installed], done: Change) -> list[str]:
    """A sentence for each package that is not exactly as the transaction should have left it."""
    wanted = {package.key: package for package in done.packages}
    gone = done.leaves
    names = {package.name for package in wanted.values()}
    wrong = [f"{key} {after[key].version} is here still" for key in gone if key in after and after[key].present]
    for key, package in wanted.items():
        now = after.get(key)
        if now is None or now.version != package.version:
            wrong.append(f"{key} is {now.version if now else 'not installed'}, not {package.version}")
        elif now.status != "installed":
            wrong.append(f"{key} {now.version} is {now.status}")
    for key in sorted(set(before) | set(after)):
        if key in wanted or key in gone or key.partition(":")[0] in names:
            continue
        was = before.get(key)
        now = after.get(key)
        if (was and [was[0], was[2]]) != (now and [now.version if now.present else "", now.status]):
            wrong.append(f"{key} changed without being in the plan")
    return wrong


def mark_changes(
    before: Iterable[str], now: set[str], after: dict[str, Installed], new: Iterable[str]
) -> tuple[list[str], list[str]]:
    """(keys to mark automatic, keys to mark manual) so that marks are as before and what came new is automatic."""
    should = set(before) | set(new)
    present = {key for key, one in after.items() if one.present}
    return sorted((should - now) & present), sorted((now - should) & present)


def unexpected(found: Simulated, installs: dict[str, str], removals: Iterable[str]) -> str:
    """One sentence on how the simulation differs from what it should do, empty when it does exactly that."""
    names = {bare(key) for key in removals}
    gone = {bare(key) for key in found.removals}
    wrong = [f"installs {key} {found.installs[key]}" for key in sorted(set(found.installs) - set(installs))]
    wrong += [f"leaves {key} as it is" for key in sorted(set(installs) - set(found.installs))]
    wrong += [
        f"installs {key} {found.installs[key]} instead of {installs[key]}"
        for key in sorted(set(installs) & set(found.installs))
        if installs[key] != found.installs[key]
    ]
    wrong += [f"removes {name}" for name in sorted(gone - names)]
    wrong += [f"does not remove {name}" for name in sorted(names - gone)]
    return summed_up(wrong)


def detour(manager: PackageManager, todo: Change, files: Sequence[Path]) -> str:
    """How installing these files would stray from the change, in one sentence; empty when it does exactly that."""
    forward = manager.forward(files, todo.leaves)
    installs = {package.key: package.version for package in todo.packages}
    return unexpected(forward, installs, todo.leaves) if forward.solved else forward.reason
