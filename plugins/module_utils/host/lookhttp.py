"""A look at a web address: status, body, headers, certificate, and how long it took."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from .checks import Check
from .command import readable
from .seen import FAIL, INCONCLUSIVE, PASS, UNMEASURED, Look, Past

_BODY_BYTES = 1_048_576
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_DAY = 86_400
# In a certificate's DER, its validity: a sequence of two times, of which the second is the end (RFC 5280, 4.1.2.5).
_VALIDITY = re.compile(
    rb"\x30[\x1e\x20\x22](?:\x17\x0d\d{12}Z|\x18\x0f\d{14}Z)(?:\x17\x0d(\d{12})Z|\x18\x0f(\d{14})Z)", re.DOTALL
)
_LYING = re.compile(
    r"<title>[^<]{0,200}\b(?:error|exception|unavailable|bad gateway|not found|maintenance)\b"
    r"|<h1>[^<]{0,200}\b(?:error|exception|unavailable|bad gateway)\b"
    r"|\binternal server error\b|\btraceback \(most recent call last\)|\bfatal error: ",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: str
    seconds: float
    certificate: bytes


def page(check: Check, _: Past) -> Look:
    """Whether the address answers as it should, and in time; `seconds` is how long the answer took."""
    own = check.own
    where = f"{own['scheme']}://{own['host']}:{own['port']}{own['path']}"
    try:
        answer = _asked(check)
    except socket.gaierror as error:
        return Look(UNMEASURED, f"{own['host']} has no address: {error}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        return Look(FAIL, readable(f"{where} gave no answer within {check.timeout:g} s: {said}"))
    for wrong in _wrongs(check, answer):
        return Look(FAIL, readable(f"{where} answered {answer.status}{wrong}"))
    told = f"{where} answered {answer.status}"
    if _looks_like_an_error(check, answer):
        return Look(INCONCLUSIVE, f"{told}, but the page looks like an error; say what it `contains` or `lacks`")
    return Look(PASS, told, seconds=answer.seconds)


def _asked(check: Check) -> _Answer:
    connection = _connection(check)
    try:
        begun = time.monotonic()
        connection.connect()
        with _cut_off(connection.sock, check.timeout):
            certificate = _certificate(connection.sock)
            headers = {"User-Agent": "patchtide", "Connection": "close"}
            connection.request("GET", check.own["path"], headers=headers)
            answer = connection.getresponse()
            body = answer.read(_BODY_BYTES).decode(errors="replace")
        given = {key.lower(): value for key, value in answer.getheaders()}
        return _Answer(answer.status, given, body, time.monotonic() - begun, certificate)
    finally:
        connection.close()


def _certificate(connected: socket.socket) -> bytes:
    return (connected.getpeercert(True) or b"") if isinstance(connected, ssl.SSLSocket) else b""


def _wrongs(check: Check, answer: _Answer) -> Iterator[str]:
    """What is wrong with an answer, in words that follow its status."""
    own = check.own
    if answer.status != own["status"]:
        yield f", not {own['status']}"
    if own["contains"] is not None and own["contains"] not in answer.body:
        yield f" without {own['contains']!r}"
    if own["matches"] is not None and not own["matches"].search(answer.body):
        yield f" without a match of {own['matches'].pattern!r}"
    found = own["lacks"].search(answer.body) if own["lacks"] is not None else None
    if found:
        yield f" with {found.group()[:200]!r} in it"
    for name, pattern in own["headers"].items():
        value = answer.headers.get(name.lower())
        if value is None or not re.fullmatch(pattern, value):
            yield f" with the header {name}: {value!r}, not {pattern!r}"
    if own["certificate_days"] is not None:
        yield from _expiring(own["certificate_days"], answer.certificate)
    if own["latency_ms"] is not None and answer.seconds * 1000 > own["latency_ms"]:
        yield f" after {answer.seconds * 1000:.0f} ms, {own['latency_ms']} ms are allowed"


def _expiring(days: int, certificate: bytes) -> Iterator[str]:
    ends = expiry(certificate)
    if ends is None:
        yield " without a certificate whose end can be read"
    elif ends - time.time() < days * _DAY:
        told = time.strftime("%Y-%m-%d", time.gmtime(ends))
        yield f", but its certificate ends on {told}, in less than {days} days"


def expiry(certificate: bytes) -> float | None:
    """When a certificate (DER) ends, in seconds of the epoch; None when that cannot be read."""
    found = _VALIDITY.search(certificate)
    if not found:
        return None
    short, long = found.groups()
    # Two digits mean 1950 to 2049 (RFC 5280, 4.1.2.5.1).
    text = long.decode() if long else ("20" if short < b"5" else "19") + short.decode()
    return ssl.cert_time_to_seconds(time.strftime("%b %d %H:%M:%S %Y GMT", time.strptime(text, "%Y%m%d%H%M%S")))


def _looks_like_an_error(check: Check, answer: _Answer) -> bool:
    """Whether a page that nobody said anything about calls itself an error, whatever its status says."""
    told = any(check.own[key] is not None for key in ("contains", "lacks", "matches"))
    return not told and check.own["status"] < http.client.BAD_REQUEST and bool(_LYING.search(answer.body))


def _connection(check: Check) -> http.client.HTTPConnection:
    host, port = check.own["host"], check.own["port"]
    if check.own["scheme"] == "http":
        return http.client.HTTPConnection(host, port, timeout=check.timeout)
    context = ssl.create_default_context()
    if host in _LOOPBACK:
        # A host's certificate is for its public name; over its own loopback nobody stands in between.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=check.timeout, context=context)


@contextmanager
def _cut_off(connected: socket.socket, seconds: float) -> Iterator[None]:
    """End the connection when the block takes longer: socket timeouts alone never end a drip of single bytes."""
    late = threading.Event()

    def shut() -> None:
        late.set()
        try:
            connected.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    timer = threading.Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if late.is_set():
        # What was cut off reads as a short answer, not as an error.
        raise TimeoutError("the answer did not end")
