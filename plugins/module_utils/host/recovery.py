"""The recovery point: everything about the host that a rollback has to bring back, and the comparison with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from . import network
from .boot import fingerprint
from .clock import utc_now
from .kernel import kernels, loader_files
from .packagemanager import Installed, PackageManager
from .services import activity_differences, service_states, services
from .settings import changed_files, recorded_files


def recorded(manager: PackageManager, keys: list[str], files: list[Path], copies: Path) -> dict[str, Any]:
    """The host's state now; copies of its settings, those of these packages and files included, go to `copies`.

    Which units are enabled or masked are links below /etc/systemd, so they are among the settings.
    """
    installed = manager.installed()
    return {
        "recorded": utc_now(),
        "boot": fingerprint(),
        "kernel": kernels().as_dict(),
        "network": network.recorded(),
        "packages": package_states(installed),
        "automatic": sorted(manager.automatic(installed)),
        "services": service_states(services()),
        "files": recorded_files(manager.configuration(keys, files) | loader_files(), copies),
    }


def package_states(installed: dict[str, Installed]) -> dict[str, list[str]]:
    """Version, wanted and status by name:arch; of what is removed but for its settings the version says nothing."""
    return {key: [one.version if one.present else "", one.wanted, one.status] for key, one in sorted(installed.items())}


def differences(
    record: dict[str, Any], manager: PackageManager, ignored_units: Sequence[str], ignored_files: set[str]
) -> list[str]:
    """A sentence for everything on the host that is not as recorded; empty when the state is restored."""
    installed = manager.installed()
    before, after = record["packages"], package_states(installed)
    found = [_package_sentence(key, before.get(key), after.get(key)) for key in sorted(set(before) | set(after))]
    sentences = [sentence for sentence in found if sentence]
    sentences += _mark_sentences(set(record["automatic"]), manager.automatic(installed), set(after))
    sentences += [f"{path} differs" for path in changed_files(record["files"]) if path not in ignored_files]
    units = activity_differences(record["services"], services(record["services"]), ignored_units)
    return sentences + [f"{name} should be {wanted}" for name, wanted in units]


def _package_sentence(key: str, before: list[str] | None, after: list[str] | None) -> str:
    if before == after:
        return ""
    if before is None:
        return f"{key} {(after or [''])[0]} is here, was not"
    if after is None:
        return f"{key} {before[0]} is gone"
    return f"{key} is {' '.join(after)}, was {' '.join(before)}"


def _mark_sentences(before: set[str], after: set[str], present: set[str]) -> list[str]:
    lost = [f"{key} is marked manual, was automatic" for key in sorted((before - after) & present)]
    return lost + [f"{key} is marked automatic, was manual" for key in sorted((after - before) & present)]
