"""Checks that were not made: shown in plan, status and report, as what they would have found is not proven."""

from collections.abc import Iterator

from patchtide.core.approvals import waiver
from patchtide.core.listing import listed
from patchtide.core.plan import Plan
from patchtide.core.run import Run
from patchtide.core.unclear import unproven_checks
from patchtide.core.waivers import HEALTH
from patchtide.report.words import one_line


def not_made(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the checks that a plan does not make, each as it is waived, and why not."""
    for check in plan.checks:
        if not check.enabled:
            where = f" (tiers {', '.join(check.tiers)})" if check.tiers else ""
            yield f"{HEALTH}{check.name}", f"disabled{where}"
    skipped: dict[str, list[str]] = {}
    for host in plan.hosts.values():
        for name in host.skipped:
            skipped.setdefault(name, []).append(host.name)
    for name, hosts in sorted(skipped.items()):
        yield f"{HEALTH}{name}", f"its program is not there on {listed(hosts, most=4)}"


def not_made_lines(run: Run) -> tuple[str, ...]:
    """Return the checks that a run does not make, and who waived each, or which tiers wait for somebody to."""
    tiers: dict[str, list[str]] = {}
    found = dict(not_made(run.plan))
    for tier in run.plan.tiers:
        for item, why in unproven_checks(run, tier):
            found.setdefault(item, why)
            word = waiver(run, tier, item)
            said = f"{tier.name}: waived by {word.by}: {word.reason}" if word else f"{tier.name} waits for a waiver"
            tiers.setdefault(item, []).append(said)
    return tuple(one_line("; ".join([f"{item}: {why}", *tiers.get(item, [])])) for item, why in found.items())
