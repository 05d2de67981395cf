"""The lock on real hosts: what real updates fix by an independent reading, what is unknown, and who signed."""

import json
import re
import shlex
from typing import Any

import pytest
from tests.system.conftest import Made, Project

pytestmark = pytest.mark.system

# Downloads have been shown by then; a few of the updates are enough to see them installed.
ONLY_A_FEW = ", ".join(
    f'{{package: "{pattern}", owner: tests, reason: a few are enough, until: 2099-12-31}}'
    for pattern in ("[!lt]*", "t[!i]*", "l[!i]*", "li[!b]*", "lib[!e]*")
)
WATCHED = ("openssl", "libexpat1")
# Downloads are seen where they are asked for.
WATCH_APT = """
mv /usr/bin/apt-get /usr/bin/apt-get.real
printf '#!/bin/sh\\necho "$@" >> /var/log/apt-get.calls\\nexec /usr/bin/apt-get.real "$@"\\n' > /usr/bin/apt-get
chmod 755 /usr/bin/apt-get
"""


def planned(project: Project, *words: str) -> dict[str, Any]:
    done = project.patchtide("plan", "--json", *words)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def packages(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {file["name"]: file for files in document["patch_set"].values() for file in files}


def selecting(project: Project, more: str) -> None:
    path = project.directory / "patchtide.yml"
    path.write_text(path.read_text("utf-8").replace("updates:\n", f"updates:\n  {more}\n"), encoding="utf-8")


def fixed_by(project: Project, name: str, installed: str) -> set[str]:
    """The CVEs in a package's changelog down to the installed version, read with dpkg-deb, tar and zcat on the host."""
    file = project.shell("test-1", "sh", "-c", f"ls /var/lib/patchtide/cache/{shlex.quote(name)}_*.deb").strip()
    inside = f"./usr/share/doc/{name}/changelog.Debian.gz"
    text = project.shell("test-1", "sh", "-c", f"dpkg-deb --fsys-tarfile {file} | tar -xO {inside} | zcat")
    newer, mark, _ = text.partition(f"({installed}) ")
    assert mark, f"the changelog of {name} does not name {installed}"
    return {found.upper() for found in re.findall(r"CVE-\d{4}-\d+", newer, re.IGNORECASE)}


def downloads(project: Project) -> list[str]:
    calls = project.shell("test-1", "cat", "/var/log/apt-get.calls").splitlines()
    return [call for call in calls if call.startswith("download")]


def test_real_updates_tell_what_they_fix_and_are_downloaded_once(made: Made) -> None:
    project = made(offered=["1.1"])
    project.configure(exclude="")
    versions = {name: project.version("test-1", name) for name in WATCHED}
    project.shell("test-1", "sh", "-c", WATCH_APT)
    first = planned(project)
    known = packages(first)
    for name, installed in versions.items():
        assert set(known[name]["cves"]) == fixed_by(project, name, installed)
        assert known[name]["released"]
    assert any(file["cves"] for file in known.values())
    assert known["tidepool"]["cves"] is None  # it has no changelog at all
    assert len(downloads(project)) == 1

    text = project.patchtide("plan", "-o", "plan.json").stdout
    assert re.search(r"\d+ updates on 2 hosts fix \d+ CVEs?; 1 unknown", text)
    second = json.loads((project.directory / "plan.json").read_text("utf-8"))
    assert {key for key in first if first[key] != second[key]} == {"created_at", "digest"}
    assert len(downloads(project)) == 1

    project.configure(exclude=ONLY_A_FEW)
    assert project.run().returncode == 0
    new = [f"{file['name']}={file['version']}" for file in known.values()]
    asked_again = [call for call in downloads(project)[1:] if any(version in call.split() for version in new)]
    assert asked_again == []
    report = json.loads(project.patchtide("report", "--format", "json").stdout)
    [expat] = [fix for fix in report["fixes"] if fix["cves"]]
    assert (expat["packages"], sorted(expat["patched"])) == (["libexpat1"], ["prod-1", "test-1"])


def test_what_is_too_young_stays_away_and_signed_plans_alone_are_carried_out(made: Made) -> None:
    project = made(offered=["1.1"])
    project.configure(exclude="")
    selecting(project, "minimum_age: {all: 400d, security: 400d}")
    young = planned(project)
    assert young["patch_set"] == {}
    reasons = {reason.partition(":")[0] for host in young["hosts"].values() for reason in host["left_out"].values()}
    assert reasons == {"too young"}
    assert re.search(r"stay away \(\d+ too young\)", project.patchtide("plan").stdout)

    project.configure()
    assert project.patchtide("key", "new").returncode == 0
    with (project.directory / "patchtide.yml").open("a", encoding="utf-8") as file:
        file.write("trust: [keys/ops.pub]\n")
    assert project.patchtide("plan", "-o", "unsigned.json").returncode == 0
    for words in (("--plan", "unsigned.json"), ()):
        refused = project.run(*words)
        assert refused.returncode == 2
        assert "signed" in refused.stderr
    assert project.version("test-1") == "1.0"

    assert project.patchtide("plan", "-o", "signed.json", "--sign", "keys/ops").returncode == 0
    signed = (project.directory / "signed.json").read_text("utf-8")
    (project.directory / "altered.json").write_text(signed.replace('"created_by": "', '"created_by": "x'), "utf-8")
    assert project.run("--plan", "altered.json").returncode == 2
    assert project.version("test-1") == "1.0"
    assert project.run("--plan", "signed.json").returncode == 0
    assert project.version("prod-1") == "1.1"
    assert "signed with key" in project.patchtide("status").stdout
