"""The machine's clock."""

import time
from datetime import UTC, datetime

_LONGEST_SLEEP = 86_400.0


class SystemClock:
    """Tells the machine's time, in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Let that much time pass, a day at the most; a signal whose handler raises (Ctrl-C) ends it at once."""
        time.sleep(min(max(0.0, seconds), _LONGEST_SLEEP))
