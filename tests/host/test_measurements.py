"""Checks against real servers, sockets and programs on 127.0.0.1, and their judgement over a made-up clock."""

import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from plugins.module_utils.host.checks import Check, checks
from plugins.module_utils.host.looks import looker
from plugins.module_utils.host.measurements import judged, measurements, regressions
from plugins.module_utils.host.seen import FAIL, PASS, SKIPPED, UNMEASURED, Look, Past

AFTER = Past(baseline={})


def check(**values: object) -> Check:
    return checks([{"name": "it", "timeout": 2, "every": 0.05, "deadline": 0.1, **values}])[0]


def measured(**values: object) -> dict[str, Any]:
    return measurements([check(**values)], AFTER)[0]


class Page(http.server.BaseHTTPRequestHandler):
    """Answers /ok, /boom, /moved, and drips bytes for ever on /drip."""

    def do_GET(self) -> None:
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(100):
                self.server.tick.wait(0.05)  # type: ignore[attr-defined]
                try:
                    self.wfile.write(b".")
                except OSError:
                    return
            return
        self.send_response({"/ok": 200, "/moved": 302}.get(self.path, 500))
        self.send_header("Location", "/ok")
        self.end_headers()
        self.wfile.write(b"all \x1b[31mwell\x1b[0m")

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def web() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.daemon_threads = True
        server.tick = threading.Event()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.tick.set()  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


@pytest.fixture
def closed() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"path": "/ok"}, PASS),
        ({"path": "/ok", "contains": "well"}, PASS),
        ({"path": "/ok", "contains": "ill"}, FAIL),
        ({"path": "/boom"}, FAIL),
        ({"path": "/boom", "status": 500}, PASS),
        ({"path": "/moved"}, FAIL),
        ({"path": "/ok", "scheme": "https"}, FAIL),
    ],
)
def test_a_page_is_judged_by_status_and_content(web: int, values: dict[str, Any], status: str) -> None:
    assert measured(kind="http", port=web, **values)["status"] == status


@pytest.mark.fault(34, how="a page that sends a byte now and then")
def test_a_page_that_drips_for_ever_fails_at_its_time_limit(web: int) -> None:
    one = measured(kind="http", port=web, path="/drip", timeout=0.3, deadline=0)
    assert one["status"] == FAIL
    assert one["tries"] == 1


def test_nobody_listening_is_a_failure_and_not_unmeasured(closed: int) -> None:
    assert measured(kind="http", port=closed)["status"] == FAIL
    assert measured(kind="tcp", port=closed)["status"] == FAIL


def test_a_port_that_accepts_passes(web: int) -> None:
    one = measured(kind="tcp", port=web)
    assert (one["status"], one["tries"], one["before"]) == (PASS, 1, "none")


@pytest.mark.fault(34, how="rubbish instead of HTTP")
def test_rubbish_instead_of_http_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def rubbish() -> None:
            for _ in range(10):
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connection.sendall(b"\x00\xff\x1b[2J nothing like http\n")
                connection.close()

        thread = threading.Thread(target=rubbish, daemon=True)
        thread.start()
        one = measured(kind="http", port=server.getsockname()[1])
        assert one["status"] == FAIL
        assert "\x1b" not in one["detail"]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("argv", "more", "status"),
    [
        (["true"], {}, PASS),
        (["false"], {}, FAIL),
        (["sh", "-c", "exit 3"], {"exit": 3}, PASS),
        (["sleep", "60"], {"timeout": 0.2}, FAIL),
        (["/no/such/program"], {}, SKIPPED),
        (["no-such-program"], {}, SKIPPED),
        (["/etc/passwd"], {}, UNMEASURED),
    ],
)
def test_a_command_is_judged_by_its_exit_code(argv: list[str], more: dict[str, Any], status: str) -> None:
    assert measured(kind="command", argv=argv, **more)["status"] == status


def test_what_a_command_prints_is_cut_and_cleaned() -> None:
    one = measured(
        kind="command", argv=["sh", "-c", "printf '\\033[31mred\\007'; yes | head -c 9000000; exit 1"], deadline=0
    )
    assert one["status"] == FAIL
    assert len(one["detail"]) <= 2000
    assert "\x1b" not in one["detail"]
    assert "\x07" not in one["detail"]
    assert "red" in one["detail"]


@pytest.mark.fault(34, how="nothing to compare with")
def test_services_without_a_record_are_unmeasured_and_never_a_pass() -> None:
    look = looker(check(kind="services"), Past())()
    assert look.status == UNMEASURED
    assert look.final


def test_checks_keep_their_order_and_their_baseline(web: int) -> None:
    wanted = [check(kind="tcp", port=web), check(kind="command", argv=["false"])]
    wanted = [*wanted[:1], checks([{"name": "other", "kind": "command", "argv": ["false"], "deadline": 0}])[0]]
    found = measurements(wanted, Past(baseline={"it": {"status": PASS}, "other": {"status": FAIL}}))
    assert [(one["name"], one["before"]) for one in found] == [("it", PASS), ("other", FAIL)]
    assert regressions(found) == []


def test_what_cannot_be_measured_is_no_excuse() -> None:
    found = [
        {"name": "a", "status": FAIL, "before": PASS, "detail": "x"},
        {"name": "b", "status": UNMEASURED, "before": FAIL, "detail": "y"},
        {"name": "c", "status": FAIL, "before": FAIL, "detail": "z"},
        {"name": "d", "status": PASS, "before": FAIL, "detail": ""},
    ]
    assert regressions(found) == ["check a fails: x", "check b is unmeasured: y"]


class Clock:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 0.0

    def read(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def judge(statuses: str, patience: float = 0, **times: float) -> tuple[str, int, float]:
    """The verdict, the number of looks and the seconds for looks that give these letters, the last for ever.

    `w` fails, and cannot get better for `patience` seconds.
    """
    clock = Clock()
    looked = {letter: Look(status, "said") for letter, status in (("p", PASS), ("f", FAIL), ("u", UNMEASURED))}
    looked["w"] = Look(FAIL, "said", patience=patience)
    looks = iter(statuses)
    last = statuses[-1]
    usual = {"warm_up": 0, "every": 1, "healthy_for": 0, "deadline": 10}
    one = checks([{"name": "x", "kind": "tcp", "port": 1, **usual, **times}])[0]
    verdict, tries = judged(one, lambda: looked[next(looks, last)], clock.read, clock.pause)
    return verdict.status, tries, clock.now


@pytest.mark.fault(34, how="a check that flaps")
def test_health_has_to_last_without_a_break() -> None:
    assert judge("p", healthy_for=0) == (PASS, 1, 0)
    assert judge("p", healthy_for=3) == (PASS, 4, 3)
    assert judge("ppfp", healthy_for=3) == (PASS, 7, 6)
    assert judge("fffp", warm_up=5) == (PASS, 4, 8)


def test_what_cannot_get_better_yet_is_not_looked_at_in_vain() -> None:
    assert judge("wp", patience=7) == (PASS, 2, 7)
    assert judge("wp", patience=0.2) == (PASS, 2, 1), "never more often than it is meant to be"
    assert judge("w", patience=60) == (FAIL, 2, 10), "the last look is at the deadline"
    assert judge("ppwfp", patience=7, healthy_for=3, failures=2)[1:] == (8, 7), "a stretch is watched closely"


def test_a_deadline_ends_it_with_the_last_word() -> None:
    assert judge("f") == (FAIL, 11, 10)
    assert judge("u")[0] == UNMEASURED
    assert judge("pf" * 20, healthy_for=2)[0] == FAIL
    assert judge("p", healthy_for=20)[0] == FAIL


@pytest.mark.fault(32, how="a check that passes for a while, then fails")
def test_health_that_broke_says_with_what() -> None:
    clock, looks = Clock(), iter([Look(PASS, "fine"), Look(FAIL, "crashed"), Look(PASS, "fine"), Look(PASS, "fine")])
    one = checks([{"name": "x", "kind": "tcp", "port": 1, "every": 1, "healthy_for": 9, "deadline": 3}])[0]
    verdict, _ = judged(one, lambda: next(looks), clock.read, clock.pause)
    assert verdict == Look(FAIL, "not healthy for 9 s within 3 s; crashed")


def test_an_exception_while_looking_is_unmeasured() -> None:
    def broken() -> Look:
        raise RuntimeError("no")

    clock = Clock()
    verdict, _ = judged(check(kind="tcp", port=1), broken, clock.read, clock.pause)
    assert (verdict.status, verdict.detail) == (UNMEASURED, "RuntimeError: no")
