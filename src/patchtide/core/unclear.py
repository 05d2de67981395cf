"""Health that nobody can tell from the numbers: a person decides, and until then the host stays as it is."""

from collections.abc import Iterable, Iterator, Sequence

from patchtide.core.actions import Action, Ask, Do
from patchtide.core.approvals import waiver
from patchtide.core.hosts import Trait
from patchtide.core.hoststate import HostState
from patchtide.core.plan import TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import Step
from patchtide.core.verdict import Verdict, no, yes
from patchtide.core.waivers import HEALTH, checks_waived

INCONCLUSIVE = "inconclusive"
"""The code by which a run waits for a word on a host's health."""


def unclear(run: Run, tier: TierPlan, wave: Sequence[HostState]) -> Action | None:
    """Ask about the hosts of a wave of which nobody can tell; one about which a person spoke is judged once more."""
    asked = [host for host in wave if host.unclear and host.started is None]
    if not asked:
        return None
    known = checks_waived(run.plan, run.opened_by, run.said, tier.name)
    decided = tuple(host.name for host in asked if known.issuperset(host.unclear))
    if decided:
        return Do(Step.VERIFY, decided, f"waived: {', '.join(sorted(_items(run.hosts[name] for name in decided)))}")
    first = asked[0]
    return Ask(INCONCLUSIVE, f"is {', '.join(host.name for host in asked)} well? {first.reason}", tier.name)


def proof_gate(run: Run, tier: TierPlan) -> Verdict:
    """Say whether everything that has to be proven before a tier was: no check was left out but by a named person."""
    missing = [f"{item} ({why})" for item, why in unproven_checks(run, tier) if waiver(run, tier, item) is None]
    if missing:
        return no("check_skipped", f"tier {tier.name!r} waits for a proof that was not made: {'; '.join(missing)}")
    return yes("proven", "every check was made")


def unproven_checks(run: Run, tier: TierPlan) -> Iterator[tuple[str, str]]:
    """Yield the checks whose lack keeps a tier from being promoted to, each as it is waived, and why it was not made.

    The first tier needs no proof: it gives it.
    """
    place = [one.name for one in run.plan.tiers].index(tier.name)
    if not place:
        return
    until = {one.name for one in run.plan.tiers[: place + 1]}
    for check in run.plan.checks:
        if not check.enabled and (not check.tiers or until & set(check.tiers)):
            yield f"{HEALTH}{check.name}", "disabled"
    skipped: dict[str, list[str]] = {}
    for before in run.plan.tiers[:place]:
        for host in run.hosts.having(Trait.SKIPPED, before.name):
            for name in host.skipped:
                skipped.setdefault(name, []).append(host.name)
    for name, hosts in skipped.items():
        yield f"{HEALTH}{name}", f"its program is not there on {', '.join(hosts)}"


def waivable_checks(run: Run, tier: TierPlan) -> Iterator[str]:
    """Yield the checks about which a person can speak in a tier: those not made, and those nobody can tell of."""
    yield from dict.fromkeys(
        [*(item for item, _ in unproven_checks(run, tier)), *_items(run.hosts.having(Trait.UNCLEAR, tier.name))]
    )


def _items(hosts: Iterable[HostState]) -> list[str]:
    return list(dict.fromkeys(f"{HEALTH}{name}" for host in hosts for name in host.unclear))
