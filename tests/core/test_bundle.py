"""What a bundle proves: files that hosts have kept, when a trusted key says so; nothing else."""

from dataclasses import replace

import pytest
from tests.core.made import NOW, carried, opened, package, plan, tier

from patchtide.core.actions import Do
from patchtide.core.bundle import Bundle, attested, misfit, of_plan, of_run
from patchtide.core.decide import decide
from patchtide.core.gates import unproven
from patchtide.core.plan import Attested
from patchtide.core.run import Run
from patchtide.core.steps import EndState, Step

OTHER = package("other", sha256="cd" * 32)
TWO = plan(patch_set={"debian-12-amd64": (OTHER, package())})


def proven() -> Run:
    return carried(opened(TWO), "t1", "t2")


def test_a_run_exports_what_its_hosts_have_installed_and_kept_and_nothing_else() -> None:
    made = of_run("r-1", proven())
    assert made is not None
    assert misfit(made) is None
    assert made.patch_set == {"debian-12-amd64": (package(),)}
    assert made.files == {package().sha256: 1000}
    assert (made.provenance.run, made.provenance.plan, made.provenance.tiers) == ("r-1", TWO.digest, ("test",))
    assert made.provenance.proven == {package().sha256: ("t1", "t2")}


def test_a_run_that_kept_nothing_has_no_bundle() -> None:
    assert of_run("r-1", opened(TWO)) is None
    run = proven()
    back = run.hosts.updated(replace(host, end=EndState.ROLLED_BACK) for host in run.hosts.values())
    assert of_run("r-1", replace(run, hosts=back)) is None


def test_a_plan_exports_all_its_files_and_proves_none() -> None:
    made = of_plan(TWO)
    assert misfit(made) is None
    assert set(made.files) == {package().sha256, OTHER.sha256}
    assert made.provenance.proven == {}


@pytest.mark.parametrize(("key", "files"), [("release", (package().sha256,)), (None, ())])
def test_only_a_trusted_key_makes_a_bundle_prove_something(key: str | None, files: tuple[str, ...]) -> None:
    made = of_run("r-1", proven())
    assert made is not None
    assert attested(Bundle(made, "text", ()), "sha256:1", key) == Attested("r-1", "sha256:1", "r-1", key or "", files)


@pytest.mark.parametrize(
    ("files", "missing"), [((package().sha256,), None), ((), "tide=1.1"), ((OTHER.sha256,), "tide=1.1")]
)
def test_a_later_tier_takes_an_attested_file_as_proven_by_its_hash(files: tuple[str, ...], missing: str | None) -> None:
    run = opened(plan(attested=Attested("b", "sha256:1", "r-0", "release", files)))
    assert unproven(run, "p1") == missing


def test_production_alone_is_staged_from_an_attested_bundle() -> None:
    run = opened(plan(tier("prod", ("p1",)), attested=Attested("b", "d", "r-0", "release", (package().sha256,))))
    assert decide(run, NOW) == Do(Step.STAGE, ("p1",))
