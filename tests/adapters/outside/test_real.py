"""What stands around hosts, for real: HAProxy with an open session, Alertmanager with a lease that lapses."""

import socket
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from tests.surroundings import alertmanager, free_port, haproxy

from patchtide.adapters.clock import SystemClock
from patchtide.adapters.outside import Surroundings
from patchtide.core.maintenance import Drain, Matcher, Silence

pytestmark = pytest.mark.system


def nobody(run_id: str, host: str, address: str, commands: object) -> list[str]:
    raise AssertionError(f"{host} is asked for nothing here")


@pytest.mark.parametrize("by", ["path", "port"])
def test_a_server_is_drained_once_its_session_is_over_and_comes_back_as_it_was(tmp_path: Path, by: str) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as service, haproxy(tmp_path, {"a": port, "b": free_port()}) as at:
        address = str(at.socket) if by == "path" else f"127.0.0.1:{at.admin}"
        outside = Surroundings(SystemClock(), nobody)
        action = Drain("balancer", address, "web", deadline=timedelta(seconds=30))
        outside.enter("r0", Drain("other", address, "web"), {"b": "ready"})  # somebody has it out already
        before = outside.found("r1", action, ["a", "b"]).before
        assert before == {"a": "ready", "b": "drain"}
        client = socket.create_connection(("127.0.0.1", at.port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        session, _ = service.accept()
        threading.Timer(2, session.close).start()
        began = time.monotonic()
        assert outside.enter("r1", action, before) == {}
        assert time.monotonic() - began > 1, "it waited for the session"
        assert at.states() == {"a": 8, "b": 8}
        for _ in range(2):
            assert outside.leave("r1", action, before) == {}
            assert at.states() == {"a": 0, "b": 8}
        client.close()


def test_a_silence_is_made_renewed_and_ended(tmp_path: Path) -> None:
    with alertmanager(tmp_path) as at:
        outside = Surroundings(SystemClock(), nobody)
        lease = timedelta(seconds=4)
        action = Silence("alerts", at.url, (Matcher("instance", "{host}:9100"),), lease)
        for _ in range(2):
            assert outside.enter("r1", action, {"a": "", "b": ""}) == {}
        assert at.active() == ["a:9100", "b:9100"]
        outside.hold("r1", {action: ["a", "b"]})
        time.sleep(1.5 * lease.total_seconds())
        assert at.active() == ["a:9100", "b:9100"]
        assert outside.leave("r1", action, {"a": ""}) == {}
        assert at.active() == ["b:9100"]
        outside.hold("r1", {})
        time.sleep(1.5 * lease.total_seconds())
        assert at.active() == []
