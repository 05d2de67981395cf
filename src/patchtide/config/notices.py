"""Who is told of planned windows and of what becomes of them, as it is written."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from patchtide.config.around import secret_meant
from patchtide.config.checkvalues import Argv, Port
from patchtide.config.maintenance import Authorization
from patchtide.config.scalars import Line, Name, Names, Period, choice, line_text, names_of, one_of, wrong
from patchtide.config.section import Section
from patchtide.core import channels
from patchtide.core.channels import News, Security

_ADDRESS = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+")
_URL = re.compile(r"https?://[^\s/@?#]+(/[^\s]*)?")
_LONGEST = timedelta(minutes=5)
_OFTEN = timedelta(minutes=1)
_ASK = "Name it: `on: [begun, progress, done]`, or leave `every` out."
_WAYS = ("command", "webhook", "mail")
_TEXTS = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})


def _news(value: object) -> tuple[News, ...]:
    return tuple(News(one_of(name, tuple(News))) for name in names_of(value))


def _address(value: object) -> str:
    text = line_text(value)
    if not _ADDRESS.fullmatch(text) or not text.isascii():
        raise wrong(f"is {text!r}, which is no mail address", "Write ops@example.org.")
    return text


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(_address(one) for one in names_of(value))


def _url(value: object) -> str:
    text = line_text(value)
    if not _URL.fullmatch(text) or not text.isascii():
        hint = "Write https://chat.example.org/hooks/ops; one that is a secret comes from `address`."
        raise wrong("is no http or https address, or has a user in it", hint)
    return text


class WebhookWay(Section):
    """An address that notices are posted to, as JSON."""

    url: Annotated[str | None, PlainValidator(_url), WithJsonSchema({"type": "string"})] = None
    """Where to; it is recorded with the plan."""
    address: Authorization | None = None
    """Where the address is read that is a secret itself, as those of chat rooms are; instead of `url`."""
    authorization: Authorization | None = None
    """Where the authorization header comes from."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.address is None):
            raise wrong("has to name one of `url` and `address`")
        return self


class MailWay(Section):
    """A mail server, and who gets mail through it."""

    host: Line
    """The server."""
    port: Port | None = None
    """Its port: 587 with `starttls`, 465 with `tls`, 25 with `none`, when left out."""
    security: Annotated[Security, *choice(tuple(Security), Security)] = Security.STARTTLS
    """How it is spoken to; a password is never sent with `none`."""
    from_: Annotated[str, PlainValidator(_address), WithJsonSchema({"type": "string"})] = Field(alias="from")
    """The sender."""
    to: Annotated[tuple[str, ...], PlainValidator(_addresses), _TEXTS]
    """Who gets it."""
    user: Line | None = None
    """Who logs in."""
    password: Authorization | None = None
    """Where the password comes from."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise wrong("has a `user` without a `password`, or the other way round")
        if self.password is not None and self.security is Security.NONE:
            raise wrong("would send the password for all to read", "Use `starttls` or `tls`.", ("security",))
        return self


class Channel(Section):
    """One way to tell people: a command, a webhook or mail."""

    name: Name
    """What the channel is called in the record."""
    command: Argv | None = None
    """A program on the controller and its arguments; it gets the notice as JSON on its standard input."""
    webhook: WebhookWay | None = None
    """An address that it is posted to."""
    mail: MailWay | None = None
    """A mail server."""
    timeout: Period = timedelta(seconds=30)
    """How long sending may take; a run never waits for it while it works."""
    on: Annotated[tuple[News, ...], PlainValidator(_news), _TEXTS] = ()
    """The news that it takes; when left out, all but `progress`, `soaking`, `resumed` and `issues`."""
    every: Period | None = None
    """While work lasts, tell `progress` so long after the last notice, too: 30m."""
    tiers: Names = ()
    """The tiers of which it tells; all but the first one when left out. News of the run as a whole go to every one."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if sum(getattr(self, way) is not None for way in _WAYS) != 1:
            raise wrong("has to have one of `command`, `webhook` and `mail`")
        if self.timeout > _LONGEST:
            raise wrong("is longer than 5m", at=("timeout",))
        if self.every is not None and News.PROGRESS not in self.on:
            raise wrong("is how often `progress` is told, which is not among its news", _ASK, at=("every",))
        if self.every is not None and self.every < _OFTEN:
            raise wrong("is shorter than 1m", at=("every",))
        return self


def channels_meant(written: tuple[Channel, ...], folder: Path, tiers: tuple[str, ...]) -> Iterator[channels.Channel]:
    """Yield the channels of a file whose paths are relative to a folder; `tiers` are all that there are."""
    for one in written:
        told = one.tiers or tiers[1:] or tiers
        if one.command is not None:
            yield channels.Command(one.name, one.command, one.timeout, one.on, told, one.every)
        if one.webhook is not None:
            way = one.webhook
            secrets = secret_meant(way.address, folder), secret_meant(way.authorization, folder)
            yield channels.Webhook(one.name, way.url or "", *secrets, one.timeout, one.on, told, one.every)
        if one.mail is not None:
            yield _mail(one, one.mail, folder, told)


def _mail(one: Channel, way: MailWay, folder: Path, told: tuple[str, ...]) -> channels.Mail:
    return channels.Mail(
        name=one.name,
        host=way.host,
        sender=way.from_,
        to=way.to,
        port=way.port or _PORTS[way.security],
        security=way.security,
        user=way.user or "",
        password=secret_meant(way.password, folder),
        timeout=one.timeout,
        on=one.on,
        tiers=told,
        every=one.every,
    )


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
