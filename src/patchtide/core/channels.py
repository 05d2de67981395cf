"""Who is told of a planned window and of what becomes of it, and by which way."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal, TypeAlias

from patchtide.core.maintenance import Secret


class News(StrEnum):
    """What a notice is about."""

    PLANNED = "planned"
    BEGUN = "begun"
    DONE = "done"
    ROLLED_BACK = "rolled_back"
    EXTENDED = "extended"
    WAITING = "waiting"
    PAUSED = "paused"
    ENDED = "ended"
    PROGRESS = "progress"
    SOAKING = "soaking"
    RESUMED = "resumed"
    ISSUES = "issues"


ON_DEMAND = frozenset({News.PROGRESS, News.SOAKING, News.RESUMED, News.ISSUES})
"""News that only those hear who name them: most people want to know when it begins and when it is over."""


class Security(StrEnum):
    """How a mail server is spoken to."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Command:
    """A program on the controller that gets the notice on its standard input, as JSON."""

    name: str
    argv: tuple[str, ...]
    timeout: timedelta = timedelta(seconds=30)
    on: tuple[News, ...] = ()
    tiers: tuple[str, ...] = ()
    every: timedelta | None = None
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that the notice is posted to as JSON; one that is a secret itself comes from `address`."""

    name: str
    url: str = ""
    address: Secret | None = None
    authorization: Secret | None = None
    timeout: timedelta = timedelta(seconds=10)
    on: tuple[News, ...] = ()
    tiers: tuple[str, ...] = ()
    every: timedelta | None = None
    kind: Literal["webhook"] = "webhook"


@dataclass(frozen=True, slots=True)
class Mail:
    """People who get the notice by mail, through a server."""

    name: str
    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: Security = Security.STARTTLS
    user: str = ""
    password: Secret | None = None
    timeout: timedelta = timedelta(seconds=30)
    on: tuple[News, ...] = ()
    tiers: tuple[str, ...] = ()
    every: timedelta | None = None
    kind: Literal["mail"] = "mail"


Channel: TypeAlias = Command | Webhook | Mail
"""A way to tell: `on` are the news that it takes (none: all but those on demand), `tiers` whose (none: all).

The run's own news go to each. `every`: so long after the last notice there is another one, while work lasts.
"""


def takes(channel: Channel, news: News, tier: str) -> bool:
    """Tell whether a channel takes some news of a tier, or of the run as a whole ("")."""
    wanted = news in channel.on if channel.on else news not in ON_DEMAND
    return wanted and (not tier or not channel.tiers or tier in channel.tiers)
