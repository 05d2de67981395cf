"""Hosts are judged by their own events: Ansible's exit status cannot tell them apart, and may be missing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from patchtide.core.events import Status
from patchtide.ports import Report

Happening = Mapping[str, object]
_OURS = "patchtide.patchtide."
_LONGEST_REASON = 2000
_UNTOUCHED = "Ansible did nothing on the host: it is not in the inventory any more, or had no task to do"
_FRAME = re.compile(r"@{3,}\s*|^@ +| +@$", re.MULTILINE)
"""What ssh draws around a host key that changed, before it says where the old one is."""
_TOO_LARGE = "the host's report was too large to be passed on, or empty"


@dataclass(slots=True)
class Judgement:
    """What is known of the hosts of one attempt, event by event; each host gets exactly one report."""

    waiting: dict[str, None]
    reports: dict[str, Mapping[str, object]] = field(default_factory=dict)
    trouble: str = ""
    silent: bool = False
    """Whether nobody reports anything: how the play ends on a host is all there is."""
    failures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def heard(self, event: Happening) -> Iterator[Report]:
        """Yield the reports that one event makes final."""
        data = _mapping(event.get("event_data"))
        host = str(data.get("host", ""))
        self._timed(host, data.get("duration"))
        match event.get("event"):
            case "runner_on_unreachable":
                yield from self._final(host, Status.UNREACHABLE, _told(data, "the host cannot be reached"), {})
            case "runner_on_failed" | "runner_on_async_failed" if not data.get("ignore_errors"):
                if self.silent:
                    self.failures[host] = _told(data, "failed without saying why")  # it may be rescued yet
                else:
                    yield from self._failed(host, data)
            case "runner_on_ok" if _ours(data):
                self.reports[host] = _report(data)
            case _ if is_last(event):
                yield from self._ended(data)
            case "error" | "verbose" | "warning" | "system_warning":
                self._note(str(event.get("stdout", "")))
            case _:
                pass

    def _timed(self, host: str, duration: object) -> None:
        """Add up how long a host's tasks took; however many hosts wait for their turn, this is the host's own time."""
        if isinstance(duration, int | float) and duration > 0:
            self.seconds[host] = self.seconds.get(host, 0.0) + duration

    def given_up(self, reason: str) -> Iterator[Report]:
        """Yield what nobody has said anything final about: those hosts are unknown, and that is all one knows."""
        why = f"{reason}: {self.trouble}" if self.trouble else reason
        for host in tuple(self.waiting):
            yield from self._final(host, Status.UNKNOWN, why, {})

    def _failed(self, host: str, data: Happening) -> Iterator[Report]:
        if not _mapping(data.get("res")):
            yield from self._final(host, Status.UNKNOWN, f"failed, and {_TOO_LARGE}", {})
        else:
            yield from self._final(host, Status.FAILED, _told(data, "failed without saying why"), _report(data))

    def _ended(self, stats: Happening) -> Iterator[Report]:
        """Only the final count shows that nothing more came after a host's report."""
        seen, failed, dark, done = (_mapping(stats.get(key)) for key in ("processed", "failures", "dark", "ok"))
        for host in tuple(self.waiting):
            if host in dark:
                yield from self._final(host, Status.UNREACHABLE, "the host was lost on the way", {})
            elif failed.get(host):  # a count, which a rescue takes back
                yield from self._final(host, Status.FAILED, self.failures.get(host, "failed without saying why"), {})
            elif host not in seen or (self.silent and not done.get(host)):
                yield from self._final(host, Status.UNKNOWN, _UNTOUCHED, {})
            elif self.silent:
                yield from self._final(host, Status.OK, "", {})
            elif host not in self.reports:
                yield from self._final(host, Status.UNKNOWN, "the host did everything, but sent no report", {})
            elif not self.reports[host]:
                yield from self._final(host, Status.UNKNOWN, _TOO_LARGE, {})
            else:
                yield from self._final(host, Status.OK, "", self.reports[host])

    def _final(self, host: str, status: Status, reason: str, data: Mapping[str, object]) -> Iterator[Report]:
        if host in self.waiting:
            del self.waiting[host]
            yield Report(host, status, reason[:_LONGEST_REASON], data, round(self.seconds.get(host, 0.0), 3))

    def _note(self, text: str) -> None:
        """Keep what Ansible complains of: it is the only explanation when a play does not even begin."""
        line = " ".join(_printable(text).split())
        if line.startswith(("[ERROR]", "ERROR!")):
            self.trouble = line.partition(" Traceback ")[0]


def judgement(hosts: Iterable[str], *, silent: bool = False) -> Judgement:
    """Return a judgement that has heard nothing yet; `silent`: of a play that has no reports of ours."""
    return Judgement(dict.fromkeys(hosts), silent=silent)


def is_last(event: Happening) -> bool:
    """Whether this is the final count of all hosts, after which Ansible does nothing more."""
    return event.get("event") == "playbook_on_stats"


def _ours(data: Happening) -> bool:
    return str(data.get("resolved_action", data.get("task_action", ""))).startswith(_OURS)


def _report(data: Happening) -> Mapping[str, object]:
    return _mapping(_mapping(data.get("res")).get("report"))


def _told(data: Happening, otherwise: str) -> str:
    """Return the module's own sentence; when the module did not even run, also what its interpreter said."""
    result = _first_failed(_mapping(data.get("res")))
    said = [result.get("msg"), result.get("module_stderr")]
    told = ": ".join(_printable(str(text)).strip() for text in said if text).removeprefix("Task failed: ")
    return _FRAME.sub("", told) or otherwise


def _first_failed(result: Happening) -> Happening:
    """Return what failed in a loop, of whose items Ansible itself only says that one or more did."""
    items = result.get("results")
    failed = [item for item in items if _mapping(item).get("failed")] if isinstance(items, list) else []
    return _mapping(failed[0]) if failed else result


def _printable(text: str) -> str:
    """Return a text that cannot move the cursor of the terminal that it is shown on."""
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
