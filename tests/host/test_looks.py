"""Looks at real servers, programs and the machine itself: what lies, what is slow, what is not there."""

import http.server
import json
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plugins.module_utils.host.checks import checks
from plugins.module_utils.host.lookhttp import expiry
from plugins.module_utils.host.measurements import measurements
from plugins.module_utils.host.seen import FAIL, INCONCLUSIVE, PASS, UNMEASURED, Past

PAGES: dict[str, tuple[int, str]] = {
    "/ok": (200, '{"state": "up", "jobs": 3}'),
    "/lie": (200, "<html><title>Application error</title></html>"),
    "/trace": (200, "Traceback (most recent call last):\n  ..."),
    "/api/v1/query": (200, ""),
}


def measured(past: Past | None = None, **values: object) -> dict[str, Any]:
    one = checks([{"name": "it", "timeout": 2, "every": 0.05, "deadline": 0.1, **values}])
    return measurements(one, past or Past(baseline={}))[0]


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/slow":
            time.sleep(0.3)
        status, body = PAGES.get(path, (200, "well"))
        self.send_response(status)
        self.send_header("X-Release", "7.1")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"path": "/lie"}, INCONCLUSIVE),
        ({"path": "/trace"}, INCONCLUSIVE),
        ({"path": "/lie", "contains": "Application"}, PASS),
        ({"path": "/lie", "lacks": "(?i)error"}, FAIL),
        ({"path": "/ok", "matches": '"state": "up"'}, PASS),
        ({"path": "/ok", "matches": '"state": "down"'}, FAIL),
        ({"path": "/ok", "lacks": "jobs"}, FAIL),
        ({"path": "/ok", "headers": {"x-release": "7[.].*"}}, PASS),
        ({"path": "/ok", "headers": {"X-Release": "8[.].*"}}, FAIL),
        ({"path": "/ok", "headers": {"X-Other": ".*"}}, FAIL),
        ({"path": "/slow", "latency_ms": 100}, FAIL),
        ({"path": "/slow", "latency_ms": 2000}, PASS),
    ],
)
def test_a_page_may_lie_or_be_slow(web: int, values: dict[str, Any], status: str) -> None:
    assert measured(kind="http", port=web, **values)["status"] == status


def test_a_certificate_has_to_last(tmp_path: Path) -> None:
    words = ["-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "10", "-subj", "/CN=x"]
    subprocess.run(["openssl", "req", "-x509", *words], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        asked: dict[str, Any] = {"kind": "http", "scheme": "https", "port": server.server_port, "path": "/ok"}
        assert measured(**asked, certificate_days=9)["status"] == PASS
        late = measured(**asked, certificate_days=11)
        server.shutdown()
        thread.join()
    assert (late["status"], "less than 11 days" in late["detail"]) == (FAIL, True)
    assert expiry(b"no certificate") is None


@pytest.mark.parametrize(
    ("script", "more", "status"),
    [
        ("echo '3 checks'; echo 'FAIL: queue is stuck'", {}, INCONCLUSIVE),
        ("echo 'FAIL: queue is stuck' >&2", {}, INCONCLUSIVE),
        ("echo '0 FAILED'", {}, PASS),
        ("echo 'FAIL: queue is stuck'", {"lacks": "FAIL"}, FAIL),
        ("echo 'FAIL: known'", {"matches": "known"}, PASS),
        ("echo all well", {"matches": "^all well$"}, PASS),
        ("echo nearly", {"matches": "^all well$"}, FAIL),
    ],
)
def test_a_program_may_lie(script: str, more: dict[str, Any], status: str) -> None:
    assert measured(kind="command", argv=["sh", "-c", script], **more)["status"] == status


def test_ten_megabytes_and_escapes_do_no_harm() -> None:
    one = measured(
        kind="command", argv=["sh", "-c", "printf '\\033[2Jhi'; yes x | head -c 10000000; echo end"], timeout=20
    )
    assert one["status"] == PASS
    assert "\x1b" not in one["detail"]
    assert len(one["detail"]) <= 2000
    endless = measured(kind="command", argv=["yes"], timeout=0.3, deadline=0)
    assert (endless["status"], len(endless["detail"]) <= 2000) == (FAIL, True)


def test_a_flapping_program_breaks_health_unless_so_many_failures_are_borne(tmp_path: Path) -> None:
    # Every third try fails.
    script = f"n=$(cat {tmp_path}/n 2>/dev/null || echo 0); echo $((n + 1)) >{tmp_path}/n; [ $((n % 3)) != 2 ]"
    asked: dict[str, Any] = {
        "kind": "command",
        "argv": ["sh", "-c", script],
        "every": 0.02,
        "healthy_for": 0.5,
        "deadline": 1.5,
    }
    assert measured(**asked)["status"] == FAIL
    assert measured(**asked, failures=2)["status"] == PASS


def test_what_was_just_as_bad_before_is_told_as_before() -> None:
    before = Past(baseline={"it": {"status": FAIL}})
    one = measured(before, kind="command", argv=["false"])
    assert (one["status"], one["before"]) == (FAIL, FAIL)


def answering(answer: bytes, flags: int = 0x8180) -> int:
    """A DNS server that answers one question."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        with server:
            for _ in range(3):
                asked, client = server.recvfrom(512)
                count = 1 if answer else 0
                head = asked[:2] + struct.pack(">5H", flags, 1, count, 0, 0)
                server.sendto(head + asked[12:] + answer, client)

    threading.Thread(target=serve, daemon=True).start()
    return int(server.getsockname()[1])


_A = b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + bytes([192, 0, 2, 7])


@pytest.mark.parametrize(
    ("answer", "flags", "more", "status"),
    [
        (_A, 0x8180, {}, PASS),
        (_A, 0x8180, {"answers": ["192.0.2.7"]}, PASS),
        (_A, 0x8180, {"answers": ["192.0.2.8"]}, FAIL),
        (b"", 0x8180, {}, FAIL),
        (b"", 0x8183, {}, FAIL),
        (b"\xc0", 0x8180, {}, UNMEASURED),
    ],
)
def test_a_name_is_asked_of_a_server(answer: bytes, flags: int, more: dict[str, Any], status: str) -> None:
    port = answering(answer, flags)
    one = measured(kind="dns", query="tide.example", server="127.0.0.1", port=port, **more)
    assert one["status"] == status, one["detail"]


def test_a_name_is_looked_up_as_the_host_does() -> None:
    assert measured(kind="dns", query="localhost")["status"] == PASS
    assert measured(kind="dns", query="no.such.name.invalid")["status"] == FAIL


VECTOR = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1, "0.5"]}]},
}


@pytest.mark.parametrize(
    ("answer", "more", "status"),
    [
        (json.dumps(VECTOR), {"max": 1.0}, PASS),
        (json.dumps(VECTOR), {"max": 0.1}, FAIL),
        (json.dumps(VECTOR), {"min": 1.0}, FAIL),
        (json.dumps(VECTOR).replace("0.5", "NaN"), {"max": 1.0}, UNMEASURED),
        (json.dumps({"status": "success", "data": {"resultType": "vector", "result": []}}), {"max": 1.0}, UNMEASURED),
        (json.dumps({"status": "success", "data": {"resultType": "scalar", "result": [1, "3"]}}), {"max": 1.0}, FAIL),
        (json.dumps({"status": "success", "data": {"resultType": "matrix", "result": []}}), {"max": 1.0}, UNMEASURED),
        (json.dumps({"status": "error", "error": "bad query"}), {"max": 1.0}, UNMEASURED),
        ("<html>", {"max": 1.0}, UNMEASURED),
    ],
)
def test_prometheus_is_believed_only_where_it_has_numbers(
    web: int, monkeypatch: pytest.MonkeyPatch, answer: str, more: dict[str, Any], status: str
) -> None:
    monkeypatch.setitem(PAGES, "/api/v1/query", (200, answer))
    one = measured(kind="prometheus", url=f"http://127.0.0.1:{web}", query="up", **more)
    assert one["status"] == status, one["detail"]


def test_only_alerts_that_are_new_count_and_silenced_ones_do(web: int, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"labels": {"alertname": "Disk", "instance": "h1"}, "status": {"state": "suppressed"}}
    new = {"labels": {"alertname": "Down", "instance": "h1"}, "status": {"state": "suppressed"}}
    other = {"labels": {"alertname": "Down", "instance": "h2"}, "status": {"state": "active"}}
    asked = {"kind": "alerts", "url": f"http://127.0.0.1:{web}", "api": "alertmanager", "labels": {"instance": "h1"}}
    monkeypatch.setitem(PAGES, "/api/v2/alerts", (200, json.dumps([old, other])))
    before = measured(Past(), **asked)
    assert (before["status"], before["state"]) == (FAIL, ["Disk (instance=h1)"])
    past = Past(baseline={"it": before})
    assert measured(past, **asked)["status"] == PASS
    monkeypatch.setitem(PAGES, "/api/v2/alerts", (200, json.dumps([old, other, new])))
    one = measured(past, **asked)
    assert (one["status"], "Down" in one["detail"], "Disk" in one["detail"]) == (FAIL, True, False)
    assert measured(past, **asked, ignore=["Down"])["status"] == PASS


def test_a_database_is_asked_by_its_client_and_the_password_stays_out_of_everything(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret-tide\n", encoding="utf-8")
    secret.chmod(0o600)
    script = 'echo "1 $MYSQL_PWD"; test "$PGPASSWORD" = s3cret-tide'
    one = measured(kind="sql", argv=["sh", "-c", script], password_file=str(secret), matches="^1 ")
    assert (one["status"], "s3cret" in json.dumps(one)) == (PASS, False)
    secret.chmod(0o644)
    assert measured(kind="sql", argv=["true"], password_file=str(secret))["status"] == UNMEASURED
    assert measured(kind="sql", argv=["true"], password_file=str(tmp_path / "none"))["status"] == UNMEASURED


def test_listeners_mounts_and_processes_have_to_be_there_as_before() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert measured(kind="listeners", items=[str(port)])["status"] == PASS
        assert measured(kind="listeners", items=[f"127.0.0.1:{port}"])["status"] == PASS
    gone = measured(kind="listeners", items=[f"127.0.0.1:{port}"])
    assert (gone["status"], str(port) in gone["detail"]) == (FAIL, True)
    for kind in ("listeners", "mounts", "processes"):
        before = measured(Past(), kind=kind)
        assert before["status"] == PASS
        assert measured(Past(baseline={"it": before}), kind=kind)["status"] == PASS
        more = {**before, "state": [*before["state"], "/no/such:1"]}
        assert measured(Past(baseline={"it": more}), kind=kind)["status"] == FAIL
        assert measured(Past(baseline={}), kind=kind)["status"] == UNMEASURED


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"kind": "disk", "free": 0}, PASS),
        ({"kind": "disk", "free": 100}, FAIL),
        ({"kind": "disk", "path": "/no/such/folder", "free": 0}, UNMEASURED),
        ({"kind": "inodes", "free": 0}, PASS),
        ({"kind": "memory", "free": 0}, PASS),
        ({"kind": "memory", "free": 100}, FAIL),
        ({"kind": "load", "max": 10_000}, PASS),
    ],
)
def test_a_host_has_to_have_room(values: dict[str, Any], status: str) -> None:
    assert measured(**values)["status"] == status


def test_an_exec_that_is_forbidden_is_not_taken_for_a_program_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "check"
    file.write_text("#!/bin/sh\n", encoding="utf-8")
    assert not os.access(file, os.X_OK)
    assert measured(kind="command", argv=[str(file)])["status"] == UNMEASURED
