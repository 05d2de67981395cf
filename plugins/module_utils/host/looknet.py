"""A look at a port."""

from __future__ import annotations

import socket

from .checks import Check
from .seen import FAIL, PASS, UNMEASURED, Look, Past


def tcp(check: Check, _: Past) -> Look:
    """Whether a port accepts a connection."""
    where = (check.own["host"], check.own["port"])
    try:
        socket.create_connection(where, check.timeout).close()
    except socket.gaierror as error:
        return Look(UNMEASURED, f"{where[0]} has no address: {error}")
    except OSError as error:
        return Look(FAIL, f"no connection to {where[0]}:{where[1]}: {error}")
    return Look(PASS, f"{where[0]}:{where[1]} accepts connections")
