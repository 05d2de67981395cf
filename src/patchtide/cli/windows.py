"""`patchtide windows`: when a tier may be worked on, and why not now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw
from patchtide.config.load import calendar_settings_of
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.meant import meant
from patchtide.core.planning import NotProbed, planned
from patchtide.core.policy import ENTER_MARGIN
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.waves import EVERYONE
from patchtide.core.windows import HORIZON, Opening
from patchtide.report.words import moment, stamp
from patchtide.wiring import CONFIG_NAME
from patchtide.wiring import settings as settings_in

_tier = click.option("--tier", help="The tier; by default the last one, where windows matter most.")
_at = click.option("--at", metavar="TIME", help="Ask as of then: 2027-01-03T01:30Z, UTC when no zone is said.")


@click.group("windows", cls=Group)
def windows() -> None:
    """When a tier may be worked on, and why not now."""


@command("next")
@_tier
@_at
@click.pass_obj
def upcoming(call: Call, tier: str | None, at: str | None) -> int:
    """Tell when a tier may be worked on next, or until when it may be now."""
    settings = calendar_settings_of(call.config or Path(CONFIG_NAME))
    wanted, now = _tier_named(settings, tier), _instant(at)
    opening = settings.calendar(wanted).next_opening(now)
    reason = _reason(wanted, opening, now)
    if call.json:
        view = {**_view(opening), "reason": reason} if opening else None
        raw(document("windows-next", {"next": view, "tier": wanted.name, **({} if opening else {"reason": reason})}))
    else:
        printed(f"{wanted.name}: {reason}", call)
    return 0


def _view(opening: Opening) -> dict[str, str]:
    return {"name": opening.name, "opens": stamp(opening.opens), "closes": stamp(opening.closes)}


def _reason(tier: TierSettings, opening: Opening | None, now: datetime) -> str:
    if opening is None:
        if not tier.windows and not tier.always:
            return "the tier has no window, so it is never open"
        return f"no window opens within {HORIZON.days} days of {moment(now)}"
    early = f", when blackout {opening.closed_by!r} begins" if opening.closed_by else ""
    until = "" if tier.always and not early else f" until {moment(opening.closes)}{early}"
    state = "is open" if opening.opens <= now else f"opens {moment(opening.opens)}, and stays open"
    return f"window {opening.name!r} {state}{until}"


@command("why-not")
@_tier
@_at
@click.pass_obj
def why_not(call: Call, tier: str | None, at: str | None) -> int:
    """Tell whether a wave may begin now, rollback reserve included, and if not, why and until when."""
    path = call.config or Path(CONFIG_NAME)
    settings = calendar_settings_of(path)
    wanted, now = _tier_named(settings, tier), _instant(at)
    verdict = settings.calendar(wanted).may_begin(now, _need(path, wanted.name, now))
    if call.json:
        raw(document("windows-why-not", verdict, tier=wanted.name, at=now))
    else:
        printed(f"{wanted.name} at {moment(now)}: {'yes' if verdict.ok else 'no'}, {verdict.reason}", call)
    return 0


def _need(path: Path, tier: str, now: datetime) -> timedelta:
    """Return what a wave may take; nothing where the file holds a calendar only.

    A plan for one made-up host per tier answers, so that the rule is the one by which a run is let in.
    """
    try:
        settings = settings_in(path, planning=False)
    except UsageError:
        return timedelta(0)
    alike = tuple(replace(each, waves=EVERYONE, spread_by=None) for each in settings.tiers)
    members = {each.name: (Host(each.name),) for each in alike}
    unknown = {each.name: NotProbed("not asked", unreachable=False) for each in alike}
    return planned(replace(settings, tiers=alike), members, unknown, now, "").wall(tier) + ENTER_MARGIN


def _tier_named(settings: Settings, name: str | None) -> TierSettings:
    if name is None:
        return settings.tiers[-1]
    known = {tier.name: tier for tier in settings.tiers}
    if name not in known:
        raise UsageError(f"there is no tier {name!r}", where=settings.path, hint=meant(name, known))
    return known[name]


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"--at: {text!r} is no time", hint="Write one as in 2027-01-03T01:30Z.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


windows.add_command(upcoming)
windows.add_command(why_not)
