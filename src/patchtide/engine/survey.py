"""One round trip to every host: what is there, and what waits."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from patchtide.core.errors import UsageError
from patchtide.core.events import Status
from patchtide.core.facts import advised
from patchtide.core.fleet import Host
from patchtide.core.health import HOST, made_in
from patchtide.core.patchset import MinimumAge, Probe, narrowed, unwanted
from patchtide.core.planning import NotProbed
from patchtide.core.settings import Settings
from patchtide.core.steps import Step
from patchtide.engine.findings import clock_trouble, probe_of
from patchtide.engine.requests import check_request
from patchtide.ports import Clock, Deed, Executor, Report

Told = Callable[[str, Probe | NotProbed], None]
Requests = Mapping[str, Mapping[str, object]]
_SECONDS = 900.0
_ROUNDS = 3
"""How often a host is asked again: without a version, an older one may be pending that is not wanted either."""


def members(executor: Executor, settings: Settings) -> dict[str, tuple[Host, ...]]:
    """Return the hosts of each tier as the inventory has them now."""
    return {tier.name: executor.hosts(settings.inventory, tier.pattern) for tier in settings.tiers}


def surveyed(
    executor: Executor,
    settings: Settings,
    hosts: Mapping[str, Sequence[Host]],
    marker: str,
    tell: Told,
    clock: Clock,
    *,
    refresh: bool = True,
) -> dict[str, Probe | NotProbed]:
    """Probe every host and return what is known of each; a host that did not answer is in it with the reason.

    Only the first tier is asked what its updates fix: what it has pending becomes the patch set. Where something
    pending is not wanted, the host is asked again what makes sense without it: its own solver knows.
    """
    requests = {host.name: _request(settings, tier, refresh=refresh) for tier, some in hosts.items() for host in some}
    found: dict[str, Probe | NotProbed] = {}
    heard = partial(_heard, executor, clock, settings.inventory, marker)
    for name, known in heard(requests):
        found[name] = known
        tell(name, known)
    for _ in range(_ROUNDS):
        aware = advised(found, [host.name for host in hosts[settings.tiers[0].name]])
        for name, later in heard(_narrower(aware, requests, settings)):
            found[name] = _both(found[name], later)
    return {name: found[name] for name in requests}


def _narrower(
    found: Mapping[str, Probe | NotProbed], requests: Requests, settings: Settings
) -> dict[str, dict[str, object]]:
    """Return what to ask the hosts on which something that is not wanted is pending.

    How old an update is, is a question to the first tier: the others get what that has proven, whatever else they see.
    """
    asked: dict[str, dict[str, object]] = {}
    ageless = replace(settings.selection, minimum_age=MinimumAge())
    for name, known in found.items():
        selection = settings.selection if requests[name]["advisories"] else ageless
        without = unwanted(known, selection) if isinstance(known, Probe) else ()
        if without:
            versions = [{"name": each.name, "arch": each.arch, "version": each.version} for each in without]
            asked[name] = {**requests[name], "refresh": False, "checks": [], "without": versions}
    return asked


def _both(first: Probe | NotProbed, later: Probe | NotProbed) -> Probe | NotProbed:
    return narrowed(first, later) if isinstance(first, Probe) and isinstance(later, Probe) else later


def _heard(
    executor: Executor, clock: Clock, inventory: tuple[str, ...], marker: str, requests: Requests
) -> Iterator[tuple[str, Probe | NotProbed]]:
    """Yield what is known of each host as it answers, and in the end what is not known of the silent ones."""
    silent = dict.fromkeys(requests)
    deed = Deed(marker, Step.PROBE, requests, marker, _SECONDS, inventory)
    since = clock.now()
    for report in executor.perform(deed) if requests else ():
        if report.host in silent:
            del silent[report.host]
            yield report.host, _known(report, since, clock.now())
    yield from ((name, NotProbed("nothing was heard of the host", unreachable=False)) for name in silent)


def _request(settings: Settings, tier: str, *, refresh: bool) -> dict[str, object]:
    checks = [check_request(check) for check in made_in(settings.checks, tier) if check.source == HOST]
    first = refresh and tier == settings.tiers[0].name
    return {"run": None, "attempt": 0, "refresh": refresh, "without": [], "advisories": first, "checks": checks}


def _known(report: Report, since: datetime, now: datetime) -> Probe | NotProbed:
    if report.status is not Status.OK:
        return NotProbed(report.reason, unreachable=report.status is Status.UNREACHABLE)
    try:
        probe = probe_of(report)
        return replace(probe, trouble=(*probe.trouble, *clock_trouble(report, since, now)))
    except UsageError as error:
        return NotProbed(error.message, unreachable=False)
