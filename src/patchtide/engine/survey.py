"""One round trip to every host: what is there, and what waits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from patchtide.core.errors import UsageError
from patchtide.core.events import Status
from patchtide.core.fleet import Host
from patchtide.core.patchset import Probe
from patchtide.core.planning import NotProbed
from patchtide.core.settings import Settings
from patchtide.core.steps import Step
from patchtide.engine.findings import clock_trouble, probe_of
from patchtide.engine.requests import check_request
from patchtide.ports import Clock, Deed, Executor, Report

Told = Callable[[str, Probe | NotProbed], None]
_SECONDS = 900.0


def members(executor: Executor, settings: Settings) -> dict[str, tuple[Host, ...]]:
    """Return the hosts of each tier as the inventory has them now."""
    return {tier.name: executor.hosts(settings.inventory, tier.pattern) for tier in settings.tiers}


def surveyed(
    executor: Executor, settings: Settings, hosts: Mapping[str, Sequence[Host]], marker: str, tell: Told, clock: Clock
) -> dict[str, Probe | NotProbed]:
    """Probe every host once and return what is known of each; a host that did not answer is in it with the reason.

    Only the first tier is asked what its updates fix: what it has pending becomes the patch set.
    """
    found: dict[str, Probe | NotProbed] = {}
    requests = {host.name: _request(settings, tier) for tier, some in hosts.items() for host in some}
    deed = Deed(marker, Step.PROBE, requests, marker, _SECONDS, settings.inventory)
    for report in executor.perform(deed):
        found[report.host] = _known(report, clock.now())
        tell(report.host, found[report.host])
    silent = NotProbed("nothing was heard of the host", unreachable=False)
    return {name: found.get(name, silent) for name in requests}


def _request(settings: Settings, tier: str) -> dict[str, object]:
    checks = [check_request(check) for check in settings.checks if not check.tiers or tier in check.tiers]
    return {"run": None, "attempt": 0, "refresh": True, "advisories": tier == settings.tiers[0].name, "checks": checks}


def _known(report: Report, now: datetime) -> Probe | NotProbed:
    if report.status is not Status.OK:
        return NotProbed(report.reason, unreachable=report.status is Status.UNREACHABLE)
    try:
        probe = probe_of(report)
        return replace(probe, trouble=(*probe.trouble, *clock_trouble(report, now)))
    except UsageError as error:
        return NotProbed(error.message, unreachable=False)
