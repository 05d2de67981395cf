"""Whatever is in a log, it adds up to a run, the next action is known, and an end can be reached."""

from datetime import datetime, time, timedelta
from typing import assert_never

from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from tests.core.made import BAD, GOOD, NOW, did, installed, opened, plan, tier

from patchtide.core.actions import Ask, Do, End, Quarantine, Settle, Undo, Wait
from patchtide.core.channels import Command, News
from patchtide.core.decide import decide
from patchtide.core.events import (
    Aborted,
    Continued,
    Event,
    Finding,
    Held,
    HostFinished,
    HostsSettled,
    MaintenanceBegun,
    MaintenanceLeft,
    NoticeBegun,
    NoticeSent,
    Paused,
    RollbackAsked,
    RunEnded,
    RunTaken,
    Status,
    StepStarted,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.fold import fold
from patchtide.core.notices import due
from patchtide.core.policy import Amount, Approvals, Asked, ChecklistItem, OnFailure
from patchtide.core.run import Run
from patchtide.core.said import Approved, EmergencyDeclared, Rejected, Ticked, Waived
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.windows import Window

ASKED = Approvals(1, ("bob",), timedelta(hours=2))
ROLES = ChecklistItem("roles", timedelta(hours=1), "everybody is there")
HOSTS = ("t1", "t2", "p1", "p2", "p3")
NIGHT = Window("night", "FREQ=DAILY", time(5), timedelta(hours=1), "UTC")
PROD: dict[str, object] = {"always": False, "windows": (NIGHT,), "approvals": ASKED, "checklist": (ROLES,)}
URGENT = Asked(Approvals(1, ("bob", "cid"), timedelta(minutes=30)), True, "as class 'emergency' asks")
TOLD = Command("ops", ("tell",), on=tuple(News), every=timedelta(minutes=30))
PLANS = [
    plan(
        tier("test", ("t1", "t2"), soak=timedelta(hours=1), on_failure=policy, failure_budget=budget),
        tier("prod", ("p1",), ("p2", "p3"), canaries=1, canary_soak=timedelta(hours=1), urgent=urgent, **PROD),
        channels=(TOLD,),
    )
    for urgent in (None, URGENT)
    for policy in OnFailure
    for budget in (Amount(count=0), Amount(percent=100))
]
AT = st.integers(-3000, 9000).map(lambda minutes: NOW + timedelta(minutes=minutes))
SOME = st.lists(st.sampled_from(HOSTS), min_size=1, unique=True).map(tuple)
FINDING = st.builds(
    Finding,
    installed=st.sampled_from([(), installed()]),
    reboot_owed=st.booleans(),
    measurements=st.sampled_from([GOOD, BAD, ()]),
    restored=st.sampled_from(["restored", "unverified", "failed", "nothing", "", "rubbish"]),
    begun=st.lists(st.sampled_from(Step), max_size=3).map(tuple),
)
STEPS = st.sampled_from(Step)
ACTION = st.sampled_from(["haproxy", "alertmanager"])


@st.composite
def histories(draw: st.DrawFn) -> Run:
    """A run with anything in its log, in any order."""
    run = opened(draw(st.sampled_from(PLANS)))
    for _ in range(draw(st.integers(0, 25))):
        run = fold(run, draw(_events(run)))
    return run


def _events(run: Run) -> st.SearchStrategy[Event]:
    attempts = st.integers(max(0, run.attempt - 2), run.attempt)
    return st.one_of(
        st.builds(StepStarted, AT, STEPS, SOME, st.just(run.attempt + 1)),
        st.builds(HostFinished, AT, STEPS, st.sampled_from(HOSTS), attempts, st.sampled_from(Status), finding=FINDING),
        st.builds(HostFinished, AT, STEPS, st.sampled_from(HOSTS), st.just(run.attempt), finding=FINDING, status=_OK),
        st.builds(HostsSettled, AT, SOME, st.sampled_from(EndState), st.just("x"), st.booleans()),
        st.builds(MaintenanceBegun, AT, ACTION, st.dictionaries(st.sampled_from(HOSTS), st.just("ready"), min_size=1)),
        st.builds(MaintenanceLeft, AT, ACTION, SOME, st.dictionaries(st.sampled_from(HOSTS), st.just("gone"))),
        st.builds(Held, AT, st.just("shut"), st.just("x")),
        st.builds(Approved, AT, st.sampled_from(["ann", "bob"]), st.just(run.plan.digest)),
        st.builds(Rejected, AT, st.just("bob"), st.just(run.plan.digest), st.just("x")),
        st.builds(Ticked, AT, st.just("bob"), st.just(run.plan.digest), st.just("roles")),
        st.builds(Waived, AT, st.just("bob"), st.just(run.plan.digest), st.sampled_from(["roles", "notice"]), _WHY),
        st.builds(EmergencyDeclared, AT, st.just("ann"), st.just(run.plan.digest), _WHY, AT),
        st.builds(Aborted, AT, st.just("bob"), st.just("x")),
        st.builds(Paused, AT, st.just("bob"), st.just("x")),
        st.builds(Continued, AT, st.just("bob")),
        st.builds(NoticeBegun, AT, TOLD_OF, st.just("ops"), st.just("x")),
        st.builds(NoticeSent, AT, TOLD_OF, st.just("ops")),
        st.builds(RollbackAsked, AT, st.just("bob"), st.just("x"), SOME),
        st.builds(VersionsQuarantined, AT, st.just("bob"), VERSIONS, st.just("x"), st.one_of(st.just(()), SOME)),
        st.builds(VersionsReleased, AT, st.just("bob"), VERSIONS, st.just("x")),
        st.builds(RunTaken, AT, st.just("ann")),
        st.builds(RunEnded, AT, st.sampled_from(Outcome), st.just("x")),
    )


TOLD_OF = st.sampled_from(["begun prod", "progress prod wave 1", "planned test always now", "done test"])
_OK = st.just(Status.OK)
_WHY = st.just("x")
VERSIONS = st.sampled_from([("tide=1.1",), ("tide=1.1", "other=2"), ("other=2",)])


@how(max_examples=100)
@given(histories(), AT)
def test_the_next_action_is_always_known_and_makes_sense(run: Run, now: datetime) -> None:
    names = [(notice.name, channel.name) for notice, channel in due(run, now)]
    assert len(set(names)) == len(names)
    match action := decide(run, now):
        case Do(step, hosts):
            assert hosts
            assert len(set(hosts)) == len(hosts)
            assert step is Step.PROBE or all(run.hosts[name].started is None for name in hosts)
        case Settle(hosts, _, reason):
            assert hosts
            assert reason
            assert all(not run.hosts[name].settled for name in hosts)
        case Quarantine(versions, hosts, reason):
            assert versions
            assert hosts
            assert reason
        case Undo(_, hosts):
            assert hosts
            assert all(run.hosts[name].open[-1].action == action.action for name in hosts)
        case Wait():
            assert action.until > now
            assert action.reason
        case Ask():
            assert action.reason
        case End():
            assert run.outcome is not None or all(host.settled for host in run.hosts.values())
        case _:
            assert_never(action)


@how(max_examples=50)
@given(histories(), AT)
def test_from_anywhere_a_run_comes_to_its_end(run: Run, now: datetime) -> None:
    for _ in range(120):
        match action := decide(run, now):
            case Do(step, hosts):
                now += timedelta(minutes=1)
                run = did(run, step, *hosts, at=now)
            case Settle(hosts, end, reason, failed):
                run = fold(run, HostsSettled(now, hosts, end, reason, failed))
            case Quarantine(versions, hosts, reason):
                run = fold(run, VersionsQuarantined(now, "patchtide", versions, reason, hosts))
            case Undo(name, hosts):
                run = fold(run, MaintenanceLeft(now, name, hosts))
            case Wait():
                now = action.until
            case Ask(code="paused"):
                run = fold(run, Continued(now, "bob"))
            case Ask():
                run = fold(run, Aborted(now, "bob", "enough"))
            case End(outcome, reason):
                run = fold(run, RunEnded(now, outcome, reason))
                break
    assert run.outcome is not None, f"still {decide(run, now)}"
    assert isinstance(decide(run, now), End)
