"""What notices say: a subject and a text, in words for people who do not know Patchtide."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from patchtide.core.emergency import NAME as EMERGENCY
from patchtide.core.events import Continued, Extended, Held, Paused
from patchtide.core.hoststate import HostState
from patchtide.core.listing import listed
from patchtide.core.plan import TierPlan
from patchtide.core.policy import WAY_BACK
from patchtide.core.run import Run
from patchtide.core.steps import EndState
from patchtide.core.wall import need
from patchtide.core.windows import ALWAYS, Opening

_SHOWN = 12
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))

Told = tuple[str, str]
"""A subject and a text."""


def planned(run: Run, tier: TierPlan, opening: Opening) -> Told:
    """Return the announcement of a window."""
    now_open, urgent = opening.name == ALWAYS, run.said.emergency if opening.name == EMERGENCY else None
    kind = "Emergency" if urgent else "Planned"
    when = "as soon as its turn comes" if now_open else f"{moment(opening.opens)} to {moment(opening.closes)}"
    why = f", because {tier.impact_why}" if tier.impact_why else ""
    files = sorted({file.exact for host in tier.hosts for file, _ in run.plan.packages(host)})
    lines = [
        f"Maintenance of {tier.name} is planned.",
        *([f"It is an emergency, says {urgent.by}: {urgent.reason}"] if urgent else []),
        "",
        f"Time: {when} (window {opening.name})",
        f"Impact: {tier.impact or 'not known'}{why}",
        f"Hosts: {listed(tier.hosts, _SHOWN)}",
        f"Updates: {listed(files, _SHOWN)}",
        "",
        "Hosts go one wave after the other, and each for a short while only. You will hear when it begins and ends.",
        "",
        asked_for(run),
    ]
    return f"{kind} maintenance: {tier.name}, {when}", "\n".join(lines)


def begun(run: Run, tier: TierPlan) -> Told:
    """Return that work on a tier has begun."""
    waves = f" in {len(tier.waves)} waves" if len(tier.waves) > 1 else ""
    text = f"Maintenance of {tier.name} has begun: {len(tier.hosts)} of {len(run.hosts)} hosts{waves}."
    return f"Maintenance has begun: {tier.name}", f"{text}\n\nHosts: {listed(tier.hosts, _SHOWN)}"


def progress(run: Run, tier: TierPlan, every: timedelta | None) -> Told:
    """Return how far a tier is, what is at work, what is still to come, and how long that may take."""
    hosts = run.in_tier(tier.name)
    ends = Counter(host.end for host in hosts if host.settled)
    told = ", ".join(f"{ends[end]} {end.replace('_', ' ')}" for end in EndState if end in ends) or "none yet"
    at_work = [f"{host.name} ({host.word})" for host in hosts if host.worked_on or host.in_doubt]
    to_come = [host.name for host in hosts if host.unbegun]
    settled = f"{ends.total()} of {len(hosts)} hosts"
    lines = [
        f"Maintenance of {tier.name} goes on.",
        "",
        f"Done: {settled}: {told}",
        f"At work: {listed(at_work, _SHOWN) or 'none at the moment'}",
        f"To come: {listed(to_come, _SHOWN) or 'none'}",
        f"The rest takes up to {span(_rest(run, tier))} of work, if nothing has to be put back.",
        *([f"Waiting: {run.held.reason}"] if run.held else []),
        *([f"You will hear again within {span(every)}, while work lasts."] if every else []),
    ]
    return f"Maintenance goes on: {tier.name}, {settled} done", "\n".join(lines)


def _rest(run: Run, tier: TierPlan) -> timedelta:
    """Return the most that the waves which are not settled may take, but for ways back, in whole minutes."""
    left = [wave for wave in tier.waves if not all(run.hosts[name].settled for name in wave)]
    needs = [need(run.plan, tier.name, wave) for wave in left]
    work = sum((each.total - each.parts[WAY_BACK] for each in needs), tier.pause * max(0, len(left) - 1))
    return timedelta(minutes=-(-work // timedelta(minutes=1)))


def soaking(tier: str, what: str, over: datetime) -> Told:
    """Return that something has its update and is watched."""
    whose = f"the {what} of {tier}" if what else tier or "everything that was updated"
    text = f"The update is on {whose}, and is watched until {moment(over)}: what fails by then is put back."
    return f"Maintenance is watched: {whose}, until {moment(over)}", text


def resumed(event: Continued) -> Told:
    """Return that nobody holds the run any more."""
    return "Maintenance is resumed", f"{event.by} let the maintenance go on {moment(event.at)}."


def rolled_back(tier: TierPlan, back: Sequence[str]) -> Told:
    """Return that an update did harm and is being undone."""
    text = f"The update did harm in {tier.name}, or was not wanted any more. Hosts are put back as they were:"
    return f"Maintenance is rolled back: {tier.name}", f"{text} {listed(back, _SHOWN)}."


def done(tier: TierPlan, hosts: Sequence[HostState]) -> Told:
    """Return how work on a tier ended."""
    ends = Counter(host.end for host in hosts)
    told = ", ".join(f"{ends[end]} {end.replace('_', ' ')}" for end in EndState if end in ends)
    bad = [f"{host.name} is {host.end}: {host.reason}" for host in hosts if host.end is not EndState.PATCHED][:_SHOWN]
    return f"Maintenance is done: {tier.name}, {told}", "\n".join(
        [f"Maintenance of {tier.name} is done: {told}.", *bad]
    )


def extended(event: Extended) -> Told:
    """Return that a window stays open for longer."""
    until = f"until {moment(event.until)} instead of {moment(event.since)}"
    text = f"Maintenance of {event.tier} goes on {until}, says {event.by}: {event.reason}"
    return f"Maintenance takes longer: {event.tier}, {until}", text


def paused(event: Paused) -> Told:
    """Return that a person holds the run."""
    text = f"{event.by} paused the maintenance {moment(event.at)}: {event.reason}"
    text = f"{text}\n\nNothing new begins until it is resumed."
    return f"Maintenance is paused: {_line(event.reason)}", text


def waiting(held: Held) -> Told:
    """Return that a run waits for a person."""
    return f"A person is waited for: {_line(held.reason)}", f"The run waits ({held.code}) for a person: {held.reason}"


def ended(run: Run) -> Told:
    """Return how the run ended."""
    word = str(run.outcome).replace("_", " ")
    return f"The run has ended: {word}", f"The run has ended: {word}; {run.reason}."


def asked_for(run: Run) -> str:
    """Return whose change it is."""
    requests = "".join(f", change request {word.id}" for word in run.said.requests if word.digest == run.plan.digest)
    return f"Asked for by {run.opened_by}{requests}; plan {run.plan.digest[:19]}."


def moment(instant: datetime) -> str:
    """Return an instant in UTC, to the minute."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(time: timedelta) -> str:
    """Return a time in the largest unit that it is a whole number of: 7d, 24h as 1d, 90m."""
    seconds = int(time.total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _line(text: str) -> str:
    return " ".join(text.split())
