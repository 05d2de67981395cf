"""Commands on the controller, each for one host, several at once."""

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from patchtide.core.maintenance import named

RUN, HOST = "PATCHTIDE_RUN", "PATCHTIDE_HOST"
"""The first marks a run's processes, too: those of a controller that died are ended by the next."""

_AT_ONCE = 8
_LONGEST_SAYING = 300


def ran(run_id: str, argv: Sequence[str], hosts: Sequence[str], timeout: timedelta) -> dict[str, str]:
    """Run a command for each host and return why it failed for which."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        said = pool.map(lambda host: _ran(run_id, [named(word, host) for word in argv], host, timeout), hosts)
        return {host: why for host, why in zip(hosts, said, strict=True) if why}


def _ran(run_id: str, argv: Sequence[str], host: str, timeout: timedelta) -> str:
    told = {**os.environ, RUN: run_id, HOST: host}
    seconds = timeout.total_seconds()
    try:
        done = subprocess.run(
            list(argv), stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env=told, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{argv[0]} did not end within {seconds:.0f} s"
    except (OSError, ValueError) as error:
        return f"{argv[0]} cannot be run: {error}"
    if not done.returncode:
        return ""
    lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return f"{argv[0]} ended with {done.returncode}: {lines[-1][:_LONGEST_SAYING] if lines else 'no message'}"
