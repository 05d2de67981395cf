"""Silences in Alertmanager (API v2), leased: each ends soon by itself, and is renewed while this process lives.

A silence is known by its comment, so that one whose creation was cut off is found again, and none is made twice.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from threading import Event, RLock, Thread
from typing import Any

from patchtide.adapters.outside.http import spoken
from patchtide.core.errors import PatchtideError
from patchtide.core.maintenance import Matcher, Silence, named
from patchtide.ports import Clock

Found = dict[str, list[dict[str, Any]]]
_CREATED_BY = "patchtide"
_RENEWALS_A_LEASE = 3
_OFTEN = 15.0
"""Seconds between two tries at the most while a renewal fails."""


class Silences:
    """The silences of one controller; those that it holds are renewed in a thread that dies with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[tuple[str, Silence], frozenset[str]] = {}
        self._lock = RLock()  # a silence that is being ended must not be renewed beside that
        self._changed = Event()
        self._thread: Thread | None = None

    def begin(self, run_id: str, silence: Silence, hosts: Sequence[str]) -> dict[str, str]:
        """Silence the hosts' alerts for one lease and return the problems."""
        with self._lock:
            problems = self._ensured(run_id, silence, hosts)
            there = _listed(silence)
            active = {
                host
                for host in hosts
                if any(_state(one) == "active" for one in there.get(_mark(run_id, silence, host), ()))
            }
        missing = "Alertmanager took the silence, but it is not active: are both clocks right?"
        return {**{host: missing for host in hosts if host not in active}, **problems}

    def end(self, run_id: str, silence: Silence, hosts: Sequence[str]) -> dict[str, str]:
        """Expire the hosts' silences, however many there are, and return the problems."""
        with self._lock:
            key = (run_id, silence)
            self._held[key] = self._held.get(key, frozenset()) - set(hosts)
            for one in _of(_listed(silence), run_id, silence, hosts):
                _spoken(silence, "DELETE", f"/api/v2/silence/{one['id']}")
            left = _listed(silence)
        return {host: "its silence is still there" for host in hosts if left.get(_mark(run_id, silence, host))}

    def hold(self, run_id: str, leases: Mapping[Silence, Collection[str]]) -> None:
        """Renew these silences from now on, and no others."""
        with self._lock:
            self._held = {(run_id, silence): frozenset(hosts) for silence, hosts in leases.items()}
            if self._held and self._thread is None:
                self._thread = Thread(target=self._renew, name="silences", daemon=True)
                self._thread.start()
        self._changed.set()

    def _renew(self) -> None:
        pause = 0.0
        while True:
            if self._changed.wait(pause):
                self._changed.clear()
            with self._lock:
                if not self._held:
                    self._thread = None
                    return
                pause = self._renewed()

    def _renewed(self) -> float:
        """Renew what is held and return in how many seconds it is due again; what fails is simply tried again."""
        pause = min(silence.lease for _, silence in self._held).total_seconds() / _RENEWALS_A_LEASE
        for (run_id, silence), hosts in self._held.items():
            try:
                problems = self._ensured(run_id, silence, sorted(hosts))
            except PatchtideError as error:
                problems = {"": error.message}
            pause = min(pause, _OFTEN) if problems else pause
        return pause

    def _ensured(self, run_id: str, silence: Silence, hosts: Sequence[str]) -> dict[str, str]:
        """Make each host's silence, or make it end one lease from now; return the problems."""
        there = _listed(silence)
        problems = {}
        for host in hosts:
            known = next(iter(there.get(_mark(run_id, silence, host), ())), None)
            try:
                _spoken(silence, "POST", "/api/v2/silences", _body(run_id, silence, host, known, self._clock.now()))
            except PatchtideError as error:
                problems[host] = error.message
        return problems


def _listed(silence: Silence) -> Found:
    """Return the silences of Patchtide that have not expired, by their mark."""
    said = _spoken(silence, "GET", "/api/v2/silences")
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise PatchtideError(f"{silence.url} does not list its silences", hint="Is it an Alertmanager, 0.16 or newer?")
    found: Found = {}
    for one in said:
        if one.get("createdBy") == _CREATED_BY and _state(one) != "expired":
            found.setdefault(str(one.get("comment")), []).append(one)
    return found


def _of(found: Found, run_id: str, silence: Silence, hosts: Sequence[str]) -> list[dict[str, Any]]:
    return [one for host in hosts for one in found.get(_mark(run_id, silence, host), ())]


def _state(one: Mapping[str, Any]) -> str:
    status = one.get("status")
    return str(status.get("state")) if isinstance(status, dict) else ""


def _mark(run_id: str, silence: Silence, host: str) -> str:
    return f"Patchtide updates {host} in run {run_id} ({silence.name})"


def _body(
    run_id: str, silence: Silence, host: str, known: Mapping[str, Any] | None, now: datetime
) -> dict[str, object]:
    body: dict[str, object] = {
        "matchers": [_matcher(matcher, host) for matcher in silence.matchers],
        "startsAt": known["startsAt"] if known else _instant(now),
        "endsAt": _instant(now + silence.lease),
        "createdBy": _CREATED_BY,
        "comment": _mark(run_id, silence, host),
    }
    return {**body, "id": known["id"]} if known else body


def _matcher(matcher: Matcher, host: str) -> dict[str, object]:
    """Return a matcher for a host; its name is no pattern, also within one."""
    value = named(matcher.value, host, re.escape) if matcher.regex else named(matcher.value, host)
    return {"name": matcher.name, "value": value, "isRegex": matcher.regex, "isEqual": matcher.equal}


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _spoken(silence: Silence, method: str, path: str, body: object = None) -> object:
    return spoken(method, silence.url.rstrip("/") + path, silence.authorization, body)
