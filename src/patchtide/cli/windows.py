"""`patchtide windows`: when a tier may be worked on, and why not now."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw, width
from patchtide.config.load import calendar_settings_of
from patchtide.core.calendar import FARTHEST, Calendar
from patchtide.core.errors import UsageError
from patchtide.core.meant import meant
from patchtide.core.settings import Settings, TierSettings
from patchtide.core.timekeeping import clock_gate
from patchtide.core.verdict import Verdict
from patchtide.core.windows import Opening, is_zone
from patchtide.report.words import moment, stamp
from patchtide.wiring import CONFIG_NAME, blackouts, records, store, synchronised
from patchtide.wiring import settings as settings_in

if TYPE_CHECKING:
    from patchtide.report.calendars import Entry

_YEARS_AHEAD = FARTHEST.days // 366
_YEARS = range(1970, 2200)
_MONTHS = click.IntRange(1, 120)

_tier = click.option("--tier", help="The tier; by default the last one, where windows matter most.")
_each = click.option("--tier", help="Only this tier; all by default.")
_at = click.option("--at", metavar="TIME", help="Ask as of then: 2027-01-03T01:30Z, UTC when no zone is said.")
_zone = click.option("--timezone", metavar="ZONE", help="The zone of a host, for tiers that go by their hosts' clocks.")
_months = click.option("--months", type=_MONTHS, default=12, show_default=True, help="How far ahead.")


@click.group("windows", cls=Group)
def windows() -> None:
    """When a tier may be worked on, and why not now."""


@command("next")
@_tier
@_at
@_zone
@click.pass_obj
def upcoming(call: Call, tier: str | None, at: str | None, timezone: str | None) -> int:
    """Tell when a tier may be worked on next, or until when it may be now."""
    now = _instant(at)
    settings = calendar_settings_of(_path(call), now)
    wanted = _tier_named(settings, tier)
    calendar = settings.calendar(wanted, _zones(timezone))
    opening = calendar.next_opening(now)
    reason = _reason(wanted, calendar, opening, now)
    if call.json:
        view = {**_view(opening), "reason": reason} if opening else None
        raw(document("windows-next", {"next": view, "reason": reason, "tier": wanted.name}))
    else:
        printed(f"{wanted.name}: {reason}", call)
    return 0


def _view(opening: Opening) -> dict[str, str]:
    return {"name": opening.name, "opens": stamp(opening.opens), "closes": stamp(opening.closes)}


def _reason(tier: TierSettings, calendar: Calendar, opening: Opening | None, now: datetime) -> str:
    if opening is None:
        never = calendar.never
        return never.reason if never else f"no window opens within {_YEARS_AHEAD} years of {moment(now)}"
    early = f", when blackout {opening.closed_by!r} begins" if opening.closed_by else ""
    until = "" if tier.always and not early else f" until {moment(opening.closes)}{early}"
    state = "is open" if opening.opens <= now else f"opens {moment(opening.opens)}, and stays open"
    return f"window {opening.name!r} {state}{until}"


@command("why-not")
@_tier
@click.option("--run", "run_name", metavar="RUN", help="Ask for a run: its windows as planned, and all of its gates.")
@_at
@_zone
@click.pass_obj
def why_not(call: Call, tier: str | None, run_name: str | None, at: str | None, timezone: str | None) -> int:
    """Tell whether a wave may begin now, rollback reserve included, and if not, why and until when.

    A window that somebody extended, and an emergency, count for the run that has not ended.
    """
    now = _instant(at)
    name, verdict = _of_run(call, run_name, tier, now) if run_name else _by_windows(call, tier, timezone, now)
    if verdict.ok and at is None:
        kept = clock_gate(calendar_settings_of(_path(call), now).clock, synchronised())
        verdict = verdict if kept.ok else kept
    if call.json:
        raw(document("windows-why-not", verdict, tier=name, at=now))
    else:
        printed(f"{name} at {moment(now)}: {'yes' if verdict.ok else 'no'}, {verdict.reason}", call)
    return 0


def _of_run(call: Call, run_name: str, tier: str | None, now: datetime) -> tuple[str, Verdict]:
    from patchtide.engine import asking
    from patchtide.engine.inspect import run_named

    _, run = run_named(store(records(_path(call))), run_name)
    return asking.why_not(run, tier, now, blackouts(_path(call)))


def _by_windows(call: Call, tier: str | None, timezone: str | None, now: datetime) -> tuple[str, Verdict]:
    settings = calendar_settings_of(_path(call), now)
    wanted = _tier_named(settings, tier)
    verdict = settings.calendar(wanted, _zones(timezone)).may_begin(now, _need(_path(call), wanted.name, now))
    return wanted.name, verdict if verdict.ok else _kept_open(call, wanted.name, now) or verdict


def _kept_open(call: Call, tier: str, now: datetime) -> Verdict | None:
    from patchtide.engine.asking import kept_open

    try:
        log = store(settings_in(_path(call), planning=False))
    except UsageError:  # the file holds a calendar only
        return None
    return kept_open(log, tier, now)


@command("list")
@_each
@_months
@_at
@_zone
@click.pass_obj
def listed(call: Call, tier: str | None, months: int, at: str | None, timezone: str | None) -> int:
    """List every time in which a tier may be worked on, blackouts taken away."""
    from patchtide.report.calendars import months_later, openings_text

    now = _instant(at)
    settings = calendar_settings_of(_path(call), now)
    found = _openings(settings, tier, now, months, _zones(timezone))
    if call.json:
        items = [{"tier": name, **_view(one), "closed_by": one.closed_by} for name, one in found]
        raw(document("windows-list", {"openings": items, "from": now, "to": months_later(now, months)}))
    else:
        printed(openings_text(found, width(call)) or "no tier is ever open in that time", call)
    return 0


@command("export")
@click.option("--ics", "_ics", is_flag=True, help="As iCalendar, which is the only form and need not be said.")
@_each
@_months
@_at
@_zone
@click.pass_obj
def export(call: Call, _ics: bool, tier: str | None, months: int, at: str | None, timezone: str | None) -> int:
    """Print windows and unfinished runs as an iCalendar file to subscribe to."""
    from patchtide.report.calendars import agenda, ics

    now = _instant(at)
    settings = calendar_settings_of(_path(call), now)
    found = _openings(settings, tier, now, months, _zones(timezone))
    raw(ics([*agenda(found), *_planned(call, now)], now))
    return 0


def _openings(
    settings: Settings, tier: str | None, now: datetime, months: int, zones: tuple[str, ...]
) -> list[tuple[str, Opening]]:
    from patchtide.report.calendars import months_later

    tiers = settings.tiers if tier is None else (_tier_named(settings, tier),)
    end = months_later(now, months)
    found = [(each.name, one) for each in tiers for one in settings.calendar(each, zones).between(now, end)]
    return sorted(found, key=lambda one: (one[1].opens, one[0]))


def _planned(call: Call, now: datetime) -> "list[Entry]":
    """Return when the run that has not ended goes on, where there is a state that knows of one."""
    from patchtide.core.fold import folded
    from patchtide.report.calendars import run_entries

    try:
        log = store(settings_in(_path(call), planning=False))
    except UsageError:  # the file holds a calendar only
        return []
    runs = ((name, folded(event for _, event in log.events(name))) for name in log.runs()[-1:])
    return [entry for name, run in runs for entry in run_entries(name, run, now)]


def _path(call: Call) -> Path:
    return call.config or Path(CONFIG_NAME)


def _zones(name: str | None) -> tuple[str, ...]:
    if name is not None and not is_zone(name):
        raise UsageError(f"--timezone: there is no time zone {name!r}", hint="Write one as in Europe/Berlin.")
    return (name,) if name else ()


def _need(path: Path, tier: str, now: datetime) -> timedelta:
    """Return what a wave may take; nothing where the file holds a calendar only."""
    from patchtide.engine.pacing import room_for

    try:
        settings = settings_in(path, planning=False)
    except UsageError:
        return timedelta(0)
    return room_for(settings, tier, store(settings), now)


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
        instant = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise UsageError(f"--at: {text!r} is no time", hint="Write one as in 2027-01-03T01:30Z.") from None
    if instant.year not in _YEARS:
        raise UsageError(f"--at: {text!r} is not between {_YEARS[0]} and {_YEARS[-1]}")
    return instant


for each in (upcoming, why_not, listed, export):
    windows.add_command(each)
