"""Who was told what, when, and who was not."""

from dataclasses import dataclass
from datetime import datetime

from patchtide.core.run import Run
from patchtide.report.words import moment, one_line


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice on a channel: when it was sent (None: it was not), and why it was not when it was last tried."""

    channel: str
    notice: str
    sent: datetime | None
    why: str


def notice_views(run: Run) -> tuple[NoticeView, ...]:
    """Return what became of every notice of a run, in order."""
    return tuple(
        NoticeView(channel, notice, one.sent, "" if one.sent else one_line(one.why))
        for (notice, channel), one in run.deliveries.items()
    )


def notice_text(one: NoticeView) -> str:
    """Return in a line what became of a notice."""
    return f"{one.channel}, {one.notice}: {moment(one.sent) if one.sent else one.why or 'on its way'}"
