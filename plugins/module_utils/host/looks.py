"""One look at one check: pass, fail, or unmeasured where it could not be looked at."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from .checks import Check
from .command import NOT_FOUND, finished, readable
from .errors import HostError
from .services import Service, activity_differences, services

PASS, FAIL, UNMEASURED = "pass", "fail", "unmeasured"
_BODY_BYTES = 1_048_576
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Look:
    """The outcome of one look, with the sentence that explains it; `final` where looking again cannot change it."""

    status: str
    detail: str
    final: bool = False


Looker = Callable[[], Look]


def looker(check: Check, services_before: dict[str, Any] | None, ignored: tuple[str, ...] = ()) -> Looker:
    """A function that takes one look at the check; looks at services remember restarts in between."""
    if check.kind == "http":
        return lambda: _http(check)
    if check.kind == "tcp":
        return lambda: _tcp(check)
    if check.kind == "command":
        return lambda: _command(check)
    restarts: dict[str, int] = {}
    return lambda: _services(check, services_before, restarts, ignored)


def _tcp(check: Check) -> Look:
    try:
        socket.create_connection((check.host, check.port), check.timeout).close()
    except socket.gaierror as error:
        return Look(UNMEASURED, f"{check.host} has no address: {error}")
    except OSError as error:
        return Look(FAIL, f"no connection to {check.host}:{check.port}: {error}")
    return Look(PASS, f"{check.host}:{check.port} accepts connections")


def _http(check: Check) -> Look:
    where = f"{check.scheme}://{check.host}:{check.port}{check.path}"
    connection = _connection(check)
    try:
        connection.connect()
        with _cut_off(connection.sock, check.timeout):
            connection.request("GET", check.path, headers={"User-Agent": "patchtide", "Connection": "close"})
            answer = connection.getresponse()
            body = answer.read(_BODY_BYTES).decode(errors="replace")
    except socket.gaierror as error:
        return Look(UNMEASURED, f"{check.host} has no address: {error}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Look(
            FAIL, readable(f"{where} gave no answer within {check.timeout:g} s: {str(error) or type(error).__name__}")
        )
    finally:
        connection.close()
    if answer.status != check.status:
        return Look(FAIL, f"{where} answered {answer.status}, not {check.status}")
    if check.contains is not None and check.contains not in body:
        return Look(FAIL, readable(f"{where} answered {answer.status} without {check.contains!r}"))
    return Look(PASS, f"{where} answered {answer.status}")


def _connection(check: Check) -> http.client.HTTPConnection:
    if check.scheme == "http":
        return http.client.HTTPConnection(check.host, check.port, timeout=check.timeout)
    context = ssl.create_default_context()
    if check.host in _LOOPBACK:
        # A host's certificate is for its public name; over its own loopback nobody stands in between.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(check.host, check.port, timeout=check.timeout, context=context)


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


def _command(check: Check) -> Look:
    done = finished(list(check.argv), check.timeout)
    said = readable((done.out + done.err).strip())
    if done.timed_out:
        return Look(FAIL, readable(f"{check.argv[0]} did not end within {check.timeout:g} s: {said}"))
    if done.code == NOT_FOUND and not done.out:
        return Look(UNMEASURED, readable(f"{check.argv[0]} could not be run: {said}"))
    if done.code != check.exit:
        return Look(FAIL, readable(f"{check.argv[0]} ended with {done.code}, not {check.exit}: {said}"))
    return Look(PASS, readable(f"{check.argv[0]} ended with {done.code}" + (f": {said}" if said else "")))


def _services(check: Check, before: dict[str, Any] | None, restarts: dict[str, int], ignored: tuple[str, ...]) -> Look:
    try:
        now = services()
    except HostError as error:
        return Look(UNMEASURED, error.reason)
    if not now:
        return Look(UNMEASURED, "this host has no systemd, or no service is loaded", final=True)
    if check.units is None and before is None:
        return Look(UNMEASURED, "there is no record of the services before the update", final=True)
    if check.units is None:
        wrong = [
            f"{name} was active and is not"
            for name, want in activity_differences(before or {}, now, ignored)
            if want == "active"
        ]
        watched = [name for name, state in (before or {}).items() if state["active"] == "active"]
    else:
        wrong = [f"{name} is {_state(now.get(name))}" for name in check.units if _state(now.get(name)) != "active"]
        watched = list(check.units)
    again = _restarted(watched, now, restarts)
    if wrong or again:
        return Look(FAIL, readable("; ".join(wrong + again)))
    return Look(PASS, f"{len(watched)} services are active")


def _restarted(watched: list[str], now: dict[str, Service], restarts: dict[str, int]) -> list[str]:
    """A sentence for every watched service that its init restarted since the last look: a crash loop looks active."""
    again = []
    for name in watched:
        if name in now:
            since = now[name].restarts - restarts.get(name, now[name].restarts)
            restarts[name] = now[name].restarts
            if since > 0:
                again.append(f"{name} crashed and was restarted {since} times since the last look")
    return again


def _state(service: Service | None) -> str:
    return service.active if service else "not loaded"
