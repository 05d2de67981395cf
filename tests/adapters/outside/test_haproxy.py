"""HAProxy's servers are drained and brought back, as its runtime API says it: texts of HAProxy 2.6."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from patchtide.adapters.fake import FakeClock
from patchtide.adapters.outside import haproxy
from patchtide.core.errors import PatchtideError
from patchtide.core.maintenance import Drain, DrainTo, WhenLate

HEAD = "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight"
ADMIN = {"ready": 0, "drain": 8, "maint": 1}
ACTION = Drain("balancer", "/run/admin.sock", "web", deadline=timedelta(seconds=5))


@dataclass
class Balancer:
    """A backend `web` as the runtime API shows it."""

    states: dict[str, str]
    sessions: dict[str, list[int]] = field(default_factory=dict)
    stubborn: bool = False
    said: list[str] = field(default_factory=list)

    def __call__(self, commands: Sequence[str]) -> list[str]:
        return [self._answer(command) for command in commands]

    def _answer(self, command: str) -> str:
        match command.split():
            case ["show", "servers", "state", "web"]:
                rows = (
                    f"3 web {i} {name} 127.0.0.1 2 {ADMIN[to]} 1" for i, (name, to) in enumerate(self.states.items())
                )
                return "\n".join(["1", HEAD, *rows]) + "\n\n"
            case ["show", "servers", "state", _]:
                return "Can't find backend.\n\n"
            case ["show", "stat"]:
                rows = (f"web,{name},0,0,{self._open(name)},9," for name in self.states)
                return "\n".join(["# pxname,svname,qcur,qmax,scur,smax,", "web,FRONTEND,,,7,9,", *rows]) + "\n\n"
            case ["set", "server", place, "state", to]:
                self.said.append(command)
                name = place.removeprefix("web/")
                if name not in self.states:
                    return "No such server.\n\n"
                self.states[name] = self.states[name] if self.stubborn else to
                return "\n"
            case _:
                return "Unknown command.\n"

    def _open(self, name: str) -> int:
        left = self.sessions.get(name, [])
        return left.pop(0) if left else 0


def test_what_was_before_is_found_for_each_server() -> None:
    found = haproxy.found(ACTION, ["a", "b", "c", "x"], Balancer({"a": "ready", "b": "drain", "c": "maint"}))
    assert found.before == {"a": "ready", "b": "drain", "c": "maint"}
    assert found.problems == {"x": "backend 'web' at /run/admin.sock has no server 'x'"}


@pytest.mark.parametrize(
    ("asked", "before", "then"),
    [
        ("drain", "ready", "drain"),
        ("drain", "maint", "maint"),
        ("maint", "drain", "maint"),
        ("drain", "drain", "drain"),
    ],
)
def test_a_server_goes_out_and_back_to_what_it_was(asked: str, before: str, then: str) -> None:
    at = Balancer({"a": before, "b": "ready"})
    action = replace(ACTION, state=DrainTo(asked))
    assert haproxy.drained(action, ["a"], at, FakeClock()) == {}
    assert at.states == {"a": then, "b": "ready"}
    for _ in range(2):  # undoing it twice is as undoing it once
        assert haproxy.brought_back(action, {"a": before}, at) == {}
        assert at.states == {"a": before, "b": "ready"}


def test_what_somebody_else_took_out_meanwhile_stays_out() -> None:
    at = Balancer({"a": "maint"})
    assert haproxy.brought_back(ACTION, {"a": "ready"}, at) == {}
    assert at.states == {"a": "maint"}


def test_a_balancer_that_started_anew_has_nothing_to_bring_back_but_what_was_out() -> None:
    at = Balancer({"a": "ready", "b": "ready"})
    assert haproxy.brought_back(ACTION, {"a": "ready", "b": "maint"}, at) == {}
    assert at.said == ["set server web/b state maint"]


def test_sessions_are_waited_for_until_the_deadline() -> None:
    clock = FakeClock()
    began = clock.now()
    at = Balancer({"a": "ready"}, {"a": [3, 2, 1]})
    assert haproxy.drained(ACTION, ["a"], at, clock) == {}
    assert clock.now() - began == timedelta(seconds=3)


@pytest.mark.parametrize("late", WhenLate)
def test_sessions_that_do_not_end_are_a_problem_unless_they_may_be_cut(late: WhenLate) -> None:
    at = Balancer({"a": "ready", "b": "ready"}, {"a": [2] * 100})
    said = haproxy.drained(replace(ACTION, when_late=late), ["a", "b"], at, FakeClock())
    assert said == ({"a": "2 sessions had not ended in time"} if late is WhenLate.REFUSE else {})


def test_a_setting_that_does_not_hold_is_a_problem() -> None:
    at = Balancer({"a": "ready"}, stubborn=True)
    assert "does not set web/a to it" in haproxy.drained(ACTION, ["a"], at, FakeClock())["a"]


def test_a_server_that_is_gone_cannot_be_brought_back() -> None:
    assert haproxy.brought_back(ACTION, {"a": "ready"}, Balancer({})) == {"a": "it is not there any more"}


@pytest.mark.parametrize("answer", ["", "Permission denied\n", "2\n# be_name\n", "1\nno head\n", "1\n# a b\n3 web\n"])
def test_an_answer_that_cannot_be_read_is_an_error(answer: str) -> None:
    with pytest.raises(PatchtideError):
        haproxy.found(ACTION, ["a"], lambda commands: [answer for _ in commands])


def test_a_name_cannot_be_a_second_command() -> None:
    action = replace(ACTION, servers={"a": "x; shutdown sessions server web/b"})
    at = Balancer({"x; shutdown sessions server web/b": "ready"})
    with pytest.raises(PatchtideError):
        haproxy._server(action, "a")
    assert at.said == []


def test_hosts_may_be_called_otherwise() -> None:
    action = replace(ACTION, server="{short}", servers={"b.example.com": "srv2"})
    assert [action.server_of(host) for host in ("a.example.com", "b.example.com")] == ["a", "srv2"]


def test_a_socket_that_is_not_there_is_an_error_with_its_address() -> None:
    for address in ("/nowhere/admin.sock", "127.0.0.1:1"):
        with pytest.raises(PatchtideError, match=f"HAProxy does not answer at {address}"):
            haproxy.asked(address, ["show stat"])
