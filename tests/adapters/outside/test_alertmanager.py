"""Silences: found again by their mark, renewed while they are held, gone when they are left, and no secret told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from patchtide.adapters.clock import SystemClock
from patchtide.adapters.outside.alertmanager import Silences
from patchtide.core.errors import PatchtideError
from patchtide.core.maintenance import Matcher, Secret, Silence

CANARY = "Bearer canary-5f2a"


class Alertmanager(ThreadingHTTPServer):
    """The part of the v2 API that has to do with silences, in memory, as 0.25 answers it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.silences: dict[str, dict[str, Any]] = {}
        self.wanted = ""
        self.redirects = ""
        self.broken = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def state(self, one: dict[str, Any]) -> str:
        starts, ends = (datetime.fromisoformat(one[key]) for key in ("startsAt", "endsAt"))
        now = datetime.now(UTC)
        return "expired" if ends <= now else "pending" if starts > now else "active"

    def listed(self) -> list[dict[str, Any]]:
        return [{**one, "id": key, "status": {"state": self.state(one)}} for key, one in self.silences.items()]

    def latest(self, host: str) -> datetime:
        """When the last silence of a host ends, or has ended."""
        mine = [one for one in self.silences.values() if one["matchers"][0]["value"].startswith(host)]
        return max(datetime.fromisoformat(one["endsAt"]) for one in mine)

    def active(self) -> list[str]:
        return sorted(one["matchers"][0]["value"] for one in self.listed() if one["status"]["state"] == "active")


class Handler(BaseHTTPRequestHandler):
    server: Alertmanager

    def do_GET(self) -> None:
        self._answer(200, self.server.listed())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = body.pop("id", None) or str(uuid4())
        self.server.silences[key] = body
        self._answer(200, {"silenceID": key})

    def do_DELETE(self) -> None:
        one = self.server.silences[self.path.rpartition("/")[2]]
        one["endsAt"] = datetime.now(UTC).isoformat()
        self._answer(200, None)

    def _answer(self, code: int, body: object) -> None:
        if self.server.redirects:
            code = 302
        elif self.server.broken or self.headers.get("Authorization", "") != self.server.wanted:
            code, body = (503, "down") if self.server.broken else (401, "who are you?")
        self.send_response(code)
        self.send_header("Location", self.server.redirects)
        self.end_headers()
        self.wfile.write(b"" if body is None else json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Alertmanager]:
    with Alertmanager() as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def silence(server: Alertmanager, lease: float = 300, secret: Secret | None = None) -> Silence:
    matchers = (Matcher("instance", "{host}(:[0-9]+)?", regex=True), Matcher("severity", "page", equal=False))
    return Silence("alerts", server.url, matchers, timedelta(seconds=lease), secret)


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    limit = time.monotonic() + seconds
    while not true() and time.monotonic() < limit:
        time.sleep(0.05)
    return true()


def test_a_silence_is_made_once_whoever_asks_and_ends_for_all(server: Alertmanager) -> None:
    for _ in range(2):
        assert Silences(SystemClock()).begin("r1", silence(server), ["a.b", "c"]) == {}
    assert server.active() == [r"a\.b(:[0-9]+)?", "c(:[0-9]+)?"]
    assert Silences(SystemClock()).end("r1", silence(server), ["a.b"]) == {}
    assert server.active() == ["c(:[0-9]+)?"]
    assert Silences(SystemClock()).end("r1", silence(server), ["a.b", "c"]) == {}
    assert server.active() == []


def test_what_a_cut_off_creation_left_behind_twice_is_ended_too(server: Alertmanager) -> None:
    silences = Silences(SystemClock())
    silences.begin("r1", silence(server), ["a"])
    (first,) = server.silences.values()
    server.silences["twin"] = dict(first)
    silences.end("r1", silence(server), ["a"])
    assert server.active() == []


def test_silences_of_others_and_of_other_runs_stay(server: Alertmanager) -> None:
    silences = Silences(SystemClock())
    silences.begin("r0", silence(server), ["a"])
    (other,) = server.silences.values()
    server.silences["person"] = {**other, "createdBy": "ann", "comment": "mine"}
    silences.begin("r1", silence(server), ["a"])
    silences.end("r1", silence(server), ["a"])
    assert len(server.active()) == 2


def test_a_held_silence_outlives_its_lease_and_lapses_once_nobody_holds_it(server: Alertmanager) -> None:
    short = silence(server, lease=1.5)
    silences = Silences(SystemClock())
    silences.begin("r1", short, ["a"])
    silences.hold("r1", {short: ["a"]})
    ended = server.latest("a")
    assert until(lambda: server.latest("a") > ended + timedelta(seconds=2))
    silences.hold("r1", {})
    assert until(lambda: server.active() == [])


def test_a_silence_that_was_ended_is_not_renewed(server: Alertmanager) -> None:
    short = silence(server, lease=1)
    silences = Silences(SystemClock())
    silences.hold("r1", {short: ["a", "b"]})
    assert until(lambda: len(server.active()) == 2)
    silences.end("r1", short, ["a"])
    ended = server.latest("b")
    assert until(lambda: server.latest("b") > ended + timedelta(seconds=1))
    assert "a(:[0-9]+)?" not in server.active()
    silences.hold("r1", {})


def test_a_server_that_is_down_for_a_while_does_not_end_the_renewal(server: Alertmanager) -> None:
    short = silence(server, lease=1)
    silences = Silences(SystemClock())
    server.broken = True
    silences.hold("r1", {short: ["a"]})
    server.broken = False
    assert until(lambda: server.active() == ["a(:[0-9]+)?"])
    silences.hold("r1", {})


@pytest.mark.parametrize("by", ["env", "file"])
def test_the_authorization_is_sent_and_never_told(
    server: Alertmanager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    server.wanted = CANARY
    monkeypatch.setenv("ALERTS", CANARY)
    (tmp_path / "header").write_text(CANARY + "\n", encoding="utf-8")
    secret = Secret(env="ALERTS") if by == "env" else Secret(file=str(tmp_path / "header"))
    assert Silences(SystemClock()).begin("r1", silence(server, secret=secret), ["a"]) == {}
    server.wanted = "another"
    with pytest.raises(PatchtideError, match="401") as caught:
        Silences(SystemClock()).begin("r1", silence(server, secret=secret), ["a"])
    assert CANARY not in f"{caught.value.message}{caught.value.hint}{caught.value.__context__}"
    assert "authorization" in caught.value.hint


@pytest.mark.parametrize("secret", [Secret(env="NOT_SET"), Secret(file="/nowhere"), Secret(env="TWO_LINES")])
def test_an_authorization_that_cannot_be_read_is_an_error(
    server: Alertmanager, monkeypatch: pytest.MonkeyPatch, secret: Secret
) -> None:
    monkeypatch.setenv("TWO_LINES", "a\nX-Other: b")
    with pytest.raises(PatchtideError, match=r"NOT_SET|/nowhere|TWO_LINES"):
        Silences(SystemClock()).begin("r1", silence(server, secret=secret), ["a"])


def test_nobody_is_followed_elsewhere_with_the_authorization(server: Alertmanager) -> None:
    server.redirects = "http://127.0.0.1:1/elsewhere"
    with pytest.raises(PatchtideError, match="302"):
        Silences(SystemClock()).begin("r1", silence(server), ["a"])


def test_what_is_no_alertmanager_is_an_error(server: Alertmanager) -> None:
    server.listed = lambda: {"not": "a list"}  # type: ignore[assignment,return-value]  # an answer that does not fit
    with pytest.raises(PatchtideError, match="does not list its silences"):
        Silences(SystemClock()).begin("r1", silence(server), ["a"])


def test_nobody_there_is_an_error() -> None:
    nowhere = Silence("alerts", "http://127.0.0.1:1", (Matcher("instance", "{host}"),))
    with pytest.raises(PatchtideError, match="refused"):
        Silences(SystemClock()).begin("r1", nowhere, ["a"])
