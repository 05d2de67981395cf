"""Values as JSON and back; a digest that notices every change."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW, plan, tier

from patchtide.core.errors import UsageError
from patchtide.core.events import (
    Aborted,
    Event,
    Finding,
    Held,
    HostFinished,
    HostsSettled,
    Installed,
    RollbackAsked,
    RunEnded,
    RunOpened,
    RunTaken,
    Status,
    StepStarted,
)
from patchtide.core.health import Measurement
from patchtide.core.plan import SCHEMA
from patchtide.core.policy import Amount, Approvals, OnFailure
from patchtide.core.said import Approved, ChangeRequested, EmergencyDeclared, Rejected, Reviewed, Ticked, Waived
from patchtide.core.signature import Signature
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.core.windows import Blackout, Day, Window
from patchtide.documents import digest_of, event_of, event_text, parsed, plain, plan_of, plan_text, sealed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
AT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
HOSTS = st.lists(TEXT, max_size=3).map(tuple)
FINDING = st.builds(
    Finding,
    st.lists(st.builds(Installed, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    st.booleans(),
    HOSTS,
    st.lists(st.builds(Measurement, TEXT, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    TEXT,
    HOSTS,
    st.lists(st.sampled_from(Step), max_size=2).map(tuple),
)
PLAN = plan(
    tier(
        "test",
        ("t1",),
        windows=(Window("night", "FREQ=DAILY", datetime(2026, 1, 1, 3).time(), timedelta(hours=4), "UTC"),),  # noqa: DTZ001
        failure_budget=Amount(percent=2.5),
        on_failure=OnFailure.ASK,
        approvals=Approvals(2, ("ann", "bob"), timedelta(days=7)),
    ),
    blackouts=(Blackout("fair", Day(12, 15), Day(1, 2), "UTC", ("test",)),),
)
EVENT = st.one_of(
    st.builds(RunOpened, AT, st.just(PLAN), TEXT),
    st.builds(StepStarted, AT, st.sampled_from(Step), HOSTS, st.integers(0), TEXT),
    st.builds(HostFinished, AT, st.sampled_from(Step), TEXT, st.integers(0), st.sampled_from(Status), TEXT, FINDING),
    st.builds(HostsSettled, AT, HOSTS, st.sampled_from(EndState), TEXT, st.booleans()),
    st.builds(Held, AT, TEXT, TEXT, st.one_of(st.none(), AT), TEXT),
    st.builds(Approved, AT, TEXT, TEXT, TEXT),
    st.builds(Approved, AT, TEXT, TEXT, TEXT, st.builds(Signature, TEXT, TEXT)),
    st.builds(Rejected, AT, TEXT, TEXT, TEXT),
    st.builds(Waived, AT, TEXT, TEXT, TEXT, TEXT),
    st.builds(Ticked, AT, TEXT, TEXT, TEXT, TEXT),
    st.builds(EmergencyDeclared, AT, TEXT, TEXT, TEXT, AT),
    st.builds(Reviewed, AT, TEXT, TEXT, TEXT),
    st.builds(ChangeRequested, AT, *[TEXT] * 13),
    st.builds(Aborted, AT, TEXT, TEXT),
    st.builds(RollbackAsked, AT, TEXT, TEXT, HOSTS),
    st.builds(RunTaken, AT, TEXT, st.integers(0)),
    st.builds(RunEnded, AT, st.sampled_from(Outcome), TEXT),
)


@given(EVENT)
def test_every_event_survives_its_text(event: Event) -> None:
    text = event_text(event)
    assert "\n" not in text
    text.encode()
    assert event_of(text) == event
    assert event_text(event_of(text)) == text


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"kind":"unheard_of"}', '{"kind":"aborted"}', "\x00"])
def test_a_line_that_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        event_of(text)


def test_a_plan_survives_its_file() -> None:
    assert plan_of(plan_text(PLAN), "plan.json") == PLAN
    assert plan_text(plan_of(plan_text(PLAN), "plan.json")) == plan_text(PLAN)


def test_a_digest_does_not_depend_on_order_or_on_itself() -> None:
    document = plain(PLAN)
    assert digest_of(dict(reversed(document.items()))) == PLAN.digest
    assert digest_of({**document, "digest": "x"}) == PLAN.digest
    assert sealed(PLAN) == PLAN


def leaves(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    match value:
        case dict():
            return [found for key, item in value.items() for found in leaves(item, (*path, key))]
        case list() if value:
            return [found for key, item in enumerate(value) for found in leaves(item, (*path, key))]
        case _:
            return [path]


def test_a_change_anywhere_in_a_plan_is_noticed() -> None:
    for path in leaves(json.loads(plan_text(PLAN))):
        if path == ("digest",):
            continue
        document = json.loads(plan_text(PLAN))
        part = document
        for key in path[:-1]:
            part = part[key]
        part[path[-1]] = "changed"
        with pytest.raises(UsageError):
            plan_of(json.dumps(document), "plan.json")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a plan"),
        ("{", "not a plan"),
        ("[]", "`schema` is not"),
        ("null", "`schema` is not"),
        ('{"schema": "patchtide/plan/v2"}', "`schema` is not"),
        (json.dumps({"schema": SCHEMA}), "digest does not fit"),
        (plan_text(PLAN)[: len(plan_text(PLAN)) // 2], "not a plan"),
    ],
)
def test_what_is_no_plan_is_refused_with_a_place_and_a_hint(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan_of(text, "plan.json")
    assert caught.value.where.startswith("plan.json")
    assert caught.value.hint


NIGHT = plain(PLAN)["tiers"][0]["windows"][0]


def resealed(**changes: object) -> str:
    document = {**plain(PLAN), **changes}
    return json.dumps({**document, "digest": digest_of(document)})


@pytest.mark.parametrize(
    "changes",
    [
        {"hosts": {}},
        {"patch_set": {}},
        {"tiers": []},
        {"created_at": "yesterday"},
        {"checks": "web"},
        {"tiers": [{**plain(PLAN)["tiers"][0], "waves": [["t1"], ["t1"]]}]},
        {"tiers": [{**plain(PLAN)["tiers"][0], "waves": [["stranger"]]}]},
        {"tiers": [{**plain(PLAN)["tiers"][0], "waves": [[]]}]},
        {"tiers": [{**plain(PLAN)["tiers"][0], "always": False, "windows": [{**NIGHT, "rrule": "FREQ=SOMETIMES"}]}]},
        {"tiers": [{**plain(PLAN)["tiers"][0], "always": False, "windows": [{**NIGHT, "timezone": "Mars/Olympus"}]}]},
        {"blackouts": [{**plain(PLAN)["blackouts"][0], "first": {"month": 13, "day": 1, "year": None}}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_plan_that_does_not_fit_together_is_refused_even_with_a_digest_that_fits(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        plan_of(resealed(**changes), "plan.json")


@given(st.text(max_size=40))
def test_no_text_is_too_odd_to_be_refused(text: str) -> None:
    with pytest.raises(UsageError):
        plan_of(text, "plan.json")


def test_a_value_that_does_not_fit_is_named() -> None:
    with pytest.raises(UsageError, match=r"updates: 1\.version") as caught:
        parsed(tuple[Installed, ...], [_file(), {**_file(), "version": 7}], what="updates", where="x.json")
    assert caught.value.where == "x.json"


def _file() -> dict[str, object]:
    return {"name": "a", "arch": "b", "version": "c", "sha256": "d"}


def test_what_is_no_plain_data_is_refused() -> None:
    with pytest.raises(UsageError, match="not plain data"):
        parsed(dict[str, str], {"a": NOW}, what="x")


def test_a_plan_remembers_who_may_agree_to_it() -> None:
    again = plan_of(plan_text(PLAN), "plan.json").tiers[0].approvals
    assert again == Approvals(2, ("ann", "bob"), timedelta(days=7))
    assert replace(PLAN, digest="") != PLAN
