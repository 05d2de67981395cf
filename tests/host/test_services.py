"""Which services have to run again, and which may rest."""

import pytest
from plugins.module_utils.host.services import activity_differences, parsed_services, service_states

BEFORE = {"task.service": {"active": "active", "enabled": "static"}}


def shown(**fields: str) -> str:
    values = {
        "Id": "task.service",
        "Type": "oneshot",
        "LoadState": "loaded",
        "ActiveState": "inactive",
        "RemainAfterExit": "yes",
        "ConditionResult": "no",
        "ConditionTimestampMonotonic": "4711",
    }
    return "\n".join(f"{key}={value}" for key, value in {**values, **fields}.items())


def test_a_task_that_this_boot_has_no_work_for_may_rest() -> None:
    assert activity_differences(BEFORE, parsed_services(shown())) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"Type": "simple"},
        {"ConditionResult": "yes"},
        {"ConditionTimestampMonotonic": "0"},
        {"ActiveState": "failed"},
    ],
    ids=["a daemon has to run", "its conditions hold", "nobody asked for it yet", "it failed"],
)
def test_whatever_else_ran_before_has_to_run_again(fields: dict[str, str]) -> None:
    found = parsed_services(shown(**fields))
    assert activity_differences(BEFORE, found) == [("task.service", "active")]


def test_an_errand_that_systemd_run_was_given_may_end_and_may_begin() -> None:
    errand = parsed_services(shown(Type="simple", ActiveState="active", UnitFileState="transient"))
    assert service_states(errand) == {}
    assert activity_differences({}, errand) == []
    daemon = parsed_services(shown(Type="simple", ActiveState="active", UnitFileState="static"))
    assert service_states(daemon) == {"task.service": {"active": "active", "enabled": "static"}}
