"""Options are understood as Ansible understands them, whose own library judges here."""

import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st
from plugins.module_utils.host.errors import HostError
from plugins.module_utils.host.options import CHECKS, understood

TEXTS = [
    "",
    "5",
    "-3",
    "0.5",
    " 7 ",
    "yes",
    "off",
    "True",
    "0",
    "a,b",
    "a, b",
    '{"a": 1}',
    "http",
    "A",
    "inf",
    "nan",
    "5.0",
]
SCALARS = st.none() | st.booleans() | st.integers(-9, 99) | st.floats(-1e6, 1e6) | st.sampled_from(TEXTS)
VALUES = (
    SCALARS
    | st.lists(SCALARS.filter(lambda value: value is not None), max_size=3)
    | st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2)
)
PRESENT = VALUES.filter(lambda value: value is not None)
KINDS = ["str", "int", "float", "bool", "list", "dict", "raw"]


@pytest.mark.parametrize("kind", KINDS)
@given(value=VALUES, required=st.booleans(), default=st.booleans())
def test_every_kind_of_value(kind: str, value: object, required: bool, default: bool) -> None:
    option: dict[str, Any] = {"type": kind, "required": True} if required else {"type": kind}
    if default and not required:
        option["default"] = {"str": "x", "int": 1, "float": 1.5, "bool": True, "list": [], "dict": {}, "raw": 0}[kind]
    agrees({"one": option}, {"one": value})


@pytest.mark.parametrize("kind", KINDS)
@given(value=VALUES)
def test_every_kind_of_element(kind: str, value: object) -> None:
    agrees({"one": {"type": "list", "elements": kind}}, {"one": value})


@given(st.dictionaries(st.sampled_from([*CHECKS["options"], "else"]), PRESENT, max_size=6))
def test_a_check(settings: dict[str, object]) -> None:
    agrees({"checks": CHECKS}, {"checks": [{"name": "web", "kind": "http", **settings}]})


def agrees(options: dict[str, dict[str, Any]], values: dict[str, object]) -> None:
    """What is understood is what Ansible makes of it; what Ansible refuses is refused, and nothing else is."""
    try:
        ours: object = understood(options, values)
    except HostError as error:
        ours = error.code
    assert written(ours) == written(theirs(options, values))


def written(value: object) -> str:
    """A value as JSON, in which 1, 1.0 and true differ, and what is no number is as good as another."""
    return json.dumps(value, sort_keys=True)


def theirs(options: dict[str, dict[str, Any]], values: dict[str, object]) -> object:
    """Ansible makes an empty text of an explicit nothing; here it is the default, as if nobody had said it."""
    said = {name: value for name, value in values.items() if value is not None}
    try:
        found = ArgumentSpecValidator(options).validate(said)
    except (ArithmeticError, ValueError):
        return "input"
    return "input" if found.error_messages else found.validated_parameters


@pytest.mark.parametrize("value", [True, False, 1, 0, 1.0, 0.0, *TEXTS])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_often_given(kind: str, value: object) -> None:
    agrees({"one": {"type": kind}}, {"one": value})
    agrees({"one": {"type": "list", "elements": kind}}, {"one": [value]})


def test_what_is_plainly_right_is_not_refused() -> None:
    options = {"one": {"type": "list", "elements": "dict", "options": {"port": {"type": "int", "default": 80}}}}
    assert understood(options, {"one": [{"port": "8080"}, {}]}) == {"one": [{"port": 8080}, {"port": 80}]}
    with pytest.raises(HostError, match=r"option one\[1\]\.port has to be of type int, and is of type str$"):
        understood(options, {"one": [{}, {"port": "x"}]})
