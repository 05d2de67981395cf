"""Services that crash and come back look active: counts of restarts, and how long a unit has run."""

import pytest
from plugins.module_utils.host.checks import Check, checks
from plugins.module_utils.host.lookunits import judged
from plugins.module_utils.host.seen import FAIL, PASS, UNMEASURED, Look, Past
from plugins.module_utils.host.services import Service, parsed_services

NOW = 1000.0
BEFORE = {"tide.service": {"active": "active", "enabled": "enabled"}}


def service(active: str = "active", restarts: int = 0, since: float = 1.0) -> Service:
    return Service("tide.service", active, "enabled", True, False, restarts, since=since)


def check(window: float = 60, units: object = "unchanged") -> Check:
    return checks([{"name": "units", "kind": "services", "units": units, "crash_window": window}])[0]


def looked(one: Service | None, count: int | None = 0, window: float = 60, **more: object) -> Look:
    baseline = {} if count is None else {"units": {"status": PASS, "state": {"tide.service": count}}}
    past = Past(services=BEFORE, baseline=baseline)
    now = {} if one is None else {"tide.service": one}
    return judged(check(window, **more), past, {}, now, NOW)


@pytest.mark.parametrize(
    ("one", "count", "status"),
    [
        (service(), 0, PASS),
        (service("failed"), 0, FAIL),
        (None, 0, FAIL),
        (service(restarts=1), 0, FAIL),
        (service(restarts=1), None, PASS),
        (service(restarts=3), 3, PASS),  # it crashed now and then before, and was not started anew
        (service(restarts=1), 3, FAIL),  # it was started anew, and has crashed since
        (service(since=NOW - 59), 0, FAIL),
        (service(since=NOW - 61), 0, PASS),
        (service(since=0.0), 0, PASS),
    ],
)
def test_a_service_has_to_run_and_to_stay(one: Service | None, count: int | None, status: str) -> None:
    assert looked(one, count).status == status


def test_the_window_can_be_turned_off_and_does_not_count_before_the_update() -> None:
    assert looked(service(since=NOW - 1), window=0).status == PASS
    assert judged(check(), Past(services=BEFORE), {}, {"tide.service": service(since=NOW - 1)}, NOW).status == PASS


def test_a_young_service_is_looked_at_again_when_it_is_old_enough() -> None:
    assert looked(service(since=NOW - 59)).patience == 1
    assert looked(service("failed")).patience == 0


def test_the_reason_names_the_unit_and_the_seconds() -> None:
    assert "tide.service runs for 5 s only, and has to for 60 s" in looked(service(since=NOW - 5)).detail
    assert "tide.service crashed and was restarted 2 times" in looked(service(restarts=2)).detail


def test_a_restart_between_two_looks_is_seen() -> None:
    seen: dict[str, int] = {}
    past = Past(services=BEFORE, baseline={})
    assert judged(check(0), past, seen, {"tide.service": service(restarts=4)}, NOW).status == PASS
    assert judged(check(0), past, seen, {"tide.service": service(restarts=5)}, NOW).status == FAIL


def test_restarts_from_before_it_was_set_right_are_no_crash_of_what_was_restored() -> None:
    # systemd keeps its count for a unit that is stopped while it waits for a restart
    baseline = {"units": {"status": PASS, "state": {"tide.service": 0}}}
    past = Past(services=BEFORE, baseline=baseline, restarts={"tide.service": 3})
    assert judged(check(0), past, {}, {"tide.service": service(restarts=3)}, NOW).status == PASS
    assert judged(check(0), past, {}, {"tide.service": service(restarts=4)}, NOW).status == FAIL


def test_named_units_are_watched_too_and_no_record_is_no_health() -> None:
    assert looked(service(since=NOW - 5), units=["tide"]).status == FAIL
    assert looked(service(), units=["tide"]).status == PASS
    assert judged(check(), Past(baseline={}), {}, {"tide.service": service()}, NOW).status == UNMEASURED


def test_since_when_a_unit_is_active_is_read_in_seconds() -> None:
    text = (
        "Id=tide.service\nLoadState=loaded\nActiveState=active\nActiveEnterTimestampMonotonic=61500000\nNRestarts=2\n"
    )
    one = parsed_services(text)["tide.service"]
    assert (one.since, one.restarts) == (61.5, 2)
