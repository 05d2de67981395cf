"""Telling people what is planned and what becomes of it: the intent first, then the notice, then what came of it."""

import hashlib
from collections.abc import Iterator

from patchtide.core.channels import Channel
from patchtide.core.events import NoticeBegun, NoticeFailed, NoticeSent
from patchtide.core.notices import Notice, due
from patchtide.core.run import Run
from patchtide.engine.desk import Desk
from patchtide.ports import Letter, Receipt


def announced(
    run_id: str, run: Run, desk: Desk, *, wait: bool = False
) -> Iterator[NoticeBegun | NoticeSent | NoticeFailed]:
    """Yield what became of notices that were on their way, and send those that are due, each once its intent is kept.

    With `wait` whoever is on the way is waited for.
    """
    for receipt in desk.courier.receipts():
        yield _told(receipt, desk)
    for notice, channel in due(run, desk.clock.now()):
        at = desk.clock.now()
        yield NoticeBegun(at, notice.name, channel.name, notice.subject)
        desk.courier.send(Letter(letter_id(run_id, notice, channel), run_id, notice, channel, at))
    for receipt in desk.courier.receipts(wait=True) if wait else ():
        yield _told(receipt, desk)


def letter_id(run_id: str, notice: Notice, channel: Channel) -> str:
    """Return what tells a notice apart on its channel, for whoever would rather hear it twice than think it new."""
    return hashlib.sha256(f"{run_id}\n{notice.name}\n{channel.name}".encode()).hexdigest()[:32]


def _told(receipt: Receipt, desk: Desk) -> NoticeSent | NoticeFailed:
    at, letter = desk.clock.now(), receipt.letter
    if not receipt.problem:
        return NoticeSent(at, letter.notice.name, letter.channel.name)
    return NoticeFailed(at, letter.notice.name, letter.channel.name, receipt.problem, receipt.unsure)
