"""The practice web service: one version for each way an update can go, built as real Debian packages here."""

import json
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from patchtide.lab.programs import output
from patchtide.lab.spec import LabError

FIRST = "1.0"
CLOCK = "1767225600"  # every file carries this instant, so that a version has the same hash in every lab
_FILES = files("patchtide.lab") / "files"


@dataclass(frozen=True, slots=True)
class Variation:
    """How a version differs from a good one; `broken_where` is a word of /etc/tidepool/environment or "everywhere".

    `locked` versions let nobody downgrade or remove them, `replaces` names a package whose place a version takes, and
    those that ask are Debian packages only: an RPM package cannot ask.
    """

    summary: str
    broken_where: str = ""
    crash_after: float = 0
    postinst: str = ""
    prerm: str = ""
    service: str = ""
    configuration: str = ""
    depends: str = ""
    replaces: str = ""
    locked: bool = False
    asks: bool = False


_LOCKED = """\
case "$1" in
remove) exit 1 ;;
upgrade) ! dpkg --compare-versions "$2" lt 1.9 || exit 1 ;;
esac
"""
_DARK = """\
ExecStartPre=-+/usr/sbin/ip rule add priority 10 blackhole
ExecStopPost=-+/usr/sbin/ip rule del priority 10 blackhole
"""
_LIGHT = "ip rule del priority 10 blackhole || true\n"
_MUTE = """\
systemctl disable --now ssh.service
systemctl mask ssh.service
"""
VERSIONS = {
    FIRST: Variation("the version to start from"),
    "1.1": Variation("good"),
    "1.2": Variation("answers 500 on /healthz", broken_where="everywhere"),
    "1.3": Variation("crashes 20 s after each start", crash_after=20),
    "1.4": Variation("its postinst fails", postinst='echo "tidepool: no water" >&2\nexit 1\n'),
    "1.5": Variation("asks a debconf question", configuration="tide = high\n", depends="debconf", asks=True),
    "1.6": Variation("changes a conffile", configuration="depth = 3\n"),
    "1.7": Variation("restarts sshd in its postinst", postinst="systemctl restart ssh.service\n"),
    "1.8": Variation("takes the network down while it runs", service=_DARK, prerm=_LIGHT),
    "1.9": Variation("answers 500 and cannot be downgraded or removed", broken_where="everywhere", locked=True),
    "1.10": Variation("good, and needs a new package", depends="tidepool-extra"),
    "1.11": Variation("answers 500, and needs a new package", broken_where="everywhere", depends="tidepool-extra"),
    "1.20": Variation("stops, disables and masks sshd in its postinst", postinst=_MUTE),
    "1.21": Variation("takes its link down, which only a boot brings up again", postinst="ip link set eth0 down\n"),
    "1.30": Variation("good, and takes the place of tidepool-legacy", replaces="tidepool-legacy"),
    "1.31": Variation("good, and its postinst takes its time", postinst="sleep 20\n"),
    "2.0": Variation("answers 500 where the environment says production", broken_where="production"),
    "2.1": Variation("answers 500 where the environment says fragile", broken_where="fragile"),
}


def built(version: str, pool: Path) -> tuple[Path, ...]:
    """Return the package files of a version (and of what only it depends on), built into a folder."""
    return tuple(_built(name, version, parts, pool) for name, parts in packages(version).items())


def packages(version: str) -> dict[str, Variation]:
    """Return a version's packages: tidepool, and what only this version depends on; raises LabError without one."""
    variation = VERSIONS.get(version)
    if variation is None:
        raise LabError(f"tidepool has no version {version!r}", f"Choose one of {', '.join(VERSIONS)}.")
    beside = {
        "tidepool-extra": Variation("a package that came new with tidepool"),
        "tidepool-legacy": Variation("a package for which there is no room beside a later tidepool"),
    }
    wanted = [name for name in beside if name in (variation.depends, variation.replaces)]
    return {"tidepool": variation, **{name: beside[name] for name in wanted}}


def _built(name: str, version: str, variation: Variation, pool: Path) -> Path:
    texts = content(name, version, variation)
    settings = "".join(f"/{path}\n" for path in texts if path.startswith("etc/"))
    texts |= {**_control(name, version, variation), "DEBIAN/conffiles": settings}
    if name == "tidepool":
        texts |= _scripts(variation)
    target = pool / f"{name}_{version}_all.deb"
    with tempfile.TemporaryDirectory(prefix="patchtide-package-") as folder:
        for path, text in texts.items():
            written(Path(folder) / path, text)
        given_modes(Path(folder))
        command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", folder, str(target)]
        output(command, f"{name} {version} could not be built", extra={"SOURCE_DATE_EPOCH": CLOCK})
    return target


def written(path: Path, text: str) -> None:
    """Write a file of a package, its folders first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def given_modes(folder: Path) -> None:
    """Give everything in a package's tree the mode it has on a host: what starts with `#!` can be run."""
    for entry in (folder, *folder.rglob("*")):
        entry.chmod(0o755 if entry.is_dir() or entry.read_bytes().startswith(b"#!") else 0o644)


def _control(name: str, version: str, variation: Variation) -> dict[str, str]:
    depends = ", ".join(("init-system-helpers", "python3", *filter(None, [variation.depends])))
    fields = {
        "Package": name,
        "Version": version,
        "Architecture": "all",
        "Maintainer": "Patchtide Lab <lab@patchtide.invalid>",
        "Section": "web",
        "Priority": "optional",
        "Depends": depends if name == "tidepool" else "python3",
        "Description": f"practice web service: {variation.summary}" if name == "tidepool" else variation.summary,
    }
    if variation.replaces:
        fields |= dict.fromkeys(("Conflicts", "Replaces", "Provides"), variation.replaces)
    text = "".join(f"{key}: {value}\n" for key, value in fields.items())
    return {"DEBIAN/control": text}


def content(name: str, version: str, variation: Variation) -> dict[str, str]:
    """Return a package's files by their path on a host, whatever brings them there; those under /etc are settings."""
    readme = {f"usr/share/doc/{name}/README": f"{name} {version}: {variation.summary}.\n"}
    if name != "tidepool":
        return readme | {f"etc/{name}.conf": f"package = {name}\n"}
    release = {"version": version, "broken_where": variation.broken_where, "crash_after": variation.crash_after}
    return readme | {
        "etc/tidepool/tidepool.conf": f"greeting = tidepool\nport = 8080\n{variation.configuration}",
        "usr/lib/systemd/system/tidepool.service": filled("tidepool.service", service=variation.service),
        "usr/lib/tidepool/release.json": json.dumps(release) + "\n",
        "usr/lib/tidepool/tidepool.py": filled("tidepool.py"),
    }


def _scripts(variation: Variation) -> dict[str, str]:
    texts = {
        "DEBIAN/postinst": filled("postinst", debconf=_ASK if variation.asks else "", postinst=variation.postinst),
        "DEBIAN/prerm": filled("prerm", prerm=_LOCKED if variation.locked else variation.prerm),
        "DEBIAN/postrm": filled("postrm"),
    }
    if variation.asks:
        texts |= {"DEBIAN/config": filled("debconf.config"), "DEBIAN/templates": filled("debconf.templates")}
    return texts


_ASK = """\
. /usr/share/debconf/confmodule
db_get tidepool/tide
echo "tidepool: waiting for $RET tide" >&2
"""


def filled(name: str, /, **parts: str) -> str:
    """Return a file of the lab with `@part@` lines replaced by the parts."""
    text = (_FILES / name).read_text("utf-8")
    for key, value in parts.items():
        text = text.replace(f"@{key}@\n", value)
    return text
