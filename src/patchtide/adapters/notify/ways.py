"""The ways to tell: a program, a webhook, mail. Each says why it could not, and never what its secrets are."""

import json
import os
import signal
import smtplib
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from http.client import HTTPException
from pathlib import Path
from typing import Any, assert_never
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from patchtide import __version__
from patchtide.core.channels import Command, Mail, Security, Webhook
from patchtide.core.maintenance import Secret
from patchtide.documents import plain
from patchtide.ports import Letter

RUN = "PATCHTIDE_RUN"
"""Marks a run's processes: those of a controller that died are ended by the next."""

_LONGEST_SAYING = 300
_ANSWER_BYTES = 64 * 1024


class NotSentError(Exception):
    """A notice was not sent, and why; `unsure`: it may have been all the same."""

    def __init__(self, why: str, *, unsure: bool = False) -> None:
        super().__init__(why)
        self.unsure = unsure


def send(letter: Letter) -> None:
    """Send a notice; raises NotSentError."""
    match letter.channel:
        case Command():
            _run(letter, letter.channel)
        case Webhook():
            _post(letter, letter.channel)
        case Mail():
            _mail(letter, letter.channel)
        case _:
            assert_never(letter.channel)


def document(letter: Letter) -> dict[str, Any]:
    """Return a notice as it is posted and handed to programs."""
    notice = letter.notice
    opening = None if notice.opening is None else plain(notice.opening)
    return {
        "schema": "patchtide/notice/v1",
        "id": letter.id,
        "run": letter.run_id,
        "news": str(notice.news),
        "tier": notice.tier,
        "at": plain(letter.at),
        "window": opening and {key: opening[key] for key in ("name", "opens", "closes")},
        "subject": notice.subject,
        "text": notice.text,
    }


def _run(letter: Letter, channel: Command) -> None:
    seconds, program = channel.timeout.total_seconds(), channel.argv[0]
    told = {**os.environ, RUN: letter.run_id}
    pipe = subprocess.PIPE
    try:
        child = subprocess.Popen(
            list(channel.argv), stdin=pipe, stdout=pipe, stderr=pipe, env=told, start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise NotSentError(f"{program} cannot be run: {error}") from None
    with child:
        try:
            out, err = child.communicate(json.dumps(document(letter)).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise NotSentError(f"{program} did not end within {seconds:.0f} s", unsure=True) from None
    if child.returncode:
        lines = (err or out).decode(errors="replace").strip().splitlines()
        said = lines[-1][:_LONGEST_SAYING] if lines else "no message"
        raise NotSentError(f"{program} ended with {child.returncode}: {said}")


class _Stays(HTTPRedirectHandler):
    """Follows nobody: the authorisation would go along."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - the signature of urllib
        """Refuse."""


def _post(letter: Letter, channel: Webhook) -> None:
    url = channel.url or _value(channel.address, "the address")
    headers = {"Content-Type": "application/json", "User-Agent": f"patchtide/{__version__}"}
    headers["Idempotency-Key"] = letter.id
    if channel.authorization is not None:
        headers["Authorization"] = _value(channel.authorization, "the authorization")
    body = json.dumps(document(letter)).encode()
    seconds = channel.timeout.total_seconds()
    if not url.startswith(("http://", "https://")):
        raise NotSentError("the address is none of http or https")
    try:
        with build_opener(_Stays).open(Request(url, body, headers, method="POST"), timeout=seconds) as answer:  # noqa: S310 - looked at just now
            answer.read(_ANSWER_BYTES)
    except HTTPError as error:
        with error:
            raise NotSentError(f"the server answered {error.code} {error.reason}") from None
    except TimeoutError:
        raise NotSentError(f"the server did not answer within {seconds:.0f} s", unsure=True) from None
    except URLError as error:
        raise _unsent(error.reason, url) from None
    except (HTTPException, OSError, ValueError) as error:
        raise NotSentError(_without(f"{type(error).__name__}: {error}", url), unsure=True) from None


def _unsent(reason: object, url: str) -> NotSentError:
    """Return why nobody was reached; who was reached and fell silent may have heard it."""
    silent = isinstance(reason, TimeoutError)
    return NotSentError(_without(str(reason), url), unsure=silent)


def _without(text: str, secret: str) -> str:
    return text.replace(secret, "the address")[:_LONGEST_SAYING]


def _mail(letter: Letter, channel: Mail) -> None:
    message = _message(letter, channel)
    password = _value(channel.password, "the password") if channel.password else ""
    data = False
    try:
        with _server(channel) as server:
            if channel.user:
                server.login(channel.user, password)
            data = True
            refused = server.send_message(message)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise NotSentError(f"{channel.host} answered {error.smtp_code} {said}"[:_LONGEST_SAYING]) from None
    except smtplib.SMTPRecipientsRefused as error:
        raise NotSentError(f"{channel.host} takes no mail for {', '.join(error.recipients)}") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise NotSentError(f"{channel.host}: {error}"[:_LONGEST_SAYING], unsure=data) from None
    if refused:  # the others have it: who is left is not worth telling them twice
        raise NotSentError(f"{channel.host} takes no mail for {', '.join(refused)}", unsure=True)


@contextmanager
def _server(channel: Mail) -> Iterator[smtplib.SMTP]:
    seconds = channel.timeout.total_seconds()
    if channel.security is Security.TLS:
        with smtplib.SMTP_SSL(channel.host, channel.port, timeout=seconds, context=ssl.create_default_context()) as it:
            yield it
        return
    with smtplib.SMTP(channel.host, channel.port, timeout=seconds) as it:
        if channel.security is Security.STARTTLS:
            it.starttls(context=ssl.create_default_context())
        yield it


def _message(letter: Letter, channel: Mail) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = channel.sender, ", ".join(channel.to)
    message["Subject"] = " ".join(letter.notice.subject.split())
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = make_msgid(letter.id[:16], "patchtide.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{letter.notice.text}\n\nRun {letter.run_id}\n")
    return message


def _value(secret: Secret | None, what: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return a secret as it is now, where the configuration says that it stands."""
    if secret is None:
        raise NotSentError(f"{what} is not configured")
    if secret.file is None:
        value, place = environment.get(secret.env or "", ""), f"the environment variable {secret.env}"
    else:
        place = f"the file {secret.file}"
        try:
            value = Path(secret.file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise NotSentError(f"{what}: {place} cannot be read: {why}") from None
    value = value.strip()
    if not value or not value.isprintable() or not value.isascii():
        raise NotSentError(f"{what}: {place} is empty, or more than one line of plain characters")
    return value
