"""The machine's clock."""

import subprocess
import time
from datetime import UTC, datetime

_LONGEST_SLEEP = 86_400.0
_ASK = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
_LONGEST_ANSWER = 5.0
_ANSWERS = {"yes": True, "no": False}


class SystemClock:
    """Tells the machine's time, in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let that much time pass, a day at the most; a signal whose handler raises (Ctrl-C) ends it at once."""
        time.sleep(min(max(0.0, seconds), _LONGEST_SLEEP))


def synchronised() -> bool | None:
    """Return whether this machine keeps its clock by a time server; None where nobody can say, as in containers."""
    try:
        said = subprocess.run(_ASK, capture_output=True, text=True, check=False, timeout=_LONGEST_ANSWER)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return _ANSWERS.get(said.stdout.strip()) if said.returncode == 0 else None
