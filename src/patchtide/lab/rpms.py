"""The practice web service as real RPM packages, and the repository that dnf hosts read; built in their own image."""

import tempfile
from pathlib import Path

from patchtide.lab import tidepool
from patchtide.lab.programs import LIMITS, output, podman
from patchtide.lab.tidepool import CLOCK, Variation, filled, given_modes, written


def pool(directory: Path) -> Path:
    """Return the folder of the package files and of the lists that dnf reads."""
    return directory / "public" / "rpm"


def offer(directory: Path, version: str, image: str) -> None:
    """Build a version of tidepool and show it to the hosts; a version that cannot be an RPM package is left out."""
    if tidepool.VERSIONS[version].asks:
        return
    with tempfile.TemporaryDirectory(prefix="patchtide-rpm-") as folder:
        for name, variation in tidepool.packages(version).items():
            _write(Path(folder), name, version, variation)
        _published(directory, Path(folder), image)


def withdraw(directory: Path, version: str, image: str) -> None:
    """Take a version away: off the disk and out of the lists."""
    for path in pool(directory).glob(f"tidepool*-{version}-1.noarch.rpm"):
        path.unlink()
    with tempfile.TemporaryDirectory(prefix="patchtide-rpm-") as folder:
        _published(directory, Path(folder), image)


def _published(directory: Path, folder: Path, image: str) -> None:
    pool(directory).mkdir(parents=True, exist_ok=True)
    volumes = ("--volume", f"{folder}:/build", "--volume", f"{pool(directory)}:/pool")
    run = (
        "run",
        "--rm",
        "--interactive",
        *LIMITS,
        "--network=none",
        f"--env=SOURCE_DATE_EPOCH={CLOCK}",
        *volumes,
        image,
    )
    output(podman(*run, "sh", "-s"), "the RPM packages could not be built", text=filled("rpmbuild.sh"))


def _write(folder: Path, name: str, version: str, variation: Variation) -> None:
    """Write a package's spec file and, beside it, its files."""
    texts = tidepool.content(name, version, variation)
    for path, text in texts.items():
        written(folder / name / path, text)
    given_modes(folder / name)
    spec = filled(
        "tidepool.spec",
        name=f"Name: {name}\n",
        version=f"Version: {version}\n",
        summary=f"Summary: {variation.summary}\n",
        source=f"cp -a /build/{name}/. %{{buildroot}}/\n",
        relations=_relations(variation),
        scripts=_scriptlets(variation) if name == "tidepool" else "",
        files="".join([*_folders(name), *(f"{_flag(path)}/{path}\n" for path in texts)]),
    )
    written(folder / f"{name}.spec", spec)


def _relations(variation: Variation) -> str:
    requires = f"Requires: {variation.depends}\n" if variation.depends else ""
    replaced = f"Provides: {variation.replaces} = 9\nObsoletes: {variation.replaces} < 9\n"
    return requires + (replaced if variation.replaces else "")


def _scriptlets(variation: Variation) -> str:
    return filled("scriptlets", post=variation.postinst, preun="exit 1\n" if variation.locked else variation.prerm)


def _folders(name: str) -> list[str]:
    """Return the entries of the folders that are a package's own, so that they leave with it."""
    own = ("/usr/lib/tidepool",) if name == "tidepool" else ()
    return [f"%dir {folder}\n" for folder in (f"/usr/share/doc/{name}", *own)]


def _flag(path: str) -> str:
    """Return how a file is marked: without `noreplace` rpm replaces even what an admin edited, the harder case."""
    return "%config " if path.startswith("etc/") else ""
