"""A bundle on its way: proven by a project's test tier, imported by another project that has no mirror."""

import shutil

from tests.system.conftest import Project

from patchtide import lab

AIR_GAPPED = """\
inventory: {inventory}
trust: release.pub
tiers:
  - {{name: production, hosts: env_prod, window: always}}
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, deadline: 15s}}
  - {{name: units, services: unchanged, crash_window: 0s, deadline: 30s}}
"""


def proven_and_exported(project: Project[lab.Lab]) -> str:
    """Patch the test tier alone and write what it proved to tide.bundle, signed; the run's name."""
    config = project.directory / "patchtide.yml"
    lines = [line for line in config.read_text("utf-8").splitlines() if "name: production" not in line]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert project.run().returncode == 0
    assert project.patchtide("key", "new", "release").returncode == 0
    run = str(project.status()["run"])
    assert project.patchtide("bundle", "export", run, "-o", "tide.bundle", "--sign", "release").returncode == 0
    return run


def imported_elsewhere(project: Project[lab.Lab]) -> Project[lab.Lab]:
    """A project of its own with the production hosts only, which trusts the key and has imported the bundle."""
    elsewhere = Project(project.directory / "elsewhere", project.fleet)
    elsewhere.directory.mkdir()
    shutil.copy(project.directory / "release.pub", elsewhere.directory)
    text = AIR_GAPPED.format(inventory=project.fleet.inventory)
    (elsewhere.directory / "patchtide.yml").write_text(text, encoding="utf-8")
    assert elsewhere.patchtide("bundle", "import", "../tide.bundle").returncode == 0
    return elsewhere
