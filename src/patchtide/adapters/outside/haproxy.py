"""HAProxy's runtime API: servers out of service, and back to what they were.

The commands and what they answer: https://docs.haproxy.org/dev/management.html#9.3 (`show servers state`, `show stat`,
`set server`). One command a connection, which HAProxy closes when it has answered.
"""

import csv
import re
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from patchtide.core.errors import PatchtideError
from patchtide.core.maintenance import Drain, DrainTo, WhenLate
from patchtide.ports import Clock, Found

Ask = Callable[[Sequence[str]], list[str]]
"""Returns what HAProxy answers to each command; raises PatchtideError."""

READY = "ready"
_FORCED_MAINT, _FORCED_DRAIN = 0x01, 0x08
_WORD = re.compile(r"[A-Za-z0-9_.:-]+")
_SECONDS = 10.0
_MOST_BYTES = 64 * 1024 * 1024
_PAUSE = timedelta(seconds=1)


def found(action: Drain, hosts: Sequence[str], ask: Ask) -> Found:
    """Return the state that each host's server is set to, which is what has to come back."""
    states = _states(action, ask)
    before = {host: states[server] for host in hosts if (server := action.server_of(host)) in states}
    strangers = [host for host in hosts if host not in before]
    return Found(before, {host: f"{_place(action)} has no server {action.server_of(host)!r}" for host in strangers})


def drained(action: Drain, hosts: Sequence[str], ask: Ask, clock: Clock) -> dict[str, str]:
    """Take the hosts' servers out of service, wait for their sessions to end, and return the problems."""
    states = _states(action, ask)
    on = [host for host in hosts if states.get(action.server_of(host)) not in {str(action.state), str(DrainTo.MAINT)}]
    problems = _set(action, dict.fromkeys(on, str(action.state)), ask)
    out = [host for host in hosts if host not in problems]
    return {**problems, **_busy(action, out, ask, clock)}


def brought_back(action: Drain, before: Mapping[str, str], ask: Ask) -> dict[str, str]:
    """Set the hosts' servers to what they were and return the problems; what others took out since stays out."""
    states = _states(action, ask)
    gone = {host: "it is not there any more" for host in before if action.server_of(host) not in states}
    ours = {str(action.state), READY}
    now = {host: states[action.server_of(host)] for host in before if host not in gone}
    back = {host: state for host, state in before.items() if host in now and now[host] in ours - {state}}
    return {**gone, **_set(action, back, ask)}


def _set(action: Drain, wanted: Mapping[str, str], ask: Ask) -> dict[str, str]:
    """Set servers to states, look whether they have them, and return the problems."""
    if not wanted:
        return {}
    answers = ask([f"set server {_server(action, host)} state {state}" for host, state in wanted.items()])
    said = dict(zip(wanted, (answer.strip() for answer in answers), strict=True))
    states = _states(action, ask)
    missed = [host for host, state in wanted.items() if states.get(action.server_of(host)) != state]
    return {host: said[host] or f"{_place(action)} does not set {_server(action, host)} to it" for host in missed}


def _busy(action: Drain, hosts: Sequence[str], ask: Ask, clock: Clock) -> dict[str, str]:
    """Wait for the hosts' sessions to end; return who still has some, where that is a problem."""
    until = clock.now() + action.deadline
    while left := {host: count for host, count in _sessions(action, hosts, ask).items() if count}:
        if clock.now() >= until:
            refused = action.when_late is WhenLate.REFUSE
            return {host: f"{count} sessions had not ended in time" for host, count in left.items() if refused}
        clock.sleep(min(_PAUSE, until - clock.now()).total_seconds())
    return {}


def _sessions(action: Drain, hosts: Sequence[str], ask: Ask) -> dict[str, int]:
    if not hosts:
        return {}
    (answer,) = ask(["show stat"])
    rows = csv.DictReader(answer.lstrip("# ").splitlines())
    try:
        open_ = {row["svname"]: int(row["scur"]) + int(row["qcur"] or 0) for row in _rows(rows, action.backend)}
        return {host: open_[action.server_of(host)] for host in hosts}
    except (KeyError, TypeError, ValueError) as error:
        raise PatchtideError(f"{_place(action)} does not say how many sessions there are: {error}") from None


def _rows(rows: Iterable[dict[str, str]], backend: str) -> Iterable[dict[str, str]]:
    return (row for row in rows if row["pxname"] == backend and row["svname"] not in {"FRONTEND", "BACKEND"})


def _states(action: Drain, ask: Ask) -> dict[str, str]:
    """Return the administrative state of each server of the backend, by its name."""
    (answer,) = ask([f"show servers state {_plain(action.backend)}"])
    version, _, rest = answer.strip().partition("\n")
    head, *lines = rest.splitlines() or [""]
    if version.strip() != "1" or not head.startswith("# "):
        raise PatchtideError(f"{_place(action)} cannot be read: {answer.strip()[:200] or 'no answer'}", hint=_ADMIN)
    names = head.removeprefix("# ").split()
    rows = (dict(zip(names, line.split(), strict=False)) for line in lines)
    try:
        return {
            row["srv_name"]: _state(int(row["srv_admin_state"])) for row in rows if row["be_name"] == action.backend
        }
    except (KeyError, ValueError) as error:
        raise PatchtideError(f"{_place(action)} cannot be read: {error}") from None


_ADMIN = "Is it the socket of a `stats socket ... level admin` line?"


def _state(admin: int) -> str:
    """Return what a server is set to; what its backend or a health check does to it is no setting of its own."""
    if admin & _FORCED_MAINT:
        return str(DrainTo.MAINT)
    return str(DrainTo.DRAIN) if admin & _FORCED_DRAIN else READY


def _server(action: Drain, host: str) -> str:
    return f"{_plain(action.backend)}/{_plain(action.server_of(host))}"


def _plain(word: str) -> str:
    """Return a word that is one word to HAProxy, too: a command ends at `;`."""
    if not _WORD.fullmatch(word):
        raise PatchtideError(f"{word!r} is no name of a backend or server")
    return word


def _place(action: Drain) -> str:
    return f"backend {action.backend!r} at {action.socket}"


def asked(address: str, commands: Sequence[str]) -> list[str]:
    """Return what HAProxy answers to each command on a socket: a path, or host:port."""
    return [_answer(address, command) for command in commands]


def _answer(address: str, command: str) -> str:
    try:
        with _connected(address) as line:
            line.sendall(command.encode() + b"\n")
            return _all_of(line).decode(errors="replace")
    except (OSError, ValueError) as error:
        raise PatchtideError(f"HAProxy does not answer at {address}: {error}", hint=_ADMIN) from None


def _connected(address: str) -> socket.socket:
    if not address.startswith("/"):
        host, _, port = address.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), _SECONDS)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(_SECONDS)
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line


def _all_of(line: socket.socket) -> bytes:
    found = b""
    while part := line.recv(65536):
        found += part
        if len(found) > _MOST_BYTES:
            raise ValueError("it does not stop answering")
    return found
