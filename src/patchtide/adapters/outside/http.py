"""JSON over HTTP, with an authorisation that goes to the named address and nowhere else, the log included."""

import json
import os
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from patchtide.core.errors import PatchtideError
from patchtide.core.maintenance import Secret

_SECONDS = 10.0
_MOST_BYTES = 64 * 1024 * 1024
_LONGEST_SAYING = 300


class _Stays(HTTPRedirectHandler):
    """Follows nobody: the authorisation would go along."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - the signature of urllib
        """Refuse."""


def spoken(method: str, url: str, secret: Secret | None, body: object = None) -> object:
    """Return the JSON that an address answers, None for nothing; raises PatchtideError."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Accept": "application/json", "Content-Type": "application/json", **_authorization(secret)}
    try:
        with build_opener(_Stays).open(Request(url, data, headers, method=method), timeout=_SECONDS) as answer:  # noqa: S310 - the configuration lets only http and https in
            text = answer.read(_MOST_BYTES)
        return json.loads(text) if text.strip() else None
    except HTTPError as error:
        with error:
            raise PatchtideError(f"{method} {url}: {error.code} {_said(error)}", hint=_hint(error.code)) from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise PatchtideError(f"{method} {url}: {why}") from None


def _said(error: HTTPError) -> str:
    text = error.read(_LONGEST_SAYING).decode(errors="replace").strip()
    return text or str(error.reason)


def _hint(code: int) -> str:
    return "Look at `authorization` of this action." if code in _UNAUTHORISED else ""


_UNAUTHORISED = (401, 403)


def _authorization(secret: Secret | None) -> dict[str, str]:
    if secret is None:
        return {}
    value = _value(secret)
    if not value or not value.isprintable() or not value.isascii():
        raise PatchtideError(f"{_place(secret)} is no value of an authorization header", hint="Write `Bearer ...`.")
    return {"Authorization": value}


def _value(secret: Secret) -> str:
    if secret.file is None:
        return os.environ.get(secret.env or "", "").strip()
    try:
        return Path(secret.file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise PatchtideError(f"{_place(secret)} cannot be read: {why}") from None


def _place(secret: Secret) -> str:
    return f"the environment variable {secret.env}" if secret.file is None else f"the file {secret.file}"
