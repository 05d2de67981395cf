"""What a run promises, checked on its log and on the machines by other means than the core's own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from tests.simulation.fleet import VirtualHost
from tests.simulation.plans import FILES, OLD
from tests.simulation.story import Story

from patchtide.core.calendar import openings
from patchtide.core.events import (
    Aborted,
    Event,
    HostFinished,
    HostsSettled,
    RollbackAsked,
    RunOpened,
    Status,
    StepStarted,
)
from patchtide.core.health import judged
from patchtide.core.plan import Plan, TierPlan
from patchtide.core.run import Run, fold, folded, opened
from patchtide.core.said import Approved
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.windows import Blackout
from patchtide.documents import event_of, event_text

FROM_PEOPLE = (Approved, Aborted, RollbackAsked)
NEW = {file.name: file.version for file in FILES}


@dataclass(frozen=True)
class Beginning:
    """A step that begins on a host, with the run as the controller knew it when it decided that."""

    before: Run
    run: Run
    event: StepStarted
    host: str

    @property
    def tier(self) -> TierPlan:
        name = self.before.hosts[self.host].tier
        return next(tier for tier in self.before.plan.tiers if tier.name == name)

    @property
    def is_new(self) -> bool:
        """Whether something begins here that has not begun before: entering, or an update that is not in a journal."""
        taken_up = self.before.hosts[self.host].reattach
        return self.event.step is Step.ENTER or (self.event.step is Step.PATCH and not taken_up)


def beginnings(events: Sequence[Event]) -> Iterator[Beginning]:
    """Yield every step that began on every host."""
    first = events[0]
    assert isinstance(first, RunOpened)
    run = known = opened(first)
    for event in events[1:]:
        if isinstance(event, StepStarted):
            yield from (Beginning(known, run, event, host) for host in event.hosts)
        run = fold(run, event)
        if not isinstance(event, FROM_PEOPLE):  # what people say between a decision and its deed comes too late for it
            known = run


def check(story: Story) -> None:
    """Assert every promise."""
    history_holds(story)
    for beginning in beginnings(story.events):
        begun_in_order(beginning)
        if beginning.is_new:
            let_in(beginning)
    for name, machine in story.machines.items():
        ended_as_told(story, name, machine)
        done_in_order(machine)
    judged_before_trusted(story)
    asked_is_done(story)
    kept_out(story)
    outcome_fits(story)


def check_ends(story: Story) -> None:
    """Assert what holds whatever the clock shows: every host ends as its machine is, and the run says so."""
    history_holds(story)
    for name, machine in story.machines.items():
        ended_as_told(story, name, machine)
        done_in_order(machine)
    judged_before_trusted(story)
    asked_is_done(story)
    kept_out(story)
    outcome_fits(story)


def history_holds(story: Story) -> None:
    """The log replays to the very same run, and every event survives its text."""
    assert folded(story.events) == story.run
    for event in story.events:
        assert event_of(event_text(event)) == event
    attempts = [event.attempt for event in story.events if isinstance(event, StepStarted)]
    assert attempts == sorted(set(attempts)), "an attempt number was given twice"


def begun_in_order(beginning: Beginning) -> None:
    """No step begins on a host in doubt, nor on one that was not staged; nothing but a rollback on one that ended."""
    host, step = beginning.run.hosts[beginning.host], beginning.event.step
    assert step is Step.PROBE or host.started is None, f"{step} on {host.name}, which is in doubt at {host.started}"
    assert step is not Step.PROBE or host.started is not None, f"{host.name} is looked at without a doubt"
    if host.settled:
        soaks = step is Step.VERIFY and host.end is EndState.PATCHED
        condemned = step is Step.ROLLBACK and host.end is EndState.PATCHED
        assert soaks or condemned, f"{step} on {host.name}, which ended {host.end}"


def let_in(beginning: Beginning) -> None:
    """Whatever is begun is begun in its window, in its turn, with the budget kept and its files proven."""
    run, tier, at = beginning.before, beginning.tier, beginning.event.at
    assert run.aborted is None, f"{beginning.host} begun after an abort"
    assert not run.asked, f"{beginning.host} begun after a rollback was asked for"
    assert fits(run.plan, tier, at), f"{beginning.event.step} on {beginning.host} at {at}: no room in the window"
    for other in run.plan.tiers:
        failed = [host for host in run.in_tier(other.name) if host.failed]
        allowed = other.failure_budget.of(len(other.hosts))
        assert len(failed) <= allowed, f"{beginning.host} begun with {len(failed)} failures in {other.name}"
    for earlier in run.plan.tiers[: run.plan.tiers.index(tier)]:
        assert all(host.settled for host in run.in_tier(earlier.name)), f"{beginning.host}: {earlier.name} not settled"
        soaked(run, earlier, at)
    number = next(number for number, wave in enumerate(tier.waves) if beginning.host in wave)
    for name in (name for wave in tier.waves[:number] for name in wave):
        assert run.hosts[name].settled, f"{beginning.host} begun before {name} of an earlier wave was settled"
    agreed(beginning.run, tier, at)
    proven(run, beginning.host, tier)
    not_put_back_elsewhere(run, beginning.host, tier)


def fits(plan: Plan, tier: TierPlan, at: datetime) -> bool:
    """Whether work that begins at an instant ends within the window, way back included."""
    shut = [blackout for blackout in plan.blackouts if not blackout.tiers or tier.name in blackout.tiers]
    until = at + plan.wall(tier.name)
    if tier.always:
        days = [range(b.first.day, b.last.day + 1) for b in shut if isinstance(b, Blackout)]
        return all(moment.day not in some for some in days for moment in (at, until) if moment.month == 11)
    return any(o.opens <= at and until <= o.closes for o in openings(tier.windows, shut, at, until))


def soaked(run: Run, tier: TierPlan, at: datetime) -> None:
    patched = [host for host in run.in_tier(tier.name) if host.end is EndState.PATCHED]
    for host in patched if tier.soak else []:
        assert host.verified_at is not None
        assert host.left_at is not None
        assert at >= host.left_at + tier.soak <= host.verified_at, f"{host.name} has not soaked"


def agreed(run: Run, tier: TierPlan, at: datetime) -> None:
    if tier.approvals is None:
        return
    names = {vote.by for vote in run.said.votes if vote.digest == run.plan.digest} & set(tier.approvals.people) - {
        run.opened_by
    }
    assert len(names) >= tier.approvals.count
    assert at >= run.opened_at + tier.approvals.notice


def proven(run: Run, host: str, tier: TierPlan) -> None:
    earlier = [name for other in run.plan.tiers[: run.plan.tiers.index(tier)] for name in other.hosts]
    if not run.plan.tiers.index(tier):
        return
    for file, _ in run.plan.packages(host):
        keepers = [
            name
            for name in earlier
            if run.hosts[name].end is EndState.PATCHED
            and any(
                (i.name, i.version, i.sha256) == (file.name, file.version, file.sha256)
                for i in run.hosts[name].installed
            )
        ]
        assert keepers, f"{host} gets {file.name} {file.version}, which nobody keeps"


def not_put_back_elsewhere(run: Run, host: str, tier: TierPlan) -> None:
    mine = {file.exact for file, _ in run.plan.packages(host)}
    for other in run.hosts.values():
        if other.tier != tier.name and other.rolled_back and other.changed:
            theirs = {file.exact for file, _ in run.plan.packages(other.name)}
            assert not mine & theirs, f"{host} gets {mine & theirs}, from which {other.name} was put back"


def kept_out(story: Story) -> None:
    """Whatever was put back is in quarantine at the end of the run."""
    for host in story.run.hosts.values():
        for file, _ in story.plan.packages(host.name) if host.rolled_back and host.changed else ():
            assert file.exact in story.run.quarantined, f"{file.exact} stays allowed after {host.name}"


def ended_as_told(story: Story, name: str, machine: VirtualHost) -> None:
    """Each host is in one end state, with a reason, and the machine is really in it."""
    host = story.run.hosts[name]
    assert host.settled, f"{name} is not settled: {host}"
    assert host.end is not None
    assert host.reason or host.end is EndState.PATCHED, f"{name} ended {host.end} without a reason"
    assert machine.rollbacks <= 1
    changes = {file.name: file.version for file, _ in story.plan.packages(name)}
    match host.end:
        case EndState.PATCHED:
            assert machine.versions == {**OLD, **changes}, f"{name} is called patched: {machine.versions}"
        case EndState.ROLLED_BACK | EndState.UNTOUCHED:
            assert machine.versions == OLD, f"{name} is called {host.end}: {machine.versions}"
        case EndState.QUARANTINED:
            assert host.failed
        case _:
            assert_never(host.end)
    put_back = Step.ROLLBACK in [deed.step for deed in machine.done] and "patch" in machine.journal
    if put_back and machine.faults.rollback != "restored":
        assert host.end is EndState.QUARANTINED, f"{name}: rollback {machine.faults.rollback}, called {host.end}"
    if host.end is not EndState.QUARANTINED:
        assert not machine.entered, f"{name} ended {host.end} in maintenance mode"


def done_in_order(machine: VirtualHost) -> None:
    """On the machine itself: attempts only rise, nothing is patched that was not staged and entered before."""
    attempts = [deed.attempt for deed in machine.done]
    assert attempts == sorted(attempts), f"{machine.name} was worked on by two attempts"
    steps = [deed.step for deed in machine.done]
    if Step.PATCH in steps:
        before = steps[: steps.index(Step.PATCH)]
        assert Step.STAGE in before
        assert Step.ENTER in before


def judged_before_trusted(story: Story) -> None:
    """A host that ends patched was healthy when it was last judged, and was judged after its update."""
    last: dict[str, HostFinished] = {}
    for event in story.events:
        if isinstance(event, HostFinished) and event.step in {Step.PATCH, Step.VERIFY}:
            last[event.host] = event
    for name, host in story.run.hosts.items():
        if host.end is EndState.PATCHED:
            found = last[name]
            assert (found.step, found.status) == (Step.VERIFY, Status.OK)
            assert judged(found.finding.measurements, ["web"]).ok


def asked_is_done(story: Story) -> None:
    """What a person wanted back is back, or in a person's hands."""
    for event in story.events:
        for name in event.hosts if isinstance(event, RollbackAsked) else ():
            assert story.run.hosts[name].end is not EndState.PATCHED, f"{name} is patched, and was asked back"


def outcome_fits(story: Story) -> None:
    """The run's outcome says what its hosts say."""
    ends = {host.end for host in story.run.hosts.values()}
    outcome = story.run.outcome
    assert story.run.reason
    assert (outcome is Outcome.NEEDS_PERSON) == (EndState.QUARANTINED in ends)
    if outcome is Outcome.DONE:
        idle = {name for name, host in story.plan.hosts.items() if not host.changes}
        assert all(h.end is EndState.PATCHED or n in idle for n, h in story.run.hosts.items())
    if outcome is Outcome.ROLLED_BACK:
        assert EndState.ROLLED_BACK in ends
    settled = [name for event in story.events if isinstance(event, HostsSettled) for name in event.hosts]
    assert set(settled) <= set(story.run.hosts)
