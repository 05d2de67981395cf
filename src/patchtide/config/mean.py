"""From what is written to what the core understands: absolute paths, defaults in place, names resolved."""

from dataclasses import replace
from pathlib import Path

from patchtide.config.around import backup_meant, meant
from patchtide.config.checks import HealthCheck
from patchtide.config.consent import Checklist
from patchtide.config.impacts import impacts_meant
from patchtide.config.mean_times import Calendars, blackouts_meant, window_meant, zone_of_tier
from patchtide.config.notices import channels_meant
from patchtide.config.schema import Approvals, CalendarFile, Canaries, ConfigFile, Limits, Tier, Updates
from patchtide.config.section import Section
from patchtide.core import health, maintenance, patchset, policy, windows
from patchtide.core.records import STATE
from patchtide.core.settings import Settings, TierSettings


def settings_meant(file: ConfigFile, path: Path, read: Calendars, state: Path | None = None) -> Settings:
    """Return the settings of a sound file; `state` overrides the folder that the file names.

    `read` is what its iCalendar files hold; times that come from one which is not in it are closed.
    """
    folder = path.parent
    return Settings(
        path=str(path),
        inventory=tuple(str(folder / name) for name in file.inventory),
        state=str(state.absolute() if state else folder / (file.state or STATE)),
        tiers=_with_checklists(file, _tiers(file, read, file.return_)),
        windows=_windows(file, file.timezone, read),
        blackouts=blackouts_meant(file, read),
        selection=_selection(file.updates),
        checks=tuple(_check(check, folder) for check in file.health),
        limits=limits_of(file.limits),
        reboot=file.reboot,
        monitor=file.monitor,
        monitor_every=file.monitor_every,
        restarts=policy.Restarts(file.services.restart, file.services.keep),
        maintenance=maintenance_meant(file, folder),
        backup=backup_meant(file.backup, folder),
        forks=file.forks,
        failure_budget=file.failure_budget,
        trust=tuple(str(folder / name) for name in file.trust),
        emergency=policy.EmergencyPolicy(file.emergency.limit, file.emergency.second_person == "required"),
        people={name: tuple(str(folder / key) for key in keys) for name, keys in file.people.items()},
        channels=tuple(channels_meant(file.notices, folder, tuple(tier.name for tier in file.tiers))),
        clock=file.clock,
        impacts=impacts_meant(file.impacts),
        impacts_ask=file.impacts is not None,
    )


def maintenance_meant(file: ConfigFile, folder: Path) -> maintenance.Maintenance:
    """Return what is done around a host's update; paths are relative to a folder."""
    return meant(file.maintenance, folder)


def calendar_meant(file: CalendarFile, path: Path, read: Calendars) -> Settings:
    """Return settings that know tiers, windows and blackouts, and nothing else."""
    state = str(path.parent / STATE)
    known = _windows(file, file.timezone, read)
    settings = Settings(str(path), (), state, _tiers(file, read), known, blackouts_meant(file, read))
    return replace(settings, clock=file.clock)


def _windows(file: CalendarFile, timezone: str, read: Calendars) -> dict[str, windows.When]:
    return {name: window_meant(name, window, timezone, read) for name, window in file.windows.items()}


def _tiers(
    file: CalendarFile, read: Calendars, returns: policy.ReturnBy = policy.ReturnBy.PACKAGES
) -> tuple[TierSettings, ...]:
    return tuple(_tier(tier, _windows(file, zone_of_tier(tier, file), read), returns) for tier in file.tiers)


def _with_checklists(file: ConfigFile, tiers: tuple[TierSettings, ...]) -> tuple[TierSettings, ...]:
    return tuple(replace(tier, checklist=_checklist(file, tier.name)) for tier in tiers)


def _checklist(file: ConfigFile, tier: str) -> tuple[policy.ChecklistItem, ...]:
    lists = [one for one in file.checklists if tier in tiers_of(file, one)]
    return tuple(policy.ChecklistItem(i.name, one.before, i.text or "", i.auto) for one in lists for i in one.items)


def tiers_of(file: ConfigFile, checklist: Checklist) -> tuple[str, ...]:
    """Return the tiers that a checklist is for."""
    return checklist.tiers or tuple(tier.name for tier in file.tiers[1:])


def _tier(tier: Tier, known: dict[str, windows.When], returns: policy.ReturnBy) -> TierSettings:
    always = tier.window == (windows.ALWAYS,)
    return TierSettings(
        name=tier.name,
        pattern=tier.hosts,
        windows=() if always else tuple(known[name] for name in tier.window),
        always=always,
        waves=tier.waves,
        spread_by=tier.spread_by,
        soak=tier.soak,
        soak_every=tier.soak_every,
        failure_budget=tier.failure_budget,
        wave_budget=tier.wave_budget,
        wave_per=tier.wave_per,
        spread_most=tier.spread_most,
        order=policy.Order(tier.order_by.variable, tier.order_by.values) if tier.order_by else None,
        canary=_canary(tier.canary) if tier.canary else None,
        pause=tier.pause,
        on_failure=tier.on_failure,
        approvals=_approvals(tier.approvals) if tier.approvals else None,
        returns=tier.return_ or returns,
        zone_from=tier.timezone.variable if tier.timezone else "",
        request=tier.request == "required",
    )


def _canary(canary: Canaries) -> policy.Canary:
    return policy.Canary(canary.hosts, canary.count or policy.NONE, canary.soak)


def _approvals(approvals: Approvals) -> policy.Approvals:
    return policy.Approvals(approvals.count, approvals.from_, approvals.notice, approvals.valid_for)


def _selection(updates: Updates) -> patchset.Selection:
    exclusions = (patchset.Exclusion(e.package, e.owner, e.reason, e.until) for e in updates.exclude)
    allowed = updates.removals == "allow"
    return patchset.Selection(updates.only == "security", tuple(exclusions), allowed, updates.minimum_age)


def limits_of(limits: Limits) -> policy.Limits:
    """Return the limits as the core has them."""
    return policy.Limits(limits.patch, limits.reboot, limits.rollback, limits.lost, limits.confirm)


def _check(check: HealthCheck, folder: Path) -> health.Check:
    return health.Check(
        name=check.name,
        kind=check.kind,
        settings=_own(check, folder),
        warm_up=check.warm_up,
        every=check.every,
        healthy_for=check.healthy_for,
        deadline=check.deadline,
        timeout=check.patience,
        tiers=check.tiers,
        failures=check.failures,
        source=check.source,
        enabled=check.enabled,
    )


def _own(check: HealthCheck, folder: Path) -> dict[str, object]:
    """Return what only this kind of check has, as plain JSON data: it goes into the plan and to the hosts."""
    given = getattr(check, check.kind)
    match check.kind:
        case "services":
            return {"units": _names(given), "crash_window": check.watched_for.total_seconds()}
        case "processes" | "listeners" | "mounts":
            return {"items": _names(given)}
        case health.PLAYBOOK:
            return {"playbook": str(folder / given)}
        case _:
            return {_HOST_WORDS.get(key, key): _plain(key, value) for key, value in given if _counts(given, key)}


_HOST_WORDS = {"name": "query", "run": "argv", "client": "argv"}
"""What a key is called where a check is made, if not as in the file."""


def _counts(given: Section, key: str) -> bool:
    """Say whether a value says anything: what is left out does not, nor do samples that nothing compares."""
    compared = any(getattr(given, word, None) is not None for word in health.COMPARING)
    return getattr(given, key) not in (None, ()) and (key != "samples" or compared)


def _plain(key: str, value: object) -> object:
    """Return a value as hosts take it: free room in percent, all other shares as parts of one."""
    if key == "units":
        return _names(value)
    if isinstance(value, float):
        return round(float(value) * (100 if key == "free" else 1), 6)
    return list(value) if isinstance(value, tuple) else value


def _names(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
