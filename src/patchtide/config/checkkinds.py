"""What each kind of health check is told, as it is written: one section for each kind."""

from typing import Annotated, Final, Self

from pydantic import model_validator

from patchtide.config.checkvalues import (
    UNCHANGED,
    Address,
    Addresses,
    Argv,
    Client,
    Decimal,
    Folder,
    Lines,
    Part,
    Pattern,
    Patterns,
    Port,
    Positive,
    Scheme,
    Share,
    Status,
    Units,
    Url,
    UrlPath,
    whole,
    word,
)
from patchtide.config.scalars import Line, wrong
from patchtide.config.section import Section

_DAYS: Final = (1, 3650)
_SAMPLES: Final = (5, 1000)
_MILLISECONDS: Final = (1, 3_600_000)
_EXITS: Final = (0, 255)
PRIORITIES = ("emerg", "alert", "crit", "err", "warning")


class HttpCheck(Section):
    """Asks a web address and compares what comes back."""

    port: Port
    """The port."""
    path: UrlPath = "/"
    """The path that is asked for."""
    status: Status = 200
    """The status code that a healthy service answers with."""
    scheme: Scheme = "http"
    """http or https."""
    host: Address | None = None
    """The name or address that is asked; the host itself when left out (127.0.0.1 there)."""
    contains: Line | None = None
    """A text that has to be in the answer."""
    matches: Pattern | None = None
    """A regular expression that has to be found in the answer."""
    lacks: Pattern | None = None
    """A regular expression that must not be found in the answer."""
    headers: Patterns | None = None
    """Headers of the answer, each with a regular expression that its whole value has to match."""
    certificate_days: Annotated[int | None, *whole(_DAYS)] = None
    """For how many more days the server's certificate has to be valid, at the least."""
    latency_ms: Annotated[int | None, *whole(_MILLISECONDS)] = None
    """How long an answer may take, in milliseconds."""
    p50_within: Share | None = None
    """By how much the median time of answers may be above this host's own from before the update."""
    p95_within: Share | None = None
    """By how much the 95th percentile may be above this host's own from before the update."""
    samples: Annotated[int, *whole(_SAMPLES)] = 30
    """How many answers are timed before and after the update."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if "samples" in self.model_fields_set and self.p50_within is None and self.p95_within is None:
            raise wrong("has samples that nothing compares", "Say `p95_within: 20%`, or remove them.", ("samples",))
        if self.certificate_days is not None and self.scheme != "https":
            hint = "Write `scheme: https`."
            raise wrong("asks for a certificate, which http has not", hint, ("certificate_days",))
        return self


class TcpCheck(Section):
    """Opens a connection."""

    port: Port
    """The port."""
    host: Address | None = None
    """The name or address; the host itself when left out (127.0.0.1 there)."""


class DnsCheck(Section):
    """Looks a name up."""

    name: Address
    """The name."""
    type: Annotated[str, *word("A", "AAAA")] = "A"
    """What is asked for: A (IPv4) or AAAA (IPv6)."""
    server: Address | None = None
    """The server that is asked; the resolver of whoever looks when left out."""
    port: Port = 53
    """The server's port."""
    answers: Addresses = ()
    """Addresses that have to be among the answers; any when left out."""


class SpaceCheck(Section):
    """Looks at what a file system has left."""

    path: Folder = "/"
    """A folder on it."""
    free: Part
    """How much has to be free."""


class MemoryCheck(Section):
    """Looks at the memory that is left for new work."""

    free: Part | None = None
    """How much has to be free."""
    used_within: Share | None = None
    """By how much more may be in use than before the update."""
    samples: Annotated[int, *whole(_SAMPLES)] = 30
    """How often it is looked at before and after the update where that is compared."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.free is None and self.used_within is None:
            raise wrong("judges nothing", "Say `free: 10%`, or `used_within: 20%`.")
        return self


class LoadCheck(Section):
    """Looks at the load of the last minute."""

    max: Positive
    """The load that is bearable, per processor."""


class JournalCheck(Section):
    """Counts what the host's journal complains of."""

    max: Positive
    """How many entries may come in a minute."""
    priority: Annotated[str, *word(*PRIORITIES)] = "err"
    """How bad an entry has to be to count."""
    units: Units = UNCHANGED
    """The units whose entries count; all when left out."""
    rate_within: Share | None = None
    """By how much more may come than before the update."""
    samples: Annotated[int, *whole(_SAMPLES)] = 30
    """How many stretches of five seconds are compared."""


class CommandCheck(Section):
    """Runs a program that ends as it should when all is well."""

    run: Argv
    """The program and its arguments; words, no shell."""
    exit: Annotated[int, *whole(_EXITS)] = 0
    """The exit code that means health."""
    matches: Pattern | None = None
    """A regular expression that has to be found in what it prints."""
    lacks: Pattern | None = None
    """A regular expression that must not be found in what it prints."""


class SqlCheck(Section):
    """Asks a database through its own client on the host."""

    client: Client
    """The client with its arguments, such as `[psql, -h, db1, -c, select 1]`; never with a password."""
    password_file: Folder | None = None
    """A file beside the client whose first line is the password; the client gets it in its environment."""
    matches: Pattern | None = None
    """A regular expression that has to be found in what the client prints."""


class PrometheusCheck(Section):
    """Asks Prometheus for a number."""

    url: Url
    """The server, such as http://prometheus:9090."""
    query: Line
    """The query; `{host}` and `{address}` in it are the host's name and address."""
    min: Decimal | None = None
    """The least that its values may be."""
    max: Decimal | None = None
    """The most that its values may be."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.min is None and self.max is None:
            raise wrong("judges nothing: it has neither `min` nor `max`")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise wrong(f"has no value that would do: min {self.min:g} is above max {self.max:g}", at=("min",))
        return self


class AlertsCheck(Section):
    """Looks for alerts that fire and did not before the update; silenced ones count too."""

    url: Url
    """The server, such as http://alertmanager:9093."""
    api: Annotated[str, *word("prometheus", "alertmanager")] = "prometheus"
    """Whose API it speaks."""
    labels: Patterns | None = None
    """Labels, each with a regular expression that its whole value has to match; `{host}` is the host's name."""
    ignore: Lines = ()
    """Names of alerts that do not count."""
