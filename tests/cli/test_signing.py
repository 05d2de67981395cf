"""Signed plans: what is trusted is carried out, everything else is refused before a host hears of it."""

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # its stubs are a package of their own
import pytest
from tests.cli.conftest import Answer, Patchtide
from tests.cli.fleet import Fleet

from patchtide.documents import digest_of


@pytest.fixture
def keys(patchtide: Patchtide, fleet: Fleet, project: Path) -> Path:
    """A project that trusts the key of ops, and not that of mallory."""
    for name in ("ops", "mallory"):
        assert patchtide("key", "new", f"keys/{name}").code == 0
    with (project / "patchtide.yml").open("a", encoding="utf-8") as file:
        file.write("trust: [keys/ops.pub]\n")
    return project / "keys"


def planned(patchtide: Patchtide, *words: str) -> None:
    assert patchtide("plan", "-o", "plan.json", *words).code == 0


def carried_out(patchtide: Patchtide, *words: str) -> Answer:
    return patchtide("run", "--no-input", "--yes", *words)


def changed(project: Path, key: str, value: object, *, seal: bool) -> None:
    path = project / "plan.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    document[key] = value
    if seal:
        document["digest"] = digest_of(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_plan_that_a_trusted_key_signed_is_carried_out(patchtide: Patchtide, keys: Path, fleet: Fleet) -> None:
    planned(patchtide, "--sign", "keys/ops")
    assert carried_out(patchtide, "--plan", "plan.json").code == 0
    shown = patchtide("status", "--json").document["signed_by"]
    assert shown == [patchtide("key", "show", "--json").document["public"]]
    assert f"signed with key {shown[0]}" in patchtide("status").out


def test_a_run_signs_the_plan_that_it_makes(patchtide: Patchtide, keys: Path, fleet: Fleet) -> None:
    assert carried_out(patchtide, "--sign", "keys/ops").code == 0


@pytest.mark.parametrize(
    ("words", "said"), [((), "the plan is not signed"), (("--sign", "keys/mallory"), "no trusted key signed this plan")]
)
def test_others_plans_are_refused_and_nothing_is_touched(
    patchtide: Patchtide, keys: Path, fleet: Fleet, words: tuple[str, ...], said: str
) -> None:
    planned(patchtide, *words)
    fleet.deeds.clear()
    refused = carried_out(patchtide, "--plan", "plan.json")
    assert (refused.code, fleet.deeds) == (2, [])
    assert said in refused.err
    assert "patchtide plan --sign KEY" in refused.err
    assert patchtide("history", "--json").document["runs"] == []


def test_a_plan_that_was_changed_afterwards_is_refused_even_when_it_is_sealed_again(
    patchtide: Patchtide, keys: Path, fleet: Fleet
) -> None:
    planned(patchtide, "--sign", "keys/ops")
    changed(keys.parent, "created_by", "mallory", seal=True)
    refused = carried_out(patchtide, "--plan", "plan.json")
    assert refused.code == 2
    assert "no trusted key signed this plan as it is" in refused.err


def test_a_signature_of_another_plan_is_none_of_this_one(patchtide: Patchtide, keys: Path, fleet: Fleet) -> None:
    planned(patchtide, "--sign", "keys/ops")
    signatures = json.loads((keys.parent / "plan.json").read_text("utf-8"))["signatures"]
    fleet.clock.sleep(1)
    planned(patchtide)
    changed(keys.parent, "signatures", signatures, seal=False)
    assert carried_out(patchtide, "--plan", "plan.json").code == 2


def test_without_a_key_a_run_is_refused_before_any_host_is_asked(
    patchtide: Patchtide, keys: Path, fleet: Fleet
) -> None:
    refused = carried_out(patchtide)
    assert (refused.code, fleet.deeds) == (2, [])
    assert "patchtide run --sign KEY" in refused.err


def test_a_key_that_cannot_sign_is_refused_before_any_host_is_asked(
    patchtide: Patchtide, keys: Path, fleet: Fleet
) -> None:
    (keys / "ops").chmod(0o644)
    assert carried_out(patchtide, "--sign", "keys/ops").code == 2
    assert patchtide("plan", "--sign", "keys/gone").code == 2
    assert fleet.deeds == []


@pytest.mark.parametrize("command", ["resume", "tick"])
def test_a_run_goes_on_only_under_a_plan_that_is_trusted(
    patchtide: Patchtide, fleet: Fleet, project: Path, command: str
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    before, fleet.before = fleet.before, lambda deed: interrupted(deed) if deed.step == "stage" else None
    assert carried_out(patchtide).code == 130
    fleet.before = before
    fleet.deeds.clear()
    assert patchtide("key", "new").code == 0
    with (project / "patchtide.yml").open("a", encoding="utf-8") as file:
        file.write("trust: [keys/ops.pub]\n")
    refused = patchtide(command)
    assert refused.code == 2
    assert "the plan is not signed" in refused.err
    assert fleet.deeds == []


def test_a_signature_is_nothing_that_the_digest_covers(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    patchtide("key", "new")
    unsigned, signed = (patchtide("plan", "--json", *words).document for words in ((), ("--sign", "keys/ops")))
    assert signed["digest"] == unsigned["digest"]
    assert (len(signed["signatures"]), unsigned["signatures"]) == (1, [])


def test_a_real_plan_is_as_the_published_schema_says(patchtide: Patchtide, fleet: Fleet, project: Path) -> None:
    patchtide("key", "new")
    schema = patchtide("plan", "--schema").document
    document = patchtide("plan", "--json", "--sign", "keys/ops").document
    jsonschema.validators.validator_for(schema).check_schema(schema)
    jsonschema.validate(document, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "hosts": []}, schema)


def test_two_plans_of_the_same_fleet_differ_in_time_and_digest_only(
    patchtide: Patchtide, fleet: Fleet, project: Path
) -> None:
    texts = []
    for _ in range(2):
        texts.append(patchtide("plan", "--json").out.splitlines())
        fleet.clock.sleep(60)
    different = {one.split(":")[0].strip() for one, other in zip(*texts, strict=True) if one != other}
    assert different == {'"created_at"', '"digest"'}
