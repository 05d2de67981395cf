"""The verdict on a host: only what was measured counts, and only harm is harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.health import Measurement, judged

STATUS = st.sampled_from(["pass", "fail", "unmeasured", "PASS", "", "ok"])
MEASURED = st.lists(
    st.builds(Measurement, st.sampled_from(["a", "b", "c"]), STATUS, st.just(""), STATUS), unique_by=lambda m: m.name
)


@pytest.mark.parametrize(
    ("status", "before", "ok", "code"),
    [
        ("pass", "pass", True, "healthy"),
        ("pass", "fail", True, "healthy"),
        ("pass", "none", True, "healthy"),
        ("fail", "pass", False, "unhealthy"),
        ("fail", "none", False, "unhealthy"),
        ("fail", "unmeasured", False, "unhealthy"),
        ("fail", "fail", False, "unhealthy"),
        ("unmeasured", "pass", False, "unmeasured"),
        ("rubbish", "pass", False, "unmeasured"),
    ],
)
def test_one_check(status: str, before: str, ok: bool, code: str) -> None:
    verdict = judged([Measurement("web", status, "detail", before)], ["web"])
    assert (verdict.ok, verdict.code) == (ok, code)
    assert "web" in verdict.reason


def test_nothing_measured_is_not_a_pass() -> None:
    assert judged([], []).code == "unmeasured"
    verdict = judged([Measurement("web", "pass")], ["web", "units"])
    assert (verdict.code, verdict.reason) == ("unmeasured", "not measured: units")


@pytest.mark.fault(33, how="a check that failed before the update too")
def test_a_check_that_was_down_before_is_no_harm_while_another_passes() -> None:
    measured = [Measurement("web", "pass", before="pass"), Measurement("batch", "fail", "down", before="fail")]
    assert judged(measured, ["web", "batch"]).ok


def test_the_reason_names_what_failed_and_how() -> None:
    measured = [Measurement("web", "fail", "status 500", "pass"), Measurement("units", "pass")]
    assert judged(measured, ["web", "units"]).reason == "unhealthy: web (status 500)"


@given(MEASURED, st.lists(st.sampled_from(["a", "b", "c"]), unique=True))
def test_healthy_means_everything_expected_was_measured_and_something_passed(
    measured: list[Measurement], expected: list[str]
) -> None:
    verdict = judged(measured, expected)
    status = {one.name: one.status for one in measured}
    if verdict.ok:
        assert all(status.get(name) in {"pass", "fail"} for name in expected)
        assert "pass" in status.values()
        assert not any(one.status == "fail" and one.before != "fail" for one in measured)
    assert verdict.reason
