"""What happens in a run, as one line per event: for logs, pipelines and everything else that is no terminal."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import assert_never

from patchtide.cli.call import Call
from patchtide.cli.output import told
from patchtide.core.events import (
    Aborted,
    BaselineTaken,
    Continued,
    Event,
    Extended,
    Held,
    HostFinished,
    HostsSettled,
    MaintenanceBegun,
    MaintenanceLeft,
    NoticeBegun,
    NoticeFailed,
    NoticeSent,
    Paused,
    RollbackAsked,
    RunEnded,
    RunOpened,
    RunTaken,
    Status,
    StepStarted,
    VersionsQuarantined,
    VersionsReleased,
)
from patchtide.core.listing import listed
from patchtide.core.said import (
    Approved,
    ChangeRequested,
    EmergencyDeclared,
    Rejected,
    Reviewed,
    Ticked,
    Waived,
    Word,
)
from patchtide.report.words import amount, moment, one_line, span


def lines_of(event: Event, began: datetime | None = None) -> Iterator[str]:
    """Yield what an event says; `began` is when the step that it answers was started."""
    match event:
        case RunOpened():
            yield _line(event.at, "opened", f"by {event.by}: {amount(len(event.plan.hosts), 'host')}")
        case RunTaken():
            orphans = f", {amount(event.orphans, 'orphaned process', 'orphaned processes')} ended"
            yield _line(event.at, "taken up", f"by {event.by}{orphans if event.orphans else ''}")
        case StepStarted():
            why = f" ({event.why})" if event.why else ""
            yield _line(event.at, event.step, f"begins on {listed(event.hosts)}{why}")
        case BaselineTaken() | HostFinished():
            yield _answer(event, began)
        case MaintenanceBegun() | MaintenanceLeft():
            yield from _around(event)
        case HostsSettled():
            yield _line(event.at, event.end, event.reason, listed(event.hosts))
        case Held():
            until = f" until {moment(event.until)}" if event.until else ""
            yield _line(event.at, "waits", f"{event.tier}{until}: {event.reason}".lstrip(": "))
        case Approved() | Rejected() | Waived() | Ticked() | EmergencyDeclared() | Reviewed() | ChangeRequested():
            yield _line(event.at, *_said(event))
        case Aborted() | Paused() | Continued() | Extended() | RollbackAsked():
            yield _ordered(event)
        case VersionsQuarantined() | VersionsReleased():
            what = "shut out" if isinstance(event, VersionsQuarantined) else "let in"
            yield _line(event.at, what, f"by {event.by}: {event.reason}", listed(event.versions))
        case NoticeBegun() | NoticeSent() | NoticeFailed():
            yield from _told_others(event)
        case RunEnded():
            yield _line(event.at, "ended", f"{event.outcome}: {event.reason}")
        case _:
            assert_never(event)


def _answer(event: BaselineTaken | HostFinished, began: datetime | None) -> str:
    if isinstance(event, BaselineTaken):
        told = ", ".join(f"{one.get('name')} {one.get('status')}" for one in event.measurements)
        return _line(event.at, "baseline", told, event.host)
    return _line(event.at, event.step, _details(event, began), f"{event.host}  {event.status}")


def _said(word: Word) -> tuple[str, str, str]:
    """Return what a person said: the word, by whom and why, and of what."""
    doubt = f" (does not count: {word.doubt})" if word.doubt else ""
    match word:
        case Approved():
            return "approved", f"by {word.by} {word.comment}{doubt}", ""
        case Rejected():
            return "rejected", f"by {word.by}: {word.reason}{doubt}", ""
        case Waived():
            return "waived", f"by {word.by}: {word.reason}{doubt}", word.item
        case Ticked():
            return "ticked", f"by {word.by} {word.comment}{doubt}", word.item
        case EmergencyDeclared():
            return "emergency", f"until {moment(word.until)}, by {word.by}: {word.reason}{doubt}", ""
        case Reviewed():
            return "reviewed", f"by {word.by}: {word.text}{doubt}", ""
        case ChangeRequested():
            return "requested", f"by {word.by}: {word.reason}{doubt}", word.id
        case _:
            assert_never(word)


def _ordered(event: Aborted | Paused | Continued | Extended | RollbackAsked) -> str:
    """Return what a person wants of a run."""
    match event:
        case Aborted() | Paused():
            return _line(event.at, event.kind, f"by {event.by}: {event.reason}")
        case Continued():
            return _line(event.at, event.kind, f"by {event.by}")
        case Extended():
            until = f"{event.tier}: window {event.window} stays open until {moment(event.until)}"
            return _line(event.at, "extended", f"by {event.by}, {until}: {event.reason}")
        case RollbackAsked():
            return _line(event.at, "rollback", f"{event.by} asks for it on {listed(event.hosts)}: {event.reason}")
        case _:
            assert_never(event)


def _around(event: MaintenanceBegun | MaintenanceLeft) -> Iterator[str]:
    if isinstance(event, MaintenanceBegun):
        yield _line(event.at, "enter", event.action, listed(event.before))
        return
    if event.hosts:
        yield _line(event.at, "leave", event.action, listed(event.hosts))
    for host, why in event.failed.items():
        yield _line(event.at, "leave", f"{event.action}: {why}", f"{host}  failed")


def _told_others(event: NoticeBegun | NoticeSent | NoticeFailed) -> Iterator[str]:
    match event:
        case NoticeBegun():
            return
        case NoticeSent():
            yield _line(event.at, "told", event.notice, event.channel)
        case NoticeFailed():
            again = "; it may have arrived, so it is not sent again" if event.unsure else ""
            yield _line(event.at, "not told", f"{event.notice}: {event.reason}{again}", event.channel)


def _line(at: datetime, word: str, rest: str, subject: str = "") -> str:
    columns = (subject, one_line(rest))
    return f"{at.astimezone(UTC):%H:%M:%SZ} {word:<9} {'  '.join(column for column in columns if column)}"


def _details(event: HostFinished, began: datetime | None) -> str:
    said = [event.reason] if event.reason and event.status is not Status.OK else []
    finding = event.finding
    if finding.installed:
        said.append(amount(len(finding.installed), "package"))
    said += [f"{measured.name} {measured.status}" for measured in finding.measurements]
    if finding.restored:
        said.append(finding.restored)
    if finding.reboot_owed:
        said.append("owes a reboot")
    if finding.stale:
        said.append(f"{amount(len(finding.stale), 'service')} on replaced files")
    if began is not None:
        said.append(span(round((event.at - began).total_seconds(), 1)))
    return ", ".join(said)


class LineNotifier:
    """Tells each event as a line, on stderr unless `say` puts it elsewhere."""

    def __init__(self, call: Call, say: Callable[[str, Call], None] = told) -> None:
        self._call = call
        self._say = say
        self._began: dict[str, datetime] = {}

    def tell(self, run_id: str, event: Event) -> None:  # noqa: ARG002  # the port's signature
        """Print the event."""
        began = self._began.pop(event.host, None) if isinstance(event, HostFinished) else None
        if isinstance(event, StepStarted):
            self._began |= dict.fromkeys(event.hosts, event.at)
        for line in lines_of(event, began):
            self._say(line, self._call)
