"""What people may say to a run, and when it is refused."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.core.made import plan, tier
from tests.engine.desks import Answering, desk, fine

from patchtide.core.errors import LockedError, UsageError
from patchtide.core.events import Status
from patchtide.core.hoststate import HostState
from patchtide.core.plan import Plan
from patchtide.core.policy import Approvals
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.engine.consent import approve
from patchtide.engine.control import abort, ask_rollback, quarantine, release, returnable
from patchtide.engine.desk import Desk
from patchtide.engine.inspect import in_quarantine, run_named, standing, timeline, unfinished
from patchtide.engine.rollout import drive, open_run
from patchtide.engine.speaking import Speaker
from patchtide.ports import Report


def asking() -> Plan:
    return plan(tier("test", ("t1",), approvals=Approvals(2, ("ann", "bob", "cid"), timedelta(0))))


def done(of: Plan | None = None) -> tuple[str, Desk]:
    at = desk()
    run_id = open_run(of or plan(tier("test", ("t1", "t2"))), at, "ann")
    drive(run_id, at, by="ann", wait=True)
    return run_id, at


def test_an_approval_is_bound_to_the_plan() -> None:
    at = desk()
    of = asking()
    run_id = open_run(of, at, "ann")
    event = approve(run_id, at, Speaker("bob"), "looks good")
    assert (event.digest, event.by, event.comment) == (of.digest, "bob", "looks good")
    assert timeline(at.store, run_id)[-1] == event


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("ann", "ann opened run"),
        ("mallory", "mallory is not asked"),
        ("BOB", "BOB is not asked"),
        ("", " is not asked"),
    ],
)
def test_an_approval_of_the_wrong_person_is_refused(by: str, message: str) -> None:
    at = desk()
    run_id = open_run(asking(), at, "ann")
    with pytest.raises(UsageError, match=message):
        approve(run_id, at, Speaker(by))
    assert len(timeline(at.store, run_id)) == 1


def test_an_approval_counts_once() -> None:
    at = desk()
    run_id = open_run(asking(), at, "ann")
    approve(run_id, at, Speaker("bob"))
    with pytest.raises(UsageError, match="already"):
        approve(run_id, at, Speaker("bob"))


def test_approving_what_needs_none_or_has_ended_is_refused() -> None:
    at = desk()
    with pytest.raises(UsageError, match="needs no approval"):
        approve(open_run(plan(), at, "ann"), at, Speaker("bob"))
    run_id, at = done()
    with pytest.raises(UsageError, match="has ended"):
        approve(run_id, at, Speaker("bob"))


def test_who_would_approve_a_host_of_which_nobody_can_tell_is_told_what_to_say() -> None:
    doubt = {"measurements": [{"name": "web", "status": "inconclusive", "before": "pass"}], "confirmed": True}

    def answer(step: Step, host: str) -> Report:
        return Report(host, Status.OK, "", doubt) if step is Step.VERIFY else fine(step, host)

    at = desk(Answering(answer))
    run_id = open_run(plan(tier("test", ("t1",))), at, "ann")
    drive(run_id, at, by="ann", wait=False)
    with pytest.raises(UsageError, match="needs no approval") as refused:
        approve(run_id, at, Speaker("bob"))
    assert f"patchtide waive {run_id} health:web" in refused.value.hint


def test_a_run_that_ended_cannot_be_aborted() -> None:
    run_id, at = done()
    with pytest.raises(UsageError, match="has ended already"):
        abort(run_id, at, "bob", "late")


def test_a_rollback_is_of_all_changed_hosts_or_of_those_named() -> None:
    run_id, at = done()
    assert ask_rollback(run_id, at, "bob", "slow", ("t2",)).hosts == ("t2",)
    run = drive(run_id, at, by="bob", wait=True)
    assert (run.outcome, run.hosts["t2"].end) == (Outcome.ROLLED_BACK, EndState.ROLLED_BACK)
    assert ask_rollback(run_id, at, "bob", "slow").hosts == ("t1",)
    assert drive(run_id, at, by="bob", wait=True).hosts["t1"].reason == "bob asked for it: slow"


def test_a_rollback_of_nothing_is_refused() -> None:
    at = desk()
    run_id = open_run(asking(), at, "ann")
    with pytest.raises(UsageError, match="changed nothing"):
        ask_rollback(run_id, at, "bob", "slow")
    run_id, at = done()
    ask_rollback(run_id, at, "bob", "slow")
    drive(run_id, at, by="bob", wait=True)
    with pytest.raises(UsageError, match="has put back already"):
        ask_rollback(run_id, at, "bob", "slow")


@pytest.mark.parametrize(
    ("host", "why"),
    [
        (HostState("t1", "test", changed=True, started=Step.PATCH), "is in the middle of a step on t1"),
        (
            HostState("t1", "test", None, end=EndState.QUARANTINED, changed=True, rolled_back=True),
            "tried to put t1 back, which is done once",
        ),
        (HostState("t1", "test"), "changed nothing there"),
    ],
)
def test_why_nothing_can_be_put_back_is_said(host: HostState, why: str) -> None:
    run_id, at = done()
    run = run_named(at.store, run_id)[1]
    with pytest.raises(UsageError, match=why):
        returnable(run_id, replace(run, hosts=run.hosts | {"t1": host}), ("t1",))


def test_a_rollback_of_an_unknown_host_says_what_may_have_been_meant() -> None:
    run_id, at = done()
    with pytest.raises(UsageError, match="no host 'T1'") as caught:
        ask_rollback(run_id, at, "bob", "slow", ("T1",))
    assert caught.value.hint == "Did you mean 't1'?"


def test_a_run_is_not_rolled_back_beneath_or_beside_a_later_one() -> None:
    first, at = done()
    at.clock.sleep(5)
    second = open_run(plan(tier("test", ("t1",))), at, "ann")
    with pytest.raises(LockedError, match=f"run {second} has not ended"):
        ask_rollback(first, at, "bob", "slow")
    drive(second, at, by="ann", wait=True)
    with pytest.raises(UsageError, match=f"run {second} changed t1 after run {first}"):
        ask_rollback(first, at, "bob", "slow")
    assert ask_rollback(first, at, "bob", "slow", ("t2",)).hosts == ("t2",)


def test_a_run_is_found_by_its_id_its_beginning_or_as_the_newest() -> None:
    first, at = done()
    at.clock.sleep(86400)
    second = open_run(plan(), at, "ann")
    assert run_named(at.store, None)[0] == second
    assert run_named(at.store, first)[0] == first
    assert run_named(at.store, first[:8])[0] == first
    assert [name for name, _ in unfinished(at.store)] == [second]
    with pytest.raises(UsageError, match="several runs"):
        run_named(at.store, "2026")
    with pytest.raises(UsageError, match="no run 'x'") as caught:
        run_named(at.store, "x")
    assert caught.value.hint == f"Known: {first}, {second}."
    with pytest.raises(UsageError, match="no run yet"):
        run_named(desk().store, None)


def test_where_a_run_stands_is_what_its_controller_would_decide() -> None:
    run_id, at = done()
    run = run_named(at.store, run_id)[1]
    assert standing(run, at.clock.now()).reason == run.reason  # type: ignore[union-attr]


def harmed() -> tuple[str, Desk]:
    """A run whose only tier was put back, because its health was bad."""
    sick = {"measurements": [{"name": "web", "status": "fail", "before": "pass"}]}
    at = desk(
        Answering(lambda step, host: Report(host, Status.OK, "", sick) if step is Step.VERIFY else fine(step, host))
    )
    run_id = open_run(plan(tier("test", ("t1",))), at, "ann")
    drive(run_id, at, by="ann", wait=True)
    return run_id, at


def test_what_was_put_back_is_in_quarantine_and_no_plan_with_it_is_carried_out_again() -> None:
    run_id, at = harmed()
    entry = in_quarantine(at.store)["tide=1.1"]
    assert (entry.stream, entry.by) == (run_id, "patchtide")
    at.clock.sleep(60)
    with pytest.raises(UsageError, match=r"the plan installs tide=1\.1, quarantined by patchtide since"):
        open_run(plan(tier("test", ("t1",))), at, "ann")
    assert at.store.runs() == (run_id,)


def test_a_named_person_lets_it_in_again() -> None:
    run_id, at = harmed()
    said = release(at, "bob", ("tide=*",), "it was the disk")
    assert (said.versions, said.by) == (("tide=1.1",), "bob")
    assert in_quarantine(at.store) == {}
    assert timeline(at.store, run_id)[-1].kind == "run_ended"  # the record of a run that has ended stays as it is
    at.clock.sleep(60)
    assert open_run(plan(tier("test", ("t1",))), at, "ann") in at.store.runs()


def test_what_a_person_keeps_out_is_heard_by_the_run_that_is_open() -> None:
    at = desk()
    run_id = open_run(plan(tier("test", ("t1",))), at, "ann")
    quarantine(at, "bob", ("tide=1.1",), "CVE")
    run = drive(run_id, at, by="ann", wait=True)
    assert (run.hosts["t1"].end, run.hosts["t1"].reason) == (EndState.UNTOUCHED, "in quarantine: tide=1.1")


def test_nothing_is_put_into_quarantine_twice() -> None:
    at = desk()
    quarantine(at, "bob", ("tide=1.1", "tide=1.1"), "CVE")
    with pytest.raises(UsageError, match=r"tide=1\.1 is quarantined by bob since"):
        quarantine(at, "ann", ("other=1", "tide=1.1"), "me too")
    assert list(in_quarantine(at.store)) == ["tide=1.1"]
