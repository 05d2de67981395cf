"""Windows as people look at them: a list, and a calendar to subscribe to (RFC 5545)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from patchtide.core.run import Run
from patchtide.core.wall import longest_need
from patchtide.core.windows import Opening
from patchtide.report.table import aligned, table
from patchtide.report.words import amount, moment, one_line

_MONTHS = 12
_LONGEST_LINE = 75
"""Octets of a line of an iCalendar file; a longer one is folded."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a calendar; `key` is what makes it the same one in the next export."""

    key: str
    begins: datetime
    ends: datetime
    title: str
    details: str = ""


def months_later(now: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last one of its month."""
    years, month = divmod(now.month - 1 + months, _MONTHS)
    for day in range(now.day, 0, -1):
        try:
            return now.replace(year=now.year + years, month=month + 1, day=day)
        except ValueError:  # there is no such day in that month
            continue
    raise AssertionError  # every month has a first day


def openings_text(found: Sequence[tuple[str, Opening]], width: int = 0) -> str:
    """Return the openings of tiers as a table, nothing where there is none."""
    rows = [
        (tier, moment(one.opens), moment(one.closes), one.name, f"blackout {one.closed_by}" if one.closed_by else "")
        for tier, one in found
    ]
    return aligned(table(("tier", "opens", "closes", "window", "cut short by"), rows), width) if rows else ""


def agenda(found: Iterable[tuple[str, Opening]]) -> Iterator[Entry]:
    """Yield the openings of tiers as entries."""
    for tier, one in found:
        details = f"Closes early: blackout {one.closed_by} begins." if one.closed_by else ""
        key = f"{tier}|{one.name}|{one.opens:%Y%m%dT%H%M%SZ}"
        yield Entry(key, one.opens, one.closes, f"{tier}: window {one.name}", details)


def run_entries(run_id: str, run: Run, now: datetime) -> Iterator[Entry]:
    """Yield when the tiers of a run that has not ended are to be worked on, as things stand."""
    for tier in run.plan.tiers:
        if run.outcome is not None or all(host.settled for host in run.in_tier(tier.name)):
            continue
        opening = run.calendar(tier).next_opening(now, longest_need(run.plan, tier).total)
        if opening is not None and not (tier.always and opening.closed_by is None):
            title = f"run {run_id}: {tier.name}, {amount(len(tier.hosts), 'host')}"
            details = f"Opened by {one_line(run.opened_by)}; window {opening.name}."
            yield Entry(f"{run_id}|{tier.name}", opening.opens, opening.closes, title, details)


def ics(entries: Iterable[Entry], now: datetime) -> str:
    """Return entries as an iCalendar file; the same entry has the same UID whenever it is exported."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Patchtide//windows//EN", "X-WR-CALNAME:Patchtide"]
    for entry in entries:
        lines += _event(entry, now)
    return "\r\n".join(folded for line in (*lines, "END:VCALENDAR") for folded in _folded(line))


def _event(entry: Entry, now: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{sha256(entry.key.encode()).hexdigest()[:32]}@patchtide"
    yield f"DTSTAMP:{_stamp(now)}"
    yield f"DTSTART:{_stamp(entry.begins)}"
    yield f"DTEND:{_stamp(entry.ends)}"
    yield f"SUMMARY:{_text(entry.title)}"
    if entry.details:
        yield f"DESCRIPTION:{_text(entry.details)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _stamp(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield a line in pieces of 75 octets, each later one with a blank in front (RFC 5545, 3.1)."""
    piece = ""
    for character in line:
        if len((piece + character).encode()) > _LONGEST_LINE:
            yield piece
            piece = " "
        piece += character
    yield piece
