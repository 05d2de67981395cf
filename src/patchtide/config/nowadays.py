"""What the blackouts of a project say now: a plan has them as they were when it was made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from patchtide.core.errors import UsageError
from patchtide.core.plan import Plan
from patchtide.core.verdict import Verdict, no, yes

if TYPE_CHECKING:  # slow to import, and seldom asked
    from patchtide.core.settings import Settings

_KNOWN_FOR = timedelta(seconds=10)

Nowadays: TypeAlias = Callable[[Plan, str, tuple[str, ...], datetime, timedelta], Verdict]
"""Says for a plan's tier, and the zones of its hosts, whether work of some length may begin at an instant."""


def nowadays(path: Path) -> Nowadays:
    """Return what reads a file's blackouts, and the calendars that they name, anew whenever hosts are about to enter.

    A file that cannot be read any more, or a calendar that is broken or too old, means no. Whether a calendar still has
    events to come was asked when the plan was made: its last freeze may be over by now.
    """
    kept: dict[datetime, tuple[datetime, Settings]] = {}

    def read(made: datetime, now: datetime) -> "Settings":
        from patchtide.config.load import blackout_settings_of  # noqa: PLC0415 - slow to import, and seldom asked

        known = kept.get(made)
        if known is None or not known[0] <= now < known[0] + _KNOWN_FOR:
            known = kept[made] = now, blackout_settings_of(path, min(made, now))
        return known[1]

    def verdict(plan: Plan, tier: str, zones: tuple[str, ...], now: datetime, need: timedelta) -> Verdict:
        from patchtide.core.settings import TierSettings  # noqa: PLC0415 - slow to import, and seldom asked

        try:
            settings = read(plan.created_at, now)
        except UsageError as error:
            why = f"nobody can tell whether there is a blackout now: {error.message}"
            return no("blackout", f"{why} ({error.where})" if error.where else why)
        found = settings.calendar(TierSettings(tier, "", always=True), zones).may_begin(now, need)
        if found.ok:
            return yes("no_blackout", "no blackout is known")
        return replace(found, reason=f"{found.reason}; the plan was made before this was known")

    return verdict
