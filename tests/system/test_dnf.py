"""Real hosts with dnf and RPM packages; the ways there and back with everything compared are in tests/roundtrip."""

import json
import random

import pytest
from tests.system.bundles import imported_elsewhere, proven_and_exported
from tests.system.conftest import Made, Project

from patchtide import lab
from patchtide.core.versions import is_newer

pytestmark = pytest.mark.system


def test_hosts_with_apt_and_hosts_with_dnf_are_promoted_in_one_run(made: Made) -> None:
    project = made(test=1, production=1, dnf=1, offered=["1.1"])
    project.shell("prod-dnf-1", "dnf", "-q", "mark", "remove", "tidepool")
    assert project.patchtide("plan", "-o", "plan.json").returncode == 0
    plan = json.loads((project.directory / "plan.json").read_text())
    assert sorted(len(files) for files in plan["patch_set"].values()) == [1, 1], "each platform has its own files"
    assert project.run("--plan", "plan.json").returncode == 0
    assert set(project.ends().values()) == {"patched"}
    for host in ("test-dnf-1", "prod-dnf-1"):
        assert project.shell(host, "rpm", "-q", "tidepool").strip() == "tidepool-1.1-1.noarch"
        assert project.healthy(host)
        assert "patchtide" in project.shell(host, "dnf", "history")
    asked_for = ["dnf", "-q", "repoquery", "--userinstalled", "--qf", "%{name}"]
    assert "tidepool" in project.shell("test-dnf-1", *asked_for).split()
    assert "tidepool" not in project.shell("prod-dnf-1", *asked_for).split(), "marks stay as they were"


def test_a_failed_script_is_a_failed_update_and_a_version_lock_is_a_hold(made: Made) -> None:
    project = made(test=0, production=0, dnf=1, offered=["1.4"])
    project.shell("prod-dnf-1", "dnf", "-q", "versionlock", "add", "tidepool")
    before = project.shell("test-dnf-1", "rpm", "-qa", "--qf", "%{NEVRA} %{SHA256HEADER}\n")
    assert project.run().returncode == 9, "dnf itself calls a transaction with a failed script complete"
    assert project.ends() == {"test-dnf-1": "rolled_back", "prod-dnf-1": "untouched"}
    assert project.shell("test-dnf-1", "rpm", "-qa", "--qf", "%{NEVRA} %{SHA256HEADER}\n") == before
    assert project.shell("test-dnf-1", "rpm", "-V", "tidepool") == ""
    assert project.healthy("test-dnf-1")

    shown = project.patchtide("plan")
    assert "held on the host" in shown.stdout


def test_a_host_with_dnf_and_no_mirror_is_patched_and_put_back_from_a_signed_bundle(made: Made) -> None:
    project = made(test=0, production=0, dnf=1, offered=["1.10"])
    the_order_of_versions_is_rpms_own(project)
    run = proven_and_exported(project)
    project.shell("prod-dnf-1", "sh", "-euc", _CUT_OFF)
    before = project.shell("prod-dnf-1", "rpm", "-qa", "--qf", "%{NEVRA} %{SHA256HEADER}\n")
    elsewhere = imported_elsewhere(project)
    assert elsewhere.patchtide("plan", "--bundle", run, "--detailed-exitcode").returncode == 8
    assert elsewhere.run("--bundle", run, "--sign", "../release").returncode == 5
    assert elsewhere.ends() == {"prod-dnf-1": "untouched"}
    assert "no source has tidepool 1.0-1 any more, and RPM packages cannot be rebuilt" in elsewhere.why("prod-dnf-1")

    project.shell("prod-dnf-1", "sh", "-euc", _OLD_FILE)
    assert elsewhere.run("--bundle", run, "--sign", "../release").returncode == 0
    assert elsewhere.ends() == {"prod-dnf-1": "patched"}
    there = ("rpm", "-q", "tidepool", "tidepool-extra")
    assert project.shell("prod-dnf-1", *there).split() == ["tidepool-1.10-1.noarch", "tidepool-extra-1.10-1.noarch"]
    assert project.healthy("prod-dnf-1")
    words = ("rollback", elsewhere.status()["run"], "--yes", "--reason", "as a rehearsal")
    assert elsewhere.patchtide(*words).returncode == 9
    assert elsewhere.ends() == {"prod-dnf-1": "rolled_back"}
    assert project.shell("prod-dnf-1", "rpm", "-qa", "--qf", "%{NEVRA} %{SHA256HEADER}\n") == before
    assert project.healthy("prod-dnf-1")


_CUT_OFF = """
cp /srv/patchtide-lab/rpm/tidepool-1.0-1.noarch.rpm /root
rm -rf /etc/yum.repos.d/* /var/cache/dnf/*
"""
_OLD_FILE = "mkdir -p /var/cache/dnf/kept/packages; cp /root/tidepool-1.0-1.noarch.rpm /var/cache/dnf/kept/packages"


def the_order_of_versions_is_rpms_own(project: Project[lab.Lab]) -> None:
    chosen = random.Random(16)
    texts = ["".join(chosen.choices("019aZb.~^+_", k=chosen.randint(1, 7))) + "-1" for _ in range(600)]
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    script = "".join(f"print(rpm.vercmp('{one}', '{other}') .. ' ')\n" for one, other in pairs)
    judged = project.shell("test-dnf-1", "rpm", "--eval", f"%{{lua:{script}}}").split()
    assert [is_newer(one, other, "dnf") for one, other in pairs] == [word == "1" for word in judged]
