"""The machine's own package sources, read so that the hosts of a lab use the same mirrors."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from patchtide.lab.spec import LabError

_KEPT = ("signed-by", "trusted", "check-valid-until", "check-date", "by-hash", "allow-weak")
_REACHABLE = ("http://", "https://")
_MIRROR_LIST = "mirror+file:"


@dataclass(frozen=True, slots=True)
class Source:
    """One binary package source: a URI, a suite, its components, and the options that decide about trust."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()

    @property
    def line(self) -> str:
        """Return the source as one line of sources.list, with the main component only."""
        options = " ".join(f"{key}={value}" for key, value in self.options)
        return " ".join(("deb", *([f"[{options}]"] if options else []), self.uri, self.suite, "main"))

    @property
    def keyrings(self) -> tuple[str, ...]:
        """Return the key files that Signed-By names."""
        names = dict(self.options).get("signed-by", "").split(",")
        return tuple(name for name in names if name.startswith("/"))


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources a lab needs: the released suite for the image, then what brings updates to its hosts."""

    main: Source
    later: tuple[Source, ...]

    @property
    def keyrings(self) -> tuple[str, ...]:
        """Return every key file that one of the sources names, once."""
        return tuple(dict.fromkeys(key for source in (self.main, *self.later) for key in source.keyrings))


def machine_sources(codename: str, etc: Path = Path("/etc/apt")) -> Sources:
    """Return the machine's Debian sources for a release; raises LabError when the suite or its security is missing."""
    found = tuple(_resolved(source) for path in _files(etc) for source in parsed(path.read_text("utf-8"), path.name))
    return chosen(found, codename)


def parsed(text: str, filename: str) -> tuple[Source, ...]:
    """Return the binary sources in a file: deb822 when it ends in `.sources`, one per line otherwise."""
    return tuple(_stanzas(text) if filename.endswith(".sources") else _lines(text))


def chosen(sources: Iterable[Source], codename: str) -> Sources:
    """Return which sources a lab uses: main of the release, its security suite and its updates suite."""
    usable = [s for s in sources if "main" in s.components and s.uri.startswith(_REACHABLE)]
    main = _first(usable, codename)
    security = _first(usable, f"{codename}-security")
    if main is None or security is None:
        missing = codename if main is None else f"{codename}-security"
        raise LabError(
            f"apt's sources on this machine have no http(s) entry for the main component of {missing}",
            f"Add Debian's {codename} and {codename}-security to /etc/apt/sources.list.d, as on any Debian machine.",
        )
    updates = _first(usable, f"{codename}-updates")
    return Sources(main, (security, updates) if updates else (security,))


def mirror_uri(text: str) -> str | None:
    """Return the first reachable URI of a mirror list, which has one per line; None when it has none."""
    words = (line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return next((first for first, *_ in words if first.startswith(_REACHABLE)), None)


def release_codename(os_release: str) -> str:
    """Return the codename that os-release text gives; raises LabError when this is no Debian."""
    pairs = (line.partition("=") for line in os_release.splitlines())
    values = {key: value.strip().strip("\"'") for key, sign, value in pairs if sign}
    codename = values.get("VERSION_CODENAME", "")
    if values.get("ID") != "debian" or not re.fullmatch(r"[a-z]+", codename):
        system = values.get("PRETTY_NAME") or "this system"
        raise LabError(f"a lab is built from Debian's own packages, and this is {system}", "Run it on Debian.")
    return codename


def _files(etc: Path) -> Iterator[Path]:
    single = etc / "sources.list"
    if single.is_file():
        yield single
    folder = etc / "sources.list.d"
    yield from sorted((*folder.glob("*.list"), *folder.glob("*.sources")))


def _first(sources: Iterable[Source], suite: str) -> Source | None:
    return next((source for source in sources if source.suite == suite), None)


def _resolved(source: Source) -> Source:
    if not source.uri.startswith(_MIRROR_LIST):
        return source
    path = Path("/" + source.uri.removeprefix(_MIRROR_LIST).lstrip("/"))
    uri = mirror_uri(path.read_text("utf-8")) if path.is_file() else None
    return Source(uri or source.uri, source.suite, source.components, source.options)


def _lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        words = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?([^\s#]+)\s+([^\s#]+)\s*([^#]*)", line)
        if words:
            options, uri, suite, components = words.groups(default="")
            pairs = (option.partition("=") for option in options.split())
            yield Source(uri, suite, tuple(components.split()), _kept({k.lower(): v for k, _, v in pairs}))


def _stanzas(text: str) -> Iterator[Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false"}:
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, components, _kept(fields))


def _fields(stanza: str) -> dict[str, str]:
    joined = re.sub(r"\n[ \t]+", "\n ", stanza)
    pairs = re.findall(r"^([A-Za-z0-9-]+):[ \t]*(.*(?:\n .*)*)", joined, re.MULTILINE)
    return {key.lower(): value.replace("\n ", " ").strip() for key, value in pairs}


def _kept(options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if "BEGIN PGP" in options.get("signed-by", ""):
        raise LabError(
            "a package source of this machine holds its key inside Signed-By, where a lab cannot pass it on",
            "Save the key as a file under /etc/apt/keyrings and name that file in Signed-By.",
        )
    return tuple((key, ",".join(options[key].split())) for key in _KEPT if options.get(key))
