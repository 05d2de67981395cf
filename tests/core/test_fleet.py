"""Names and values from an inventory: what is odd goes no further."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.errors import UsageError
from patchtide.core.fleet import host_name_problem, in_one_tier, template_in


@pytest.mark.parametrize("name", ["web-1", "web_1.example.net", "10.0.0.1", "fe80::1", "WEB", "1"])
def test_ordinary_host_names_are_fine(name: str) -> None:
    assert host_name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "h;reboot", "../x", "a..b", "-oProxyCommand=x", "{{ x }}", "a\x00b", "", "a b", "a/b", "a\n", ".hidden", ":x",
        "all", "ungrouped", "h$x", "ä", "a" * 254, "a%b", "a@b", "`x`", "a'b",
    ],
)  # fmt: skip
def test_a_host_name_that_could_be_anything_else_is_refused(name: str) -> None:
    problem = host_name_problem(name)
    assert problem is not None
    assert repr(name) in problem


@given(st.text(max_size=20))
def test_a_host_name_that_passes_is_safe_in_paths_and_arguments(name: str) -> None:
    if host_name_problem(name) is None:
        assert name.isascii()
        assert name[0] not in "-.:"
        assert not set(name) & set(" /\\;|&$`'\"<>(){}[]*?!#~%@=,\n\t\0")
        assert ".." not in name


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("{{ lookup('pipe', 'id') }}", "value"),
        ({"a": "{% if x %}"}, "a"),
        ({"a": [1, {"b": "{# c #}"}]}, "a.1.b"),
        ({"a": ("x", "{{ y }}")}, "a.1"),
        ({"{{ key }}": 1}, "{{ key }}"),
        ({"a": {"b{{": None}}, "a.b{{"),
    ],
)
def test_a_template_is_found_wherever_it_is(value: object, path: str) -> None:
    assert template_in(value) == path


@pytest.mark.parametrize("value", ["plain", "{ not }", "{", 7, None, True, 1.5, {"a": [{"b": "c"}]}, [], {}])
def test_plain_values_hold_no_template(value: object) -> None:
    assert template_in(value) is None


@given(
    st.recursive(st.text(), lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=20)
)
def test_no_template_hides_in_any_depth(value: object) -> None:
    marks = ("{{", "{%", "{#")

    def holds(part: object) -> bool:
        if isinstance(part, str):
            return any(mark in part for mark in marks)
        if isinstance(part, dict):
            return any(holds(key) or holds(item) for key, item in part.items())
        return isinstance(part, list) and any(holds(item) for item in part)

    assert (template_in(value) is not None) == holds(value)


def test_each_host_has_its_tier() -> None:
    assert in_one_tier({"test": ["a"], "prod": ["b", "c"]}) == {"a": "test", "b": "prod", "c": "prod"}


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ({"test": ["a"], "prod": ["b", "a"]}, "host 'a' is in two tiers: 'test' and 'prod'"),
        ({"test": ["a"], "prod": []}, "tier 'prod' has no hosts"),
        ({"test": ["a"], "prod": ["A"]}, "hosts 'a' and 'A' differ only in case"),
        ({"test": ["a", "a"]}, "host 'a' is twice in tier 'test'"),
    ],
)
@pytest.mark.fault(41, how="a host in two tiers, a tier without hosts, names that differ in case")
def test_an_inventory_that_cannot_be_meant_is_refused(tiers: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        in_one_tier(tiers)
    assert caught.value.hint
