"""relay: commands passed on to a socket that only this host reaches, and what is answered."""

from __future__ import annotations

import socket
from typing import Any, Sequence

from .answer import Answer, Call
from .errors import HostError

BLANK: dict[str, Any] = {"answers": []}
_SECONDS = 10.0
_MOST_BYTES = 16_777_216


def relay(address: str, commands: Sequence[str]) -> Answer:
    """What a socket (a path, or host:port) answers to each command, one connection each, closed by who answers."""
    try:
        return Answer({"answers": [_answer(address, command) for command in commands]}, changed=True)
    except (OSError, ValueError) as error:
        raise HostError(f"nothing answers at {address}: {error}", "is it the right socket?", code="relay") from error


def _answer(address: str, command: str) -> str:
    if not command.isprintable():
        raise ValueError(f"{command!r} is no command")
    with _connected(address) as line:
        line.sendall(command.encode() + b"\n")
        return _all_of(line).decode(errors="replace")


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
    while True:
        part = line.recv(65536)
        if not part:
            return found
        found += part
        if len(found) > _MOST_BYTES:
            raise ValueError("it does not stop answering")


CALL = Call(
    {
        "socket": {"type": "str", "required": True},
        "commands": {"type": "list", "elements": "str", "required": True},
    },
    lambda given, _: relay(given["socket"], given["commands"]),
    BLANK,
    in_check_mode=False,
)
