"""Checks that the controller makes itself, and users' playbooks: before the update, after it, and what is not heard."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from tests.core.made import WEB, opened, plan, tier
from tests.engine.desks import Answering, desk, fine

from patchtide.core.events import BaselineTaken, HostFinished, Status
from patchtide.core.fold import folded
from patchtide.core.health import CONTROLLER, PLAYBOOK, Check
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.engine.rollout import drive, open_run
from patchtide.engine.watching import MEASURE
from patchtide.ports import Deed, Report

ERRORS = Check("errors", "prometheus", {"url": "http://p", "query": "up", "max": 1.0}, source=CONTROLLER)
SMOKE = Check(
    "smoke", PLAYBOOK, {"playbook": "/etc/checks/smoke.yml"}, source=CONTROLLER, deadline=timedelta(seconds=3)
)
PLAN = plan(tier("test", ("t1", "t2")), checks=(WEB, ERRORS, SMOKE))


class Watching(Answering):
    """An executor that answers errands with what the test says of each host, the last one for ever."""

    def __init__(self, errors: dict[str, list[str]], smoke: dict[str, list[Status]]) -> None:
        super().__init__(fine)
        self.errors, self.smoke = errors, smoke
        self.past: list[object] = []

    def perform(self, deed: Deed) -> Iterator[Report]:
        if deed.playbook == MEASURE:
            self.past += [request["past"] for request in deed.requests.values()]
            for host in deed.requests:
                yield from self._measured(host, deed.requests[host]["past"])
        elif deed.is_users:
            for host in deed.requests:
                left = self.smoke.get(host, [Status.OK])
                yield Report(host, left.pop(0) if len(left) > 1 else left[0], "the tide is out", {})
        else:
            yield from super().perform(deed)

    def _measured(self, host: str, past: object) -> Iterator[Report]:
        left = self.errors.get(host, ["pass"])
        status = left.pop(0) if len(left) > 1 else left[0]
        if status == "silent":
            return
        before = past[0]["status"] if isinstance(past, list) and past else "none"
        one = {"name": "errors", "status": status, "before": before, "state": ["x"], "samples": []}
        yield Report(host, Status.OK, "", {"measurements": [one]})


def ended(
    errors: dict[str, list[str]], smoke: dict[str, list[Status]]
) -> tuple[Watching, list[object], Outcome | None]:
    executor = Watching(errors, smoke)
    ports = desk(executor)
    run_id = open_run(PLAN, ports, "ann")
    run = drive(run_id, ports, by="ann", wait=True)
    events: list[object] = [event for _, event in ports.store.events(run_id)]
    assert folded(event for _, event in ports.store.events(run_id)) == run
    return executor, [*events, *run.hosts.values()], run.outcome


def test_a_baseline_is_taken_once_before_the_update_and_handed_back_after_it() -> None:
    executor, events, outcome = ended({}, {})
    assert outcome is Outcome.DONE
    baselines = [event for event in events if isinstance(event, BaselineTaken)]
    assert [one.host for one in baselines] == ["t1", "t2"]
    assert [[m["name"] for m in one.measurements] for one in baselines] == [["errors", "smoke"]] * 2
    patch = next(at for at, e in enumerate(events) if isinstance(e, HostFinished) and e.step is Step.PATCH)
    assert all(events.index(one) < patch for one in baselines)
    assert executor.past[:2] == [None, None]
    assert executor.past[2] == list(baselines[0].measurements)
    verified = next(e for e in events if isinstance(e, HostFinished) and e.step is Step.VERIFY)
    assert {m.name: (m.status, m.before) for m in verified.finding.measurements} == {
        "web": ("pass", "pass"),
        "errors": ("pass", "pass"),
        "smoke": ("pass", "pass"),
    }


def test_what_the_controller_sees_fail_puts_the_host_back() -> None:
    _, events, outcome = ended({"t2": ["pass", "fail", "pass"]}, {})
    assert outcome is Outcome.ROLLED_BACK
    assert "errors" in str(events[-1])


def test_what_failed_before_is_no_regression() -> None:
    _, _, outcome = ended({"t1": ["fail"]}, {"t2": [Status.FAILED]})
    assert outcome is Outcome.DONE


def test_a_playbook_that_fails_is_run_again_until_its_deadline() -> None:
    flaky = [Status.OK, Status.FAILED, Status.FAILED, Status.OK]
    assert ended({}, {"t1": list(flaky)})[2] is Outcome.DONE
    late = [Status.OK, *[Status.FAILED] * 4, Status.OK]
    assert ended({}, {"t1": late})[2] is Outcome.ROLLED_BACK


def test_what_is_not_heard_is_not_measured_and_after_some_tries_harm() -> None:
    executor, events, outcome = ended({"t1": ["pass", "silent"]}, {})
    assert outcome is not Outcome.DONE
    verified = [e for e in events if isinstance(e, HostFinished) and (e.step, e.host) == (Step.VERIFY, "t1")]
    assert len(verified) == 3
    assert "errors" in str(events[-2])
    assert executor.fenced


def test_a_playbook_that_did_not_reach_the_host_says_nothing_of_its_health() -> None:
    unreached = [Status.OK, Status.UNKNOWN]
    _, events, outcome = ended({}, {"t1": unreached})
    assert outcome is not Outcome.DONE
    assert any(
        isinstance(e, HostFinished) and "smoke" in str(e.finding) and "unmeasured" in str(e.finding) for e in events
    )


def test_hosts_are_asked_only_what_they_can_see_themselves() -> None:
    executor, _, _ = ended({}, {})
    asked = [deed.requests["t1"]["checks"] for deed in executor.deeds if deed.step is Step.VERIFY]
    assert asked
    assert all([check["name"] for check in checks] == ["web"] for checks in asked if isinstance(checks, list))


def test_a_check_of_another_tier_is_not_made() -> None:
    other = replace(PLAN, checks=(WEB, replace(ERRORS, tiers=("elsewhere",))))
    executor = Watching({}, {})
    ports = desk(executor)
    run = drive(open_run(other, ports, "ann"), ports, by="ann", wait=True)
    assert run.outcome is Outcome.DONE
    assert executor.past == []
    assert {host.end for host in run.hosts.values()} == {EndState.PATCHED}
    assert opened(other).hosts
