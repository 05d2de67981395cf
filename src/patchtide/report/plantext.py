"""A plan as a person reads it before agreeing to it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from patchtide.core.channels import Channel, News, takes
from patchtide.core.gates import foreseen
from patchtide.core.listing import listed
from patchtide.core.packages import Package
from patchtide.core.plan import HostPlan, Plan, TierPlan
from patchtide.core.policy import ReturnBy
from patchtide.core.wall import Need, confirm_within, longest_need
from patchtide.report.around import around_lines, backup_lines
from patchtide.report.consent import approvals_text, asked_text
from patchtide.report.fixes import cves_text, fix_views, fixes_text, left_text, left_views, restarts_text
from patchtide.report.proofs import not_made
from patchtide.report.table import aligned, table
from patchtide.report.words import amount, moment, one_line, size, span

_COLUMNS = ("package", "installed", "new", "kind", "fixes", "restart", "hosts")
_ALIKE = 3
"""From how many packages on reasons are told as a number."""


def plan_text_view(plan: Plan, now: datetime, width: int = 0) -> str:
    """Return a plan in words: what, on which hosts, in which order, when, and what stays away."""
    parts = [
        _head(plan),
        *_packages(plan, width),
        *_fixes(plan, width),
        *_leaving(plan),
        *(_tier(plan, tier, now) for tier in plan.tiers),
        *_aside(plan),
    ]
    return "\n\n".join(parts)


def _head(plan: Plan) -> str:
    hosts = [host for host in plan.hosts.values() if host.changes]
    return (
        f"plan {plan.digest[:19]} made {moment(plan.created_at)} by {one_line(plan.created_by)}\n"
        f"{amount(len(hosts), 'host')} of {len(plan.hosts)} to update; the way back is proven on each while staging, "
        f"before anything is changed{_attested(plan)}{_standing(plan)}"
    )


def _attested(plan: Plan) -> str:
    """Say where a patch set comes from that is not the first tier's."""
    source = plan.attested
    if source is None:
        return ""
    if not source.key:
        return f"\nthe patch set is bundle {source.bundle}, which no trusted key signed: the tiers have to prove it"
    proven = amount(len(source.files), "file")
    return f"\nthe patch set is bundle {source.bundle}: {proven} proven in run {source.run}, says the key {source.key}"


def _standing(plan: Plan) -> str:
    """Say what goes to hosts that earlier runs left behind."""
    if not plan.standing:
        return ""
    runs = ", ".join(sorted(set(plan.standing.values())))
    return f"\n{amount(len(plan.standing), 'file')} proven before: on the test tier since {runs}"


def _packages(plan: Plan, width: int) -> Iterator[str]:
    for platform, files in plan.patch_set.items():
        security = sum(file.fixes_security for file in files)
        total = sum(file.size for file in files)
        title = f"patch set {platform}: {amount(len(files), 'package')}, {security} of them security, {size(total)}"
        rows = [_row(plan, platform, file) for file in files]
        yield f"{title}\n{aligned(table(_COLUMNS, rows), width)}"
    if not plan.patch_set:
        yield "patch set: empty, nothing is pending on the test tier that is wanted"


def _leaving(plan: Plan) -> Iterator[str]:
    hosts: dict[tuple[str, str], list[str]] = {}
    for host in plan.hosts.values():
        for removal in host.removes:
            hosts.setdefault((removal.key, removal.version), []).append(host.name)
    if hosts:
        told = [f"  {key} {version} ({listed(names, most=4)})" for (key, version), names in sorted(hosts.items())]
        yield "\n".join(["packages that leave, kept for the way back:", *told])


def _fixes(plan: Plan, width: int) -> Iterator[str]:
    """Yield the totals, and what is fixed by which packages on which hosts."""
    rows = [(listed(view.packages, most=6), _named(plan, view.hosts), cves_text(view.cves)) for view in fix_views(plan)]
    parts = [fixes_text(plan), restarts_text(plan)]
    head = "; ".join(part for part in parts if part)
    if head:
        yield f"{head}\n{aligned(table(('packages', 'hosts', 'fix'), rows), width)}" if rows else head


def _row(plan: Plan, platform: str, file: Package) -> tuple[str, ...]:
    fixes = "unknown" if file.cves is None else amount(len(file.cves), "CVE") if file.cves else "none"
    from_ = _from(plan, platform, file)
    return file.name, from_, file.version, _kind(file), fixes, file.restart, _where(plan, file)


def _kind(file: Package) -> str:
    return "security" if file.fixes_security else "update"


def _changed(plan: Plan, file: Package) -> list[tuple[HostPlan, str | None]]:
    return [
        (host, change.previous)
        for host in plan.hosts.values()
        for change in host.changes
        if change.key == file.key and file in plan.patch_set.get(host.platform, ())
    ]


def _from(plan: Plan, platform: str, file: Package) -> str:
    versions = [previous or "(new)" for host, previous in _changed(plan, file) if host.platform == platform]
    return listed(dict.fromkeys(versions), most=2)


def _where(plan: Plan, file: Package) -> str:
    return _named(plan, [host.name for host, _ in _changed(plan, file)])


def _named(plan: Plan, names: Sequence[str]) -> str:
    return "all" if len(names) == len(plan.hosts) else listed(names, most=4)


def _tier(plan: Plan, tier: TierPlan, now: datetime) -> str:
    zones = sorted(set(tier.zones.values()))
    when = f"by its hosts' clocks: {', '.join(zones)}" if len(zones) > 1 else _when(plan, tier, tier.hosts, now)
    lines = [f"tier {tier.name}: {amount(len(tier.hosts), 'host')}, {when}"]
    lines += [f"  {promise}" for promise in _promises(plan, tier)]
    will = foreseen(plan, tier)
    lines += [] if will.ok else [f"  WILL NOT BEGIN as it stands: {one_line(will.reason)}"]
    for number, wave in enumerate(tier.waves, start=1):
        hosts = listed([f"{name} ({len(plan.hosts[name].changes)})" for name in wave], most=12)
        own = f", {_when(plan, tier, wave, now)}" if len(zones) > 1 else ""
        lines.append(f"  wave {number}{_canary(tier, number)}: {hosts}{own}")
    return "\n".join(lines)


def _when(plan: Plan, tier: TierPlan, hosts: Sequence[str], now: datetime) -> str:
    need = longest_need(plan, tier).total
    calendar = plan.calendar(tier, hosts)
    if calendar.never is not None:
        return f"never open: {calendar.never.reason}"
    opening = calendar.next_opening(now, need)
    if opening is None:
        return f"never open: no window has room for the {span(need)} that a wave may take"
    if tier.always and opening.opens <= now:
        return f"always open; a wave may take {span(need)}, rollback reserve included"
    when = f"open until {moment(opening.closes)}" if opening.opens <= now else f"opens {moment(opening.opens)}"
    return f"window {opening.name} {when}; a wave may take {span(need)}, rollback reserve included"


_WAYS_BACK = {
    ReturnBy.PACKAGES: "the old packages, proven on each host before it is touched",
    ReturnBy.SNAPSHOT: "the old packages, then a snapshot of the root, proven on each host before it is touched",
    ReturnBy.NONE: "NONE: a host that the update harms stays as it is, and waits for a person",
}


def _promises(plan: Plan, tier: TierPlan) -> Iterator[str]:
    checks = ", ".join(check.name for check in plan.checks_of(tier.name)) or "none, so nothing will pass"
    soak = f"; soaks {span(tier.soak)}" if tier.soak else ""
    soak += f"; pauses {span(tier.pause)} between waves" if tier.pause else ""
    if plan.limits.confirm:
        within = span(max(confirm_within(plan, tier.name, len(wave)) for wave in tier.waves))
        yield f"a host that nobody could confirm {within} after its update began restores itself"
    else:
        yield "a host that goes dark stays as it is: limits.confirm is 0"
    yield f"health: {checks}; failure budget {_budget(plan, tier)}; on failure {tier.on_failure}{soak}"
    if plan.monitor:
        yield f"watched for {span(plan.monitor)} after the last wave of all; what fails by then is put back"
    yield _room(longest_need(plan, tier))
    yield f"way back: {_WAYS_BACK[tier.returns]}"
    if tier.impact:
        yield f"impact: {tier.impact}{f', because {tier.impact_why}' if tier.impact_why else ''}"
    yield from backup_lines(plan.backup_of(tier.name))
    yield from around_lines(plan.maintenance.of(tier.name))
    if told := [channel.name for channel in plan.channels if takes(channel, News.PLANNED, tier.name)]:
        times = "".join(f"T-{span(before)}, " for before in tier.announce)
        yield f"announced {times}when it begins and ends, on: {listed(map(one_line, told))}"
    if heard := [_updated(channel) for channel in plan.channels if takes(channel, News.PROGRESS, tier.name)]:
        yield f"updates while it lasts, on: {listed(heard)}"
    if tier.request:
        yield "wants a change request for this plan: `patchtide request new`"
    if tier.checklist:
        items = listed([f"{item.name} (T-{span(item.before)})" for item in tier.checklist])
        yield f"goes when its checklist is done: {items}"
    if tier.approvals:
        yield f"needs {approvals_text(tier.approvals)}"
    if tier.urgent is not None:
        yield f"in an emergency: {asked_text(tier.urgent)}"
    elif tier.no_emergency:
        yield f"can be no emergency: {one_line(tier.no_emergency)}"


def _updated(channel: Channel) -> str:
    every = f", every {span(channel.every)}" if channel.every else ""
    return one_line(f"{channel.name} (wave by wave{every})")


def _budget(plan: Plan, tier: TierPlan) -> str:
    more = [f"{tier.wave_budget} of each wave"] if tier.wave_budget is not None else []
    more += [f"{plan.failure_budget} of the run"] if plan.failure_budget is not None else []
    return ", ".join([str(tier.failure_budget), *more])


def _canary(tier: TierPlan, number: int) -> str:
    if number > tier.canaries:
        return ""
    soaks = number == tier.canaries and tier.canary_soak
    return f" (canary, soaks {span(tier.canary_soak)})" if soaks else " (canary)"


def _room(need: Need) -> str:
    """Say what a wave needs of its window, part by part, and where each number comes from."""
    told = [f"{name} {span(time)}{_source(need.samples.get(name))}" for name, time in need.parts.items() if time]
    rounds = f", in {need.rounds} rounds" if need.rounds > 1 else ""
    return f"room for a wave: {span(need.total)}{rounds}: {' + '.join(told)}"


def _source(samples: int | None) -> str:
    if samples is None:
        return ""
    return f" (p95 of {samples})" if samples else " (limit)"


def _aside(plan: Plan) -> Iterator[str]:
    left_out = [f"  {one_line(f'{item}: {why}')}" for item, why in not_made(plan)]
    if left_out:
        yield "\n".join(["checks that are not made; a later tier waits until somebody waives them:", *left_out])
    refused = [f"  {host.name}: {one_line(host.refused)}" for host in plan.hosts.values() if host.refused]
    if refused:
        yield "\n".join(["hosts that get nothing:", *refused])
    owing = [
        f"  {host.name}: {one_line('; '.join(host.owes_reboot))}" for host in plan.hosts.values() if host.owes_reboot
    ]
    if owing:
        yield "\n".join(["hosts that owe a reboot from before:", *owing])
    left = left_views(plan)
    if left:
        told = [f"  {view.package}: {view.reason} ({listed(view.hosts, _ALIKE)})" for view in left]
        yield "\n".join([f"updates that stay away ({left_text(left)}):", *told])
