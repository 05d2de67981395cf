"""Latency against the host's own baseline: real answers of a real server, with noise; and made-up rounds."""

import http.server
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from plugins.module_utils.host.checks import Check, checks
from plugins.module_utils.host.measurements import measurements
from plugins.module_utils.host.samples import settled
from plugins.module_utils.host.seen import FAIL, INCONCLUSIVE, PASS, UNMEASURED, Past

USUAL = 0.08
"""Seconds that the fixture takes: the hiccups of a busy machine are small beside it."""


class Slow(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        draw: random.Random = self.server.draw  # type: ignore[attr-defined]
        time.sleep(self.server.takes * draw.uniform(0.95, 1.05))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"well")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def service(takes: float) -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        server.takes, server.draw = takes, random.Random(takes)  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def asked(port: int, **more: object) -> Check:
    values = {"name": "latency", "kind": "http", "port": port, "p95_within": 0.2, "samples": 30, "deadline": 30}
    return checks([{**values, **more}])[0]


def test_thirty_percent_slower_is_found_and_no_difference_where_there_is_none() -> None:
    with service(USUAL) as usual, service(USUAL) as same, service(USUAL * 1.3) as slower:
        [before] = measurements([asked(usual)], Past())
        past = Past(baseline={"latency": before})
        with ThreadPoolExecutor(2) as pool:
            well, ill = pool.map(lambda port: measurements([asked(port)], past)[0], (same, slower))
    assert (before["status"], len(before["samples"]), before["unit"]) == (PASS, 30, "ms")
    assert well["status"] == PASS, well["detail"]
    assert ill["status"] == FAIL, ill["detail"]
    assert ill["samples_before"] == before["samples"]
    assert "p95" in ill["detail"]


def test_a_service_that_was_down_before_has_no_numbers_to_be_compared_with() -> None:
    with service(0) as port:
        down = measurements([asked(port)], Past(baseline={"latency": {"status": FAIL, "samples": []}}))[0]
        assert (down["status"], down["before"]) == (PASS, FAIL)
        lost = measurements([asked(port)], Past(baseline={"latency": {"status": PASS, "samples": []}}))[0]
        assert lost["status"] == UNMEASURED


def test_memory_is_compared_too() -> None:
    one = checks([{"name": "m", "kind": "memory", "used_within": 0.5, "samples": 5}])
    [before] = measurements(one, Past())
    assert len(before["samples"]) == 5
    assert measurements(one, Past(baseline={"m": before}))[0]["status"] == PASS
    less = {**before, "samples": [number / 3 for number in before["samples"]]}
    assert measurements(one, Past(baseline={"m": less}))[0]["status"] == FAIL


def rounds(*ratios: float) -> tuple[Callable[[], list[float]], list[float]]:
    draw = random.Random(3)
    left = iter(ratios)

    def some(median: float) -> list[float]:
        return [draw.gauss(median, 1) for _ in range(30)]

    return lambda: some(100 * next(left)), some(100)


@pytest.mark.parametrize(
    ("ratios", "status", "count"),
    [
        ((1.0,), PASS, 30),
        ((1.5, 1.0), PASS, 30),  # the first answers after a start take longer
        ((1.5, 1.5), FAIL, 60),
    ],
)
def test_a_bad_round_has_to_come_twice(ratios: tuple[float, ...], status: str, count: int) -> None:
    take, before = rounds(*ratios)
    look, numbers = settled(asked(1), before, take, until=10.0, now=lambda: 0.0)
    assert (look.status, len(numbers)) == (status, count), look.detail


def test_what_no_round_can_tell_is_inconclusive() -> None:
    take, before = rounds(*[1.0] * 4)
    look, numbers = settled(asked(1), before, lambda: [*take()[3:], 400, 500, 600], until=10.0, now=lambda: 0.0)
    assert (look.status, len(numbers)) == (INCONCLUSIVE, 120), look.detail


def test_a_deadline_ends_the_rounds() -> None:
    take, before = rounds(1.5)
    look, numbers = settled(asked(1), before, take, until=0.0, now=lambda: 1.0)
    assert (look.status, len(numbers)) == (FAIL, 30)


def test_samples_come_from_the_host_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    lines = "".join(f"{now - 60 + second:.6f} h app[1]: broken\n" for second in range(0, 60, 2))

    class Done:
        code, ok, out = 0, True, lines

    monkeypatch.setattr("plugins.module_utils.host.looklimits.finished", lambda *_: Done())
    one = checks([{"name": "j", "kind": "journal", "max": 100, "rate_within": 0.5, "samples": 10}])
    found: dict[str, Any] = measurements(one, Past())[0]
    assert found["status"] == PASS
    assert len(found["samples"]) == 10
    assert all(2 <= number <= 3 for number in found["samples"][:-1])
