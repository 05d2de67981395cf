"""Health checks as they are written: one kind each, with timings that do not contradict each other."""

from datetime import timedelta
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.checkkinds import (
    AlertsCheck,
    CommandCheck,
    DnsCheck,
    HttpCheck,
    JournalCheck,
    LoadCheck,
    MemoryCheck,
    PrometheusCheck,
    SpaceCheck,
    SqlCheck,
    TcpCheck,
)
from patchtide.config.checkvalues import Items, Units
from patchtide.config.scalars import Duration, Name, Names, Period, as_text, count_of, one_of, spelled, wrong
from patchtide.config.section import Section
from patchtide.core.health import COMPARING, CONTROLLER, HOST, PLAYBOOK

KINDS = (
    "http",
    "tcp",
    "dns",
    "services",
    "processes",
    "listeners",
    "mounts",
    "disk",
    "inodes",
    "memory",
    "load",
    "journal",
    "command",
    "sql",
    "prometheus",
    "alerts",
    PLAYBOOK,
)
_ANYWHERE = ("http", "tcp", "dns", "command", "sql", "prometheus", "alerts")
"""Kinds that can be looked at from the controller, too."""

_ELSEWHERE = ("prometheus", "alerts", PLAYBOOK)
"""Kinds that are looked at from the controller where nothing else is said."""

_FAILURES: Final = (1, 1000)
_USUAL_WINDOW = timedelta(seconds=60)
_RATE_SPAN = timedelta(seconds=30)


def _flag(value: object) -> bool:
    return one_of(value, ("true", "false")) == "true"


def _command(value: object) -> object:
    return value if isinstance(value, dict) else {"run": value}


def _task_file(value: object) -> str:
    text = as_text(value, "the path of a playbook")
    if not text.endswith((".yml", ".yaml")):
        raise wrong(f"is {text!r}, which is no playbook", "Its name ends with .yml.")
    return text


class HealthCheck(Section):
    """One health check, which is of exactly one kind."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [kind]} for kind in KINDS]})

    name: Name
    """What the check is called in reports."""
    http: HttpCheck | None = None
    """Asks a web address: status, body, headers, certificate, and how long it takes."""
    tcp: TcpCheck | None = None
    """Opens a connection."""
    dns: DnsCheck | None = None
    """Looks a name up."""
    services: Units | None = None
    """Units that have to be active; `unchanged`: whatever was active before the update."""
    processes: Items | None = None
    """Programs that have to run as daemons; `unchanged`: whatever ran before the update."""
    listeners: Items | None = None
    """TCP ports that have to be listened on (`443`, `127.0.0.1:25`); `unchanged`: those from before the update."""
    mounts: Items | None = None
    """Folders that have to be mounted; `unchanged`: whatever was mounted before the update, and as writable."""
    disk: SpaceCheck | None = None
    """Room on a file system."""
    inodes: SpaceCheck | None = None
    """Inodes on a file system."""
    memory: MemoryCheck | None = None
    """Memory that is left for new work."""
    load: LoadCheck | None = None
    """The load of the last minute."""
    journal: JournalCheck | None = None
    """Errors in the host's journal."""
    command: Annotated[
        CommandCheck | None,
        BeforeValidator(_command),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                    {"type": "object", "required": ["run"]},
                ]
            }
        ),
    ] = None
    """A program that ends with 0 when all is well: words, no shell; or what is expected of it besides."""
    sql: SqlCheck | None = None
    """A database, asked through its own client."""
    prometheus: PrometheusCheck | None = None
    """A number that Prometheus knows."""
    alerts: AlertsCheck | None = None
    """Alerts that fire, and did not before the update."""
    playbook: Annotated[str | None, PlainValidator(_task_file), WithJsonSchema({"type": "string"})] = None
    """A playbook of yours: a host on which it fails is not healthy. Relative to this file."""
    from_: Annotated[
        str | None,
        PlainValidator(lambda value: one_of(value, (HOST, CONTROLLER))),
        WithJsonSchema({"enum": [HOST, CONTROLLER]}),
    ] = Field(default=None, alias="from")
    """Who looks: the `host` itself, or the `controller`; Prometheus, alerts and playbooks are the controller's."""
    enabled: Annotated[bool, PlainValidator(_flag), WithJsonSchema({"type": "boolean"})] = True
    """`false`: the check is not made. That is shown, and stops the promotion to the next tier until it is waived."""
    warm_up: Duration = timedelta(0)
    """How long the host is left alone before the first try."""
    every: Period = timedelta(seconds=1)
    """The time between two tries."""
    healthy_for: Duration = timedelta(0)
    """For how long the check has to hold without a break before it passes."""
    failures: Annotated[
        int, PlainValidator(lambda value: count_of(value, *_FAILURES)), WithJsonSchema({"type": "integer"})
    ] = 1
    """How many bad tries in a row break the time in which it has to hold."""
    crash_window: Duration | None = None
    """For `services`: how long a unit that was started has to run without a restart of its init; 60s, or half of the
    deadline where that is shorter."""
    deadline: Period = timedelta(seconds=60)
    """How long all of it may take, warm-up included."""
    timeout: Period = timedelta(seconds=5)
    """How long one try may take; a playbook's is the deadline when left out."""
    tiers: Names = ()
    """The tiers whose hosts are judged by it; all when left out."""

    @property
    def kind(self) -> str:
        """The kind that is given."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def compares(self) -> bool:
        """Whether numbers from before the update are compared with those after it."""
        return any(getattr(getattr(self, self.kind), key, None) is not None for key in COMPARING)

    @property
    def source(self) -> str:
        """Who looks: host or controller."""
        return self.from_ or (CONTROLLER if self.kind in _ELSEWHERE else HOST)

    @property
    def patience(self) -> timedelta:
        """How long one try may take."""
        whole = self.kind == PLAYBOOK and "timeout" not in self.model_fields_set
        return self.deadline if whole else self.timeout

    @property
    def watched_for(self) -> timedelta:
        """The crash-loop window of services."""
        if self.crash_window is not None:
            return self.crash_window
        return min(_USUAL_WINDOW, (self.deadline - self.warm_up) / 2)

    @model_validator(mode="before")
    @classmethod
    def _one_kind(cls, data: Any) -> Any:  # noqa: ANN401  # pydantic hands over whatever was written
        kinds = [kind for kind in KINDS if isinstance(data, dict) and kind in data]
        if len(kinds) > 1:
            raise wrong(f"has {' and '.join(kinds)}", "A check is of one kind: make two checks of it.", (kinds[1],))
        return data

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if not any(getattr(self, kind) is not None for kind in KINDS):
            raise wrong("checks nothing", f"Give it one of: {', '.join(KINDS)}.")
        _refuse_place(self)
        _refuse_times(self)
        _refuse_window(self)
        return self


def _refuse_place(check: HealthCheck) -> None:
    if check.source == CONTROLLER and check.kind not in (*_ANYWHERE, PLAYBOOK):
        raise wrong(f"can only be looked at from the host: {check.kind}", "Remove `from`.", ("from",))
    if check.source == HOST and check.kind == PLAYBOOK:
        raise wrong("is a playbook, which the controller runs", "Remove `from`.", ("from",))
    if check.healthy_for and check.kind == PLAYBOOK:
        hint = "A playbook is run until it passes, or the deadline is over; it can look for itself how long it holds."
        raise wrong("has healthy_for, but is a playbook", hint, ("healthy_for",))


def _refuse_times(check: HealthCheck) -> None:
    if check.deadline < check.warm_up + check.healthy_for:
        raise wrong(
            f"can never pass: the deadline of {spelled(check.deadline)} is over before {spelled(check.warm_up)} of "
            f"warm-up and {spelled(check.healthy_for)} of health",
            "Give `deadline` more time.",
            _written_of(check, "deadline", "healthy_for", "warm_up"),
        )
    for key, span in (("every", check.every), ("timeout", check.patience)):
        if span > check.deadline:
            message = f"has {key}: {spelled(span)}, longer than its deadline of {spelled(check.deadline)}"
            raise wrong(message, at=_written_of(check, key, "deadline"))
    if check.healthy_for and check.every > check.healthy_for:
        message = f"looks every {spelled(check.every)}, which is once in the {spelled(check.healthy_for)} of health"
        raise wrong(message, "Look more often, or for longer.", _written_of(check, "every", "healthy_for"))
    if check.failures > 1 and check.failures * check.every > check.healthy_for:
        message = f"has failures: {check.failures}, which cannot come in {spelled(check.healthy_for)} of health"
        raise wrong(message, "Give it a longer `healthy_for`, or fewer `failures`.", ("failures",))


def _refuse_window(check: HealthCheck) -> None:
    if check.crash_window is not None and check.services is None:
        raise wrong("has a crash_window, but is about no services", at=("crash_window",))
    if check.crash_window is not None and check.warm_up + check.crash_window >= check.deadline:
        raise wrong(
            f"can never pass: the deadline of {spelled(check.deadline)} is over before {spelled(check.warm_up)} of "
            f"warm-up and {spelled(check.crash_window)} without a crash",
            "Give `deadline` more time.",
            ("crash_window",),
        )
    if check.journal is not None and check.journal.rate_within is not None and check.deadline < _RATE_SPAN:
        message = f"compares rates, which takes {spelled(_RATE_SPAN)}, within {spelled(check.deadline)}"
        raise wrong(message, "Give `deadline` more time.", _written_of(check, "deadline"))


def _written_of(check: HealthCheck, *keys: str) -> tuple[str, ...]:
    """Return the first of the keys that the file has; a default has no line."""
    return next(((key,) for key in keys if key in check.model_fields_set), ())
