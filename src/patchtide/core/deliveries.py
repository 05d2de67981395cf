"""What has become of each notice on each channel: begun before it is sent, so that none is ever sent twice."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from patchtide.core.events import NoticeBegun, NoticeFailed, NoticeSent
from patchtide.core.frozen import replace

_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""After each failure so long passes before the next try; after the last one there is none."""

LOST = "nobody knows whether it was sent: the controller ended meanwhile"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on one channel: how often it was tried, and whether it was `sent`.

    `unsure`: it may have been sent, so that it is never tried again.
    """

    tries: int = 0
    on_its_way: bool = False
    sent: datetime | None = None
    failed: datetime | None = None
    why: str = ""
    unsure: bool = False

    def due(self, now: datetime) -> bool:
        """Tell whether it may be tried now."""
        if self.on_its_way or self.sent or self.unsure or self.tries > len(_PAUSES):
            return False
        return self.failed is None or not self.tries or now >= self.failed + _PAUSES[self.tries - 1]


Deliveries: TypeAlias = Mapping[tuple[str, str], Delivery]
"""By the name of the notice and that of the channel."""


def delivered(known: Deliveries, event: NoticeBegun | NoticeSent | NoticeFailed) -> Deliveries:
    """Return what is known of notices after one more event."""
    place = event.notice, event.channel
    before = known.get(place, Delivery())
    match event:
        case NoticeBegun():
            now = replace(before, tries=before.tries + 1, on_its_way=True)
        case NoticeSent():
            now = replace(before, on_its_way=False, sent=event.at)
        case NoticeFailed():
            now = replace(before, on_its_way=False, failed=event.at, why=event.reason, unsure=event.unsure)
    return {**known, place: now}


def abandoned(known: Deliveries) -> Deliveries:
    """Return what is known when another controller takes over: what was on its way may have arrived."""
    if not any(delivery.on_its_way for delivery in known.values()):
        return known
    lost = {place: one for place, one in known.items() if one.on_its_way}
    return {**known, **{place: replace(one, on_its_way=False, unsure=True, why=LOST) for place, one in lost.items()}}
