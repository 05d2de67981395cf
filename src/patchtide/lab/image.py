"""The image of a lab's hosts: a released Debian without its updates, so that a host has real ones pending."""

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, flock
from importlib.resources import files
from pathlib import Path

from patchtide.lab.doctor import machine_codename
from patchtide.lab.programs import as_root, completed, environment, last_words, output, podman
from patchtide.lab.sources import Sources, machine_sources
from patchtide.lab.spec import LabError

REPOSITORY = "localhost/patchtide-lab"
# Some of these have security updates at any time: those of the release's later life are what a host has pending.
PACKAGES = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "openssh-server",
        "python3",
        "sudo",
        "iproute2",
        "procps",
        "debconf",
        "apt-utils",
    ),
    *("ca-certificates", "gpgv", "openssl", "nginx", "perl", "libexpat1", "tzdata"),
)
# The same system with RPM's tools in charge; rpmbuild and createrepo are there so that a lab's machine needs neither.
DNF_PACKAGES = (*PACKAGES, "dnf", "python3-dnf", "dnf-plugins-core", "rpm", "createrepo-c")
_APT = ('Acquire::Languages "none"', 'APT::Install-Recommends "false"')
# How this machine reaches its mirrors is how an image does while it is made; a host has them with it.
_PASSED = re.compile(r"(?i)Acquire::(?:https?::Proxy|Check-Valid-Until|Check-Date|ForceIPv[46]|Retries)\b.*")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything an image is made of; two equal recipes make one image.

    The month is part of it because what is pending on a host is what was pending when its image was made.
    """

    codename: str
    sources: Sources
    options: tuple[str, ...]
    packages: tuple[str, ...]
    script: str
    month: str

    @property
    def key(self) -> str:
        """Return the recipe's hash."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    @property
    def image(self) -> str:
        """Return the image's name, whose tag is the recipe's hash."""
        return f"{REPOSITORY}:{self.key}"


def machine_recipe(packages: tuple[str, ...] = PACKAGES, *scripts: str) -> Recipe:
    """Return the recipe for this machine's Debian and its own mirrors; raises LabError where there are none."""
    codename = machine_codename()
    folder = files("patchtide.lab") / "files"
    text = "".join((folder / name).read_text("utf-8") for name in scripts or ("snapshot.sh", "image.sh"))
    month = datetime.now(UTC).strftime("%Y-%m")
    return Recipe(codename, machine_sources(codename), _options(), packages, text, month)


def ready_image(tell: Callable[[str], None], system: str = "debian") -> str:
    """Return the name of the hosts' image, built first when this machine does not have it yet (under a minute)."""
    recipe = machine_recipe(DNF_PACKAGES, "image.sh", "image-dnf.sh") if system == "dnf" else machine_recipe()
    with one_builder():
        if completed(podman("image", "exists", recipe.image)).returncode:
            tell(f"building the image of the hosts from {recipe.sources.main.uri} (once, about a minute)")
            output(podman("tag", _built(recipe), recipe.image), "the image could not be named")
            completed(podman("image", "prune", "--all", "--force", "--filter", f"label={_LABEL}", *_OLD))
    return recipe.image


_LABEL = "patchtide.lab.image"
_OLD = ("--filter", "until=1440h")  # two months: nobody's current image


def remove_images() -> None:
    """Remove every image of a lab that no container uses."""
    names = output(podman("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY), "images cannot be listed")
    for name in names.split():
        completed(podman("rmi", name))


def _options() -> tuple[str, ...]:
    dump = output(["apt-config", "dump"], "apt's configuration cannot be read")
    passed = [line.rstrip("; ") for line in dump.splitlines() if _PASSED.fullmatch(line)]
    proxies = [f'Acquire::{kind}::Proxy "{os.environ[name]}"' for kind, name in _PROXIES if os.environ.get(name)]
    return (*_APT, *proxies, *(line for line in passed if '""' not in line))


_PROXIES = (("http", "http_proxy"), ("https", "https_proxy"))


@contextmanager
def one_builder() -> Iterator[None]:
    """Hold what only one at a time on this machine may do: building an image."""
    path = Path(tempfile.gettempdir()) / f"patchtide-lab-{os.getuid()}.lock"
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        flock(lock, LOCK_EX)
        yield
    finally:
        os.close(lock)


def _built(recipe: Recipe) -> str:
    with bootstrapping(recipe) as command:
        return _imported(command)


@contextmanager
def bootstrapping(recipe: Recipe) -> Iterator[list[str]]:
    """Have the command at hand that writes a recipe's root to its output, as a tar archive."""
    with tempfile.TemporaryDirectory(prefix="patchtide-image-") as folder:
        script, later = Path(folder) / "image.sh", Path(folder) / "later.list"
        script.write_text(recipe.script, encoding="utf-8")
        script.chmod(0o755)
        later.write_text("".join(f"{source.line}\n" for source in recipe.sources.later), encoding="utf-8")
        later.chmod(0o644)
        yield _bootstrap(recipe, script, later)


def _bootstrap(recipe: Recipe, script: Path, later: Path) -> list[str]:
    own_keys = [key for key in recipe.sources.keyrings if not Path(key).name.startswith("debian-archive-")]
    return [
        *(*as_root(), "mmdebstrap", "--quiet", "--variant=minbase"),
        *("--skip=cleanup/apt/lists", "--dpkgopt=force-unsafe-io"),
        *(f"--aptopt={option}" for option in recipe.options),
        f"--include={','.join(recipe.packages)}",
        *(f"--customize-hook=copy-in {key} {Path(key).parent}" for key in own_keys),
        f"--customize-hook=copy-in {later} /etc/apt/sources.list.d",
        f"--customize-hook={script}",
        *(recipe.codename, "-", recipe.sources.main.line),
    ]


def _imported(bootstrap: list[str]) -> str:
    """Return the id of the image that podman read from mmdebstrap's output; one without the other is no image."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as words:
        with subprocess.Popen(bootstrap, stdout=subprocess.PIPE, stderr=words, env=environment()) as maker:
            importer = podman("import", "--quiet", "--change", f"LABEL {_LABEL}={REPOSITORY}", "-")
            imported = subprocess.run(importer, stdin=maker.stdout, capture_output=True, check=False, text=True)
        words.seek(0)
        image = imported.stdout.strip()
        if maker.returncode:
            completed(podman("rmi", image)) if image else None
            raise LabError(f"the image could not be built: mmdebstrap: {last_words(words.read())}", _REACH)
    if imported.returncode:
        raise LabError(f"the image could not be imported: podman: {last_words(imported.stderr)}")
    return image


_REACH = "Check with `apt-get update` that this machine reaches its own mirrors."
