import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are a package of their own
from tests.config.cases import DATA, refused, understood

from patchtide.config.problems import sentence
from patchtide.config.schema import ConfigFile
from patchtide.config.show import json_schema, shown
from patchtide.config.written import written
from patchtide.core.errors import UsageError

SKETCH = DATA / "good" / "sketch.yml"
FOUND_BY_EDITORS = (
    "unknown-key",
    "tier-without-window",
    "tiers-empty",
    "soak-without-unit",
    "check-two-kinds",
    "trap-no",
)


def as_editors_read(value: object) -> object:
    """A value as YAML 1.2 reads it, which is what editors do: plain digits are numbers."""
    match value:
        case dict():
            return {key: as_editors_read(item) for key, item in value.items()}
        case list():
            return [as_editors_read(item) for item in value]
        case str() if re.fullmatch("[0-9]+", value):
            return int(value)
        case _:
            return value


def test_every_value_comes_with_its_origin() -> None:
    rows = {key: (text, where.rpartition("/")[2]) for key, text, where in shown(SKETCH)}
    assert rows["tiers.production.failure_budget"] == ("2%", "sketch.yml:15")
    assert rows["tiers.production.approvals.notice"] == ("7d", "sketch.yml:14")
    assert rows["windows.sunday-night.at"] == ("03:00", "sketch.yml:18")
    assert rows["updates.exclude.0.until"] == ("2027-01-31", "sketch.yml:23")
    assert rows["health.web.timeout"] == ("5s", "default")
    assert rows["limits.rollback"] == ("10m", "default")
    assert rows["forks"] == ("20", "default")


def test_what_is_shown_is_what_is_written_on_the_line_that_is_told() -> None:
    lines = SKETCH.read_text(encoding="utf-8").splitlines()
    for key, _, where in shown(SKETCH):
        if where != "default":
            line = lines[int(where.rpartition(":")[2]) - 1]
            last = key.rpartition(".")[2]
            assert f"{last}:" in line, (key, where, line)


def test_a_file_that_is_wrong_is_not_shown() -> None:
    with pytest.raises(UsageError, match="is an unknown key"):
        shown(DATA / "bad" / "unknown-key.txt")


def test_the_schema_is_a_schema() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == "urn:patchtide:config:v1"


@pytest.mark.parametrize("path", understood(), ids=lambda path: path.stem)
def test_editors_accept_what_is_understood(path: Path) -> None:
    problems = Draft202012Validator(json_schema()).iter_errors(as_editors_read(written(path).data))
    assert [problem.message for problem in problems] == []


@pytest.mark.parametrize("name", FOUND_BY_EDITORS)
def test_editors_find_the_usual_mistakes_as_well(name: str) -> None:
    path = next(path for path in refused() if path.stem == name)
    assert not Draft202012Validator(json_schema()).is_valid(as_editors_read(written(path).data))


def test_every_key_is_described() -> None:
    """The reference page is written from these."""
    schema: dict[str, Any] = json_schema()
    sections = [schema, *schema["$defs"].values()]
    bare = [
        f"{section['title']}.{key}"
        for section in sections
        for key, field in section["properties"].items()
        if "description" not in field
        and "description" not in schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
    ]
    assert bare == []
    assert set(schema["properties"]) == {field.alias or name for name, field in ConfigFile.model_fields.items()}


def test_no_default_is_told_in_other_words_than_a_user_would_write() -> None:
    schema: dict[str, Any] = json_schema()
    tier = schema["$defs"]["Tier"]["properties"]
    assert (tier["soak"]["default"], tier["waves"]["default"], tier["failure_budget"]["default"]) == ("0s", ["100%"], 0)
    assert "null" not in str(schema)
    assert "PT" not in str(schema)


def test_a_message_reads_as_a_sentence() -> None:
    assert sentence("tiers.test", "is missing") == "tiers.test is missing"
    assert sentence("tiers.test", "there is no window 'x'") == "tiers.test: there is no window 'x'"
    assert sentence("", "is missing") == "is missing"
