"""The ten promises, checked on a run's log and on its machines by other means than the core's own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import assert_never

from patchtide.core.calendar import openings
from patchtide.core.events import Event, HostFinished, HostsSettled, RollbackAsked, RunOpened, Status
from patchtide.core.health import judged
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.wall import confirm_within, need
from patchtide.documents import event_of, event_text
from patchtide.simulation.books import Beginning, Ledger
from patchtide.simulation.faults import Fault
from patchtide.simulation.machine import VirtualHost, after, before
from patchtide.simulation.story import Story

PROMISES = {
    1: "production gets what test proved",
    2: "there is a way back before there is a way forward",
    3: "rollback is a state restored",
    4: "a host that goes dark comes back by itself",
    5: "the window is a wall",
    6: "fail closed",
    7: "a bad version stays out",
    8: "every host ends in one known state",
    9: "kill -9 loses nothing, and no host is worked on twice",
    10: "the record can be trusted",
}
_WRITTEN_AGAIN = 2000
"""So many events of a history are written down once more; the others are like them."""
_LONG_AFTER = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept, and the sentence of what happened instead."""

    promise: int
    sentence: str


Found = Iterator[Broken]


def broken(story: Story, also: Callable[[Event], object] = lambda _: None) -> tuple[Broken, ...]:
    """Return what a run promised and did not keep, the first of each promise; `also` hears of each of its events."""
    first: dict[int, Broken] = {}
    for found in chain(_history(story, also), *(check(story) for check in _CHECKS)):
        first.setdefault(found.promise, found)
    return tuple(first[number] for number in sorted(first))


def _history(story: Story, also: Callable[[Event], object]) -> Found:
    """The log, which is read once, however long it is, replays to the very same run, and tells of nothing forbidden."""
    history = (event for _, event in story.log.events(story.run_id))
    also(first := next(history))
    if not isinstance(first, RunOpened):
        raise TypeError("a story begins with its opening")
    ledger, looks = Ledger(first), dict[str, HostFinished]()
    for number, event in enumerate(history):
        also(event)
        if number < _WRITTEN_AGAIN and event_of(event_text(event)) != event:
            yield Broken(10, f"an event does not survive being written down: {event}")
        beginning = ledger.take(event)
        yield from _begun(story, beginning) if beginning else ()
        yield from _asked(story, event)
        if isinstance(event, HostFinished) and event.step in {Step.PATCH, Step.VERIFY}:
            looks[event.host] = event
    ledger.settle()
    if ledger.run != story.run:
        yield Broken(10, "the log adds up to another run than the one that was carried out")
    yield from _judged(story, looks)


def _begun(story: Story, beginning: Beginning) -> Found:
    """Attempts only rise, and whatever begins may begin."""
    if beginning.event.attempt <= beginning.run.attempt:
        yield Broken(9, f"attempt {beginning.event.attempt} was given twice")
    for name in beginning.event.hosts:
        yield from _in_order(beginning, name)
    new = [name for name in beginning.event.hosts if _is_new(beginning, name)]
    for tier in beginning.run.plan.tiers if new else ():
        mine = [name for name in new if beginning.known.hosts[name].tier == tier.name]
        if mine:
            yield from _let_in(beginning, tier, mine)
            yield from _soaked(beginning, tier, clock_is_set=Fault.CLOCK in story.scenario.faults)


def _is_new(beginning: Beginning, name: str) -> bool:
    """Whether something begins here that has not begun before: entering, or an update that is not in a journal."""
    taken_up = beginning.known.hosts[name].reattach
    return beginning.event.step is Step.ENTER or (beginning.event.step is Step.PATCH and not taken_up)


def _in_order(beginning: Beginning, name: str) -> Found:
    """No step begins on a host in doubt; on one that ended, only what its soak or its wave's way back asks for."""
    host, step = beginning.run.hosts[name], beginning.event.step
    if step is not Step.PROBE and host.started is not None:
        yield Broken(9, f"{step} on {name}, which is in doubt at {host.started}")
    if step is Step.PROBE and host.started is None:
        yield Broken(9, f"{name} is looked at without a doubt")
    if host.settled and not (step in {Step.VERIFY, Step.ROLLBACK} and host.end is EndState.PATCHED):
        yield Broken(8, f"{step} on {name}, which ended {host.end}")


def _let_in(beginning: Beginning, tier: TierPlan, names: list[str]) -> Found:
    """Whatever is begun is begun in its window, in its turn, with the budget kept and its files proven."""
    run, books, at, who = beginning.known, beginning.books, beginning.event.at, names[0]
    if run.aborted is not None or run.asked:
        yield Broken(6, f"{who} is begun after an abort or while a rollback was asked for")
    if run.paused is not None and beginning.run.paused is not None:  # nobody said meanwhile that it goes on
        yield Broken(6, f"{who} is begun while the run is paused")
    if not _fits(run.plan, tier, at, names):
        yield Broken(5, f"{beginning.event.step} on {who} at {at:%Y-%m-%d %H:%M}: no room in the window")
    for other in run.plan.tiers:
        failed, allowed = books.has("failed", other.name), other.failure_budget.of(len(other.hosts))
        if failed > allowed:
            yield Broken(6, f"{who} is begun with {failed} failures in {other.name}, where {allowed} are allowed")
    if run.plan.failure_budget is not None:
        failed, allowed = (
            sum(books.has("failed", t.name) for t in run.plan.tiers),
            run.plan.failure_budget.of(len(run.hosts)),
        )
        if failed > allowed:
            yield Broken(6, f"{who} is begun with {failed} failures in the run, where {allowed} are allowed")
    earlier = run.plan.tiers[: run.plan.tiers.index(tier)]
    for other in earlier:
        if books.has("unsettled", other.name):
            yield Broken(1, f"{who} is begun while {other.name} is not settled")
    last = max(run.hosts[name].wave for name in names)
    for number in range(last):
        if books.has("unsettled", tier.name, str(number)):
            yield Broken(6, f"{who} is begun while wave {number + 1} of {tier.name} is not settled")
    yield from _agreed(beginning.run, tier, at, who)
    for name in names if earlier else ():
        yield from _proven(beginning, name, [other.name for other in earlier])
    for name in names:
        yield from _stays_out(beginning, name, tier)


def _fits(plan: Plan, tier: TierPlan, at: datetime, names: list[str]) -> bool:
    """Whether work that begins at an instant ends within the window, way back included."""
    calendar, until = plan.calendar(tier, names), at + need(plan, tier.name, names).total
    if not tier.always and not calendar.zones:
        return any(o.opens <= at and until <= o.closes for o in openings(tier.windows, calendar.blackouts, at, until))
    whole = [o for o in calendar.upcoming(at) if o.opens <= at]
    return any(until <= o.closes for o in whole)


def _soaked(beginning: Beginning, tier: TierPlan, *, clock_is_set: bool) -> Found:
    """Whatever follows a tier follows its soak; by a clock that somebody set back, that may seem to be to come."""
    run, at = beginning.known, beginning.event.at
    earlier = run.plan.tiers[: run.plan.tiers.index(tier)]
    soaks = {other.name: other.soak for other in earlier}
    for host in (host for other in earlier if other.soak for host in run.in_tier(other.name)):
        soak = soaks[host.tier]
        if host.end is not EndState.PATCHED:
            continue
        if host.verified_at is None or host.left_at is None:
            yield Broken(1, f"{host.name} counts as patched and was never judged")
        elif host.verified_at < host.left_at + soak or (at < host.left_at + soak and not clock_is_set):
            yield Broken(1, f"{tier.name} is begun before {host.name} has soaked")


def _agreed(run: Run, tier: TierPlan, at: datetime, who: str) -> Found:
    if tier.approvals is None:
        return
    votes = {vote.by for vote in run.said.votes if vote.digest == run.plan.digest}
    names = votes & set(tier.approvals.people) - {run.opened_by, run.plan.created_by}
    if len(names) < tier.approvals.count:
        yield Broken(6, f"{who} is begun with {len(names)} approvals, where {tier.approvals.count} are asked for")
    if at < run.opened_at + tier.approvals.notice:
        yield Broken(6, f"{who} is begun before its notice was over")


def _proven(beginning: Beginning, name: str, earlier: list[str]) -> Found:
    plan = beginning.known.plan
    for file, _ in plan.packages(name) if plan.attested is None else ():
        if not any(beginning.books.has("keeps", tier, file.name, file.version, file.sha256) for tier in earlier):
            yield Broken(1, f"{name} gets {file.exact}, which nobody keeps")


def _stays_out(beginning: Beginning, name: str, tier: TierPlan) -> Found:
    plan = beginning.known.plan
    for file, _ in plan.packages(name):
        others = [one.name for one in plan.tiers if one.name != tier.name]
        if any(beginning.books.has("put back", other, file.exact) for other in others):
            yield Broken(7, f"{name} gets {file.exact}, from which a host of another tier was put back")


def _kept_out(story: Story) -> Found:
    """Whatever was put back is in quarantine at the end of the run."""
    for host in story.run.hosts.values():
        for file, _ in story.run.plan.packages(host.name) if host.rolled_back and host.changed else ():
            if file.exact not in story.run.quarantined:
                yield Broken(7, f"{file.exact} stays allowed after {host.name} was put back from it")


def _machines(story: Story) -> Found:
    for name, machine in story.machines.items():
        yield from _ended(story, name)
        yield from _as_it_is(story, name, machine)
        yield from _comes_back(story, name, machine)
        if machine.out_of_order:
            yield Broken(9, f"{name} was worked on by two attempts")
        if machine.unprepared:
            yield Broken(2, f"{name} was patched without having been staged and entered")


def _ended(story: Story, name: str) -> Found:
    host = story.run.hosts[name]
    if host.end is None or host.next is not None or host.started is not None:
        yield Broken(8, f"{name} is not settled: {host}")
    elif not host.reason and host.end is not EndState.PATCHED:
        yield Broken(8, f"{name} ended {host.end} without a reason")


def _as_it_is(story: Story, name: str, machine: VirtualHost) -> Found:
    """The machine is really in the state that it is said to be in."""
    host, plan = story.run.hosts[name], story.run.plan
    if machine.rollbacks > 1:
        yield Broken(9, f"{name} was put back {machine.rollbacks} times")
    match host.end:
        case EndState.PATCHED:
            if machine.versions != after(plan, name):
                yield Broken(8, f"{name} is called patched: {machine.versions}")
        case EndState.ROLLED_BACK | EndState.UNTOUCHED:
            if machine.versions != before(plan, name):
                yield Broken(3, f"{name} is called {host.end}: {machine.versions}")
        case EndState.QUARANTINED:
            if not host.failed:
                yield Broken(8, f"{name} is in quarantine and did not fail")
        case None:
            return
        case _:
            assert_never(host.end)
    if machine.asked_back and machine.faults.rollback != "restored" and host.end is not EndState.QUARANTINED:
        yield Broken(3, f"{name}: its rollback {machine.faults.rollback}, and it is called {host.end}")
    if machine.entered and host.end is not EndState.QUARANTINED:
        yield Broken(8, f"{name} ended {host.end} in maintenance mode")


def _comes_back(story: Story, name: str, machine: VirtualHost) -> Found:
    """A host that was given up on, and that nobody confirmed, has restored itself in the end."""
    plan = story.run.plan
    machine.help_itself(story.scenario.at + _LONG_AFTER)
    dark = machine.patch and not machine.confirmed and machine.faults.rollback == "restored"
    armed = confirm_within(plan, story.run.hosts[name].tier, 1) > timedelta(0)
    if dark and armed and machine.versions != before(plan, name):
        yield Broken(4, f"{name} was never confirmed, and keeps {machine.versions}")


def _judged(story: Story, last: Mapping[str, HostFinished]) -> Found:
    """A host that ends patched was healthy when it was last judged, and was judged after its update."""
    for name, host in story.run.hosts.items():
        if host.end is not EndState.PATCHED:
            continue
        found, checks = last[name], [check.name for check in story.run.plan.checks_of(host.tier)]
        fine = (found.step, found.status) == (Step.VERIFY, Status.OK) and judged(found.finding.measurements, checks).ok
        if not fine:
            yield Broken(6, f"{name} is called patched, and was last found {found.step} {found.status}")


def _asked(story: Story, event: Event) -> Found:
    """What a person wanted back is back, or in a person's hands."""
    for name in event.hosts if isinstance(event, RollbackAsked) else ():
        if story.run.hosts[name].end is EndState.PATCHED:
            yield Broken(3, f"{name} is patched, and was asked back")
    for name in event.hosts if isinstance(event, HostsSettled) else ():
        if name not in story.run.hosts:
            yield Broken(8, f"{name} was settled and is no host of the run")


def _outcome(story: Story) -> Found:
    """The run's outcome says what its hosts say."""
    ends, outcome = {host.end for host in story.run.hosts.values()}, story.run.outcome
    if not story.run.reason:
        yield Broken(8, "the run ended without a reason")
    if (outcome is Outcome.NEEDS_PERSON) != (EndState.QUARANTINED in ends):
        yield Broken(8, f"the run is called {outcome}, and its hosts are {sorted(map(str, ends))}")
    idle = {name for name, host in story.run.plan.hosts.items() if not host.changes}
    done = all(host.end is EndState.PATCHED or name in idle for name, host in story.run.hosts.items())
    if outcome is Outcome.DONE and not done:
        yield Broken(8, "the run is called done, and not all of its hosts are")
    if outcome is Outcome.ROLLED_BACK and EndState.ROLLED_BACK not in ends:
        yield Broken(8, "the run is called rolled back, and none of its hosts is")


_CHECKS: tuple[Callable[[Story], Found], ...] = (
    _machines,
    _kept_out,
    _outcome,
)
