"""What no section can see alone: names that nothing answers to, tiers that nothing judges, windows without room."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from patchtide.config.checks import HealthCheck
from patchtide.config.impacts import ImpactClass, impacts_meant
from patchtide.config.mean import limits_of, maintenance_meant, tiers_of
from patchtide.config.problems import Fault, Loc
from patchtide.config.scalars import spelled
from patchtide.config.schema import CalendarFile, ConfigFile, Tier
from patchtide.core.checklist import OF_EARLIER_TIERS
from patchtide.core.gates import RESERVED
from patchtide.core.health import INSTALLED, time_taken
from patchtide.core.impact import Impact, Rules, together
from patchtide.core.maintenance import entering_room
from patchtide.core.meant import meant
from patchtide.core.policy import Approvals, ReturnBy, room
from patchtide.core.windows import ALWAYS
from patchtide.files import Kind, kind_of


def calendar_faults(file: CalendarFile) -> Iterator[Fault]:
    """Yield what is wrong between tiers, windows and blackouts."""
    tiers = [tier.name for tier in file.tiers]
    yield from _twice("tiers", tiers)
    yield from _twice("blackouts", [blackout.name for blackout in file.blackouts])
    if ALWAYS in file.windows:
        hint = f"`window: {ALWAYS}` is a tier that never closes."
        yield Fault(("windows", ALWAYS), f"no window can be called {ALWAYS!r}", hint)
    for position, tier in enumerate(file.tiers):
        yield from _unknown(("tiers", position, "window"), tier.window, {*file.windows, ALWAYS}, "window")
    for position, blackout in enumerate(file.blackouts):
        yield from _unknown(("blackouts", position, "tiers"), blackout.tiers, tiers, "tier")


def file_faults(file: ConfigFile) -> Iterator[Fault]:
    """Yield what is wrong in a whole configuration, whatever it is read for."""
    yield from calendar_faults(file)
    yield from _twice("health", [check.name for check in file.health])
    if file.monitor_every > file.monitor and "monitor_every" in file.model_fields_set:
        message = f"is never: it is longer than the {spelled(file.monitor)} of monitoring"
        yield Fault(("monitor_every",), message, "Give `monitor` more time.")
    for position, check in enumerate(file.health):
        if check.name == INSTALLED:
            yield Fault(("health", position, "name"), f"no check can be called {INSTALLED!r}: that is judged anyway")
        yield from _unknown(("health", position, "tiers"), check.tiers, [tier.name for tier in file.tiers], "tier")
    yield from _maintenance_faults(file)
    yield from _notices(file)
    yield from _checklists(file)
    yield from _impacts(file)
    for position, tier in enumerate(file.tiers):
        judging = _judging(file, tier)
        if not judging:
            hint = "Add one to `health`; `services: unchanged` is a good beginning."
            yield Fault(("tiers", position), "no health check judges this tier, and unjudged is never healthy", hint)
        yield from _windows_without_room(file, tier, ("tiers", position, "window"))
        yield from _one_way_unapproved(file, tier, ("tiers", position))


def _maintenance_faults(file: ConfigFile) -> Iterator[Fault]:
    known = [tier.name for tier in file.tiers]
    if file.backup is not None:
        yield from _unknown(("backup", "tiers"), file.backup.tiers, known, "tier")
    named = file.maintenance
    if named is None:
        return
    yield from _twice("maintenance.hooks", [hook.name for hook in named.hooks])
    for loc, tiers in named.concerned():
        yield from _unknown(("maintenance", *loc, "tiers"), tiers, known, "tier")


def _notices(file: ConfigFile) -> Iterator[Fault]:
    yield from _twice("notices", [channel.name for channel in file.notices])
    for position, channel in enumerate(file.notices):
        yield from _unknown(("notices", position, "tiers"), channel.tiers, [tier.name for tier in file.tiers], "tier")


def _checklists(file: ConfigFile) -> Iterator[Fault]:
    names = [(place, item.name) for place, one in enumerate(file.checklists) for item in one.items]
    for number, (place, name) in enumerate(names):
        if name in {other for _, other in names[:number]} or name in RESERVED:
            yield Fault(("checklists", place, "items"), f"the name {name!r} is taken", "Names tell things apart.")
    for place, checklist in enumerate(file.checklists):
        loc: Loc = ("checklists", place)
        yield from _unknown((*loc, "tiers"), checklist.tiers, [tier.name for tier in file.tiers], "tier")
        applied = tiers_of(file, checklist)
        if not applied:
            yield Fault(loc, "is for no tier: there is only the first one", "Say which with `tiers`.")
        first = [item.name for item in checklist.items if item.auto in OF_EARLIER_TIERS]
        if first and file.tiers[0].name in applied:
            message = f"item {first[0]!r} asks what an earlier tier has proven, and nothing is before the first one"
            yield Fault((*loc, "items"), message, "Leave it out there.")


def _impacts(file: ConfigFile) -> Iterator[Fault]:
    """Yield what is said of impact classes and can mean nothing, or can never be had."""
    meant_by = impacts_meant(file.impacts)
    for impact, rules in meant_by.items():
        if impact is not Impact.EMERGENCY and rules.people and len(rules.people) < rules.approvals:
            message = f"asks for {rules.approvals} approvals, but {len(rules.people)} may give one"
            yield Fault(("impacts", impact), message, "Name more people, or ask for fewer `approvals`.")
    urgent = file.impacts.emergency if file.impacts else ImpactClass()
    if {"approvals", "from_"} & urgent.model_fields_set:  # its default asks only where there is somebody
        yield from _too_few_for_an_emergency(file, meant_by[Impact.EMERGENCY])
    for setting, why in _MEANINGLESS:
        if setting in urgent.model_fields_set:
            yield Fault(("impacts", "emergency", setting), f"means nothing: {why}", "Leave it out.")
    notice = meant_by[Impact.EMERGENCY].notice
    if notice >= file.emergency.limit:
        message = f"leaves no time: an emergency is over {spelled(file.emergency.limit)} after it was declared"
        hint = "Ask for a shorter `notice`, or let an emergency last longer with `emergency: {limit: ...}`."
        yield Fault(("impacts", "emergency", "notice"), message, hint)


def _too_few_for_an_emergency(file: ConfigFile, rules: Rules) -> Iterator[Fault]:
    for tier in file.tiers:
        asked = together(Approvals(tier.approvals.count, tier.approvals.from_) if tier.approvals else None, rules)
        if ALWAYS not in tier.window and len(asked.people) < asked.count:
            message = f"asks for {asked.count} approvals in tier {tier.name!r}, but {len(asked.people)} may give one"
            yield Fault(("impacts", "emergency"), message, "Name more people with `from`, here or in the tier.")


_MEANINGLESS = (
    ("windows", "an emergency goes on outside all windows for as long as it lasts"),
    ("announce", "an emergency is told as soon as it is declared, since nobody knows of it before"),
)


def _one_way_unapproved(file: ConfigFile, tier: Tier, loc: Loc) -> Iterator[Fault]:
    if _returns(file, tier) is ReturnBy.NONE and tier.approvals is None:
        message = "has no way back (`return: none`), and nobody has to agree to that"
        yield Fault(loc, f"tier {tier.name!r} {message}", "Add `approvals`: whoever gives one sees it in the plan.")


def _returns(file: ConfigFile, tier: Tier) -> ReturnBy:
    return tier.return_ or file.return_


def expired(file: ConfigFile, today: date) -> Iterator[Fault]:
    """Yield the exclusions whose last day is over."""
    for position, exclusion in enumerate(file.updates.exclude):
        if exclusion.until < today:
            message = f"the exclusion of {exclusion.package!r} ended on {exclusion.until}: {exclusion.reason}"
            hint = f"Ask {exclusion.owner}, who owns it; then renew it or remove it."
            yield Fault(("updates", "exclude", position, "until"), message, hint)


def room_needed(file: ConfigFile, tier: Tier) -> timedelta:
    """Return the time that a wave of a tier needs in a window: update, reboot, verify, and the way back."""
    return sum(_parts(file, tier).values(), timedelta(0))


def _parts(file: ConfigFile, tier: Tier) -> dict[str, timedelta]:
    verify = time_taken(_judging(file, tier))
    return {
        **room(limits_of(file.limits), file.reboot, verify, _returns(file, tier)),
        "maintenance mode": entering_room(maintenance_meant(file, Path()), tier.name),
    }


def _judging(file: ConfigFile, tier: Tier) -> list[HealthCheck]:
    return [check for check in file.health if check.enabled and (not check.tiers or tier.name in check.tiers)]


def _windows_without_room(file: ConfigFile, tier: Tier, loc: Loc) -> Iterator[Fault]:
    need = room_needed(file, tier)
    for name in tier.window:
        window = file.windows.get(name)
        if window is not None and window.lasts is not None and window.lasts < need:
            yield Fault(loc, f"window {name!r} is {spelled(window.lasts)}, but a wave needs {_sum(file, tier)}", _ROOM)


_ROOM = "Nothing begins that cannot finish in its window: lengthen it, or shorten what has to fit."


def _sum(file: ConfigFile, tier: Tier) -> str:
    told = " + ".join(f"{spelled(span)} {word}" for word, span in _parts(file, tier).items() if span)
    return f"{spelled(room_needed(file, tier))}: {told}"


def _twice(section: str, names: Sequence[str]) -> Iterator[Fault]:
    for position, name in enumerate(names):
        if name in names[:position]:
            yield Fault(
                (*section.split("."), position),
                f"the name {name!r} is there twice",
                "Names tell things apart: rename one.",
            )


def _unknown(loc: Loc, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[Fault]:
    there = list(known)
    for name in names:
        if name not in there:
            yield Fault(loc, f"there is no {what} {name!r}", meant(name, there))


def missing_files(file: ConfigFile, folder: Path) -> Iterator[Fault]:
    """Yield the files that are named and not there; paths are relative to a folder."""
    for position, name in enumerate(file.inventory):
        if kind_of(folder / name) not in {Kind.FILE, Kind.FOLDER}:  # Ansible waits for a pipe for ever
            loc: Loc = ("inventory", position)
            yield Fault(loc, f"there is no inventory {name!r} in {folder}", "The path is relative to this file.")
    for position, check in enumerate(file.health):
        if check.playbook is not None and kind_of(folder / check.playbook) is not Kind.FILE:
            hint = "The path is relative to this file."
            yield Fault(("health", position, "playbook"), f"there is no playbook {check.playbook!r} in {folder}", hint)
    keys: list[tuple[Loc, str]] = [(("trust", position), name) for position, name in enumerate(file.trust)]
    keys += [(("people", person), name) for person, names in file.people.items() for name in names]
    for loc, name in keys:
        if kind_of(folder / name) is not Kind.FILE:
            hint = "Name a public key as `patchtide key new` writes it; the path is relative to this file."
            yield Fault(loc, f"there is no key {name!r} in {folder}", hint)
    for loc, name in _task_files(file):
        if kind_of(folder / name) is not Kind.FILE:
            hint = "It is a file with Ansible tasks; the path is relative to this file."
            yield Fault(loc, f"there is no task file {name!r} in {folder}", hint)
    if file.state is not None and kind_of(folder / file.state) is Kind.FILE:
        yield Fault(("state",), f"{file.state!r} is a file, but has to be a folder")


def _task_files(file: ConfigFile) -> Iterator[tuple[Loc, str]]:
    """Yield the files of tasks that maintenance mode and backups consist of, and where they are named."""
    deeds = [(("maintenance", *loc), deed) for loc, deed in file.maintenance.deeds()] if file.maintenance else []
    if file.backup is not None:
        deeds += [(("backup", "run"), file.backup.run), (("backup", "verify"), file.backup.verify)]
    yield from ((loc, deed) for loc, deed in deeds if isinstance(deed, str))
