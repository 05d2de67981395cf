"""A look at a name: by the host's own resolver, or by asking one server (RFC 1035)."""

from __future__ import annotations

import os
import socket
import struct
from typing import Iterator

from .checks import Check
from .seen import FAIL, PASS, UNMEASURED, Look, Past

_TYPES = {"A": (1, socket.AF_INET, 4), "AAAA": (28, socket.AF_INET6, 16)}
_RECURSION_DESIRED = 0x0100
_ANSWER, _TRUNCATED, _CODE = 0x8000, 0x0200, 0x000F
_INTERNET = 1
_POINTER = 0xC0
_MESSAGE_BYTES = 65_535
_CODES = {1: "format error", 2: "server failure", 3: "there is no such name", 5: "refused"}


class _NoAnswerError(Exception):
    """A server's answer that is none."""


def dns(check: Check, _: Past) -> Look:
    """Whether a name has addresses, and those that are expected where some are."""
    own = check.own
    by = f" by {own['server']}" if own["server"] else ""
    try:
        found = sorted(_asked(check) if own["server"] else _resolved(own["query"], own["type"]))
    except _NoAnswerError as error:
        return Look(FAIL, f"{own['query']} ({own['type']}){by}: {error}")
    except socket.gaierror as error:
        return Look(FAIL, f"{own['query']} ({own['type']}){by}: {error}")
    except (OSError, struct.error, IndexError, ValueError) as error:
        status = UNMEASURED if isinstance(error, (struct.error, IndexError, ValueError)) else FAIL
        return Look(status, f"{own['query']} ({own['type']}){by}: no answer: {error}")
    missing = sorted(set(own["answers"]) - set(found))
    if not found or missing:
        return Look(FAIL, f"{own['query']}{by} is {', '.join(found) or 'nowhere'}, not {', '.join(missing) or 'there'}")
    return Look(PASS, f"{own['query']}{by} is {', '.join(found)}")


def _resolved(name: str, kind: str) -> set[str]:
    family = _TYPES[kind][1]
    return {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, family, socket.SOCK_STREAM)}


def _asked(check: Check) -> set[str]:
    """The addresses that one server tells; over TCP where a datagram has no room for them."""
    own = check.own
    number = int.from_bytes(os.urandom(2), "big")
    question = _question(number, own["query"], own["type"])
    where = (own["server"], own["port"])
    answer = _over_udp(where, question, check.timeout)
    if _flags(answer) & _TRUNCATED:
        answer = _over_tcp(where, question, check.timeout)
    return set(_addresses(answer, number, own["type"]))


def _question(number: int, name: str, kind: str) -> bytes:
    labels = [label.encode("idna") for label in name.rstrip(".").split(".")]
    asked = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return struct.pack(">6H", number, _RECURSION_DESIRED, 1, 0, 0, 0) + asked + struct.pack(">2H", _TYPES[kind][0], 1)


def _over_udp(where: tuple[str, int], question: bytes, timeout: float) -> bytes:
    family, _, _, _, address = socket.getaddrinfo(where[0], where[1], type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        link.settimeout(timeout)
        link.connect(address)
        link.send(question)
        return link.recv(_MESSAGE_BYTES)


def _over_tcp(where: tuple[str, int], question: bytes, timeout: float) -> bytes:
    with socket.create_connection(where, timeout) as link, link.makefile("rb") as stream:
        link.sendall(struct.pack(">H", len(question)) + question)
        size = struct.unpack(">H", stream.read(2))[0]
        return stream.read(size)


def _flags(message: bytes) -> int:
    return int(struct.unpack_from(">H", message, 2)[0])


def _addresses(message: bytes, number: int, kind: str) -> Iterator[str]:
    code, family, size = _TYPES[kind]
    ident, flags, questions, answers = struct.unpack_from(">4H", message)
    if ident != number or not flags & _ANSWER:
        raise _NoAnswerError("what came is no answer to the question")
    if flags & _CODE:
        raise _NoAnswerError(_CODES.get(flags & _CODE, f"error {flags & _CODE}"))
    place = 12
    for _ in range(questions):
        place = _after_name(message, place) + 4
    for _ in range(answers):
        place = _after_name(message, place)
        found, group, _, length = struct.unpack_from(">2HIH", message, place)
        place += 10
        if (found, group, length) == (code, _INTERNET, size):
            yield socket.inet_ntop(family, message[place : place + size])
        place += length


def _after_name(message: bytes, place: int) -> int:
    """Where a name in a message ends; a pointer to an earlier name ends it."""
    while message[place]:
        if message[place] & _POINTER == _POINTER:
            return place + 2
        place += message[place] + 1
    return place + 1
