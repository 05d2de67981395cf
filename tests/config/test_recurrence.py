from datetime import date

import pytest

from patchtide.config.recurrence import needs_start, never_opens, rule_of


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;WKST=SU",
        "FREQ=MONTHLY;BYDAY=2TU",
        "FREQ=MONTHLY;BYDAY=5TU",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=-1",
        "FREQ=DAILY;UNTIL=20301231",
    ],
)
def test_a_rule_that_names_days_is_taken_as_it_is(rule: str) -> None:
    assert rule_of(rule) == rule
    assert not never_opens(rule, None)


@pytest.mark.parametrize("rule", ["freq=daily", "FREQ=DAILY;", "RRULE:FREQ=DAILY", "FREQ = DAILY "])
def test_a_rule_may_be_spelled_as_other_programs_do(rule: str) -> None:
    assert rule_of(rule) == "FREQ=DAILY"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=-30",
        "FREQ=DAILY;UNTIL=20231231",
    ],
)
def test_a_rule_that_never_comes_true_is_found_out(rule: str) -> None:
    assert never_opens(rule_of(rule), None)


def test_a_rule_is_looked_at_from_its_first_day() -> None:
    assert never_opens("FREQ=DAILY;UNTIL=20260101", date(2026, 1, 2))
    assert not never_opens("FREQ=DAILY;UNTIL=20260101", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("FREQ=WEEKLY;INTERVAL=1", None),
        ("FREQ=WEEKLY;INTERVAL=2", "INTERVAL"),
        ("FREQ=DAILY;COUNT=3", "COUNT"),
        ("FREQ=DAILY;UNTIL=20301231", None),
    ],
)
def test_what_is_counted_needs_a_day_to_count_from(rule: str, part: str | None) -> None:
    assert needs_start(rule) == part


@pytest.mark.parametrize(
    "rule",
    [
        "",
        ";",
        "FREQ",
        "FREQ=",
        "FREQ=DAILY\nDTSTART:20260101",
        "FREQ=DAILY;;",
    ],
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"FREQ|KEY=VALUE|not known"):
        rule_of(rule)
