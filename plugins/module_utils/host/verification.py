"""verify: health measured against this host's own baseline, and whether what was installed is still there."""

from __future__ import annotations

from typing import Any, Mapping

from . import host
from .answer import Answer, Call
from .changes import departures
from .checks import checks as named_checks
from .clock import epoch
from .confirm import loops, reverted, settle
from .errors import HostError, summed_up
from .hold import CALL_LOCK, exclusive
from .journal import Journal
from .measurements import by_name, measurements, regressions
from .names import intended
from .options import CHECKS
from .seen import Past
from .stale import stale, told
from .upkeep import maintenance

BLANK: dict[str, Any] = {
    "measurements": [],
    "installed_ok": False,
    "differences": [],
    "stale": [],
    "confirmed": False,
    "reverted": False,
    "left": False,
}
_PATIENCE = 120


def verify(
    run: str,
    checks: list[Any],
    baseline: str = "run",
    enforce: bool = True,
    confirm: bool = False,
    leaving: int | None = None,
) -> Answer:
    """Every check measured; with enforce, anything that is not known to be well is a failure, no check included.

    With confirm, a host that is well and as the update left it takes its confirm timer away; with the attempt in
    `leaving` such a host leaves maintenance mode at once.
    """
    wanted = named_checks(checks)
    journal = Journal(run)
    if reverted(journal):
        return Answer({**BLANK, "reverted": True}, failure=reverted(journal))
    record = journal.read("record") if baseline == "run" else None
    before = record or {}
    paused = tuple((journal.read("maintenance") or {}).get("stopped", []))
    measured = measurements(wanted, past_of(journal, before, paused))
    own, foreign = installed_differences(journal)
    own += [sentence for sentence in (loops(journal),) if sentence]
    sentences = own + regressions(measured)
    if not measured:
        sentences.append("no check is configured, and nothing measured is no health")
    report = {**BLANK, "measurements": measured, "installed_ok": not own, "differences": own + foreign}
    report["stale"] = told(stale())
    if confirm and not foreign and not own and measured and not regressions(measured, undecided=False):
        report["confirmed"] = _confirmed(journal)
    if leaving is not None and not sentences and not foreign and report["confirmed"] is confirm:
        report["left"] = _left(run, leaving)
    return Answer(report, failure=summed_up(sentences) if enforce else "")


def _left(run: str, attempt: int) -> bool:
    """Whether maintenance mode was left; where it could not be, whoever asks for just that is told why."""
    try:
        return bool(maintenance(run, attempt, "left").report["state"] == "left")
    except HostError:
        return False


def past_of(journal: Journal, record: dict[str, Any], paused: tuple[str, ...] = ()) -> Past:
    """What the checks of a run are compared with; nothing where no record was made."""
    known = record.get("baseline_measurements") or []
    since = epoch((journal.read("patch") or {}).get("finished", ""))
    return Past(record.get("services"), by_name(known), paused, since)


def _confirmed(journal: Journal) -> bool:
    """Whether the host stays as it is from now on: unless its timer came first."""
    if not journal.exists():
        return True
    with exclusive(CALL_LOCK, _PATIENCE):
        if not reverted(journal):
            settle(journal, "confirmed")
        return not reverted(journal)


def installed_differences(journal: Journal) -> tuple[list[str], list[str]]:
    """Sentences on this run's packages that are not as it left them, and on others that changed since its record."""
    patch, record = journal.read("patch"), journal.read("record")
    if patch is None or record is None or patch.get("outcome") == "nothing" or journal.read("rollback") is not None:
        return [], []
    change = intended(patch)
    wrong = departures(record["packages"], host.package_manager().installed(), change)
    own = [sentence for sentence in wrong if sentence.partition(" ")[0] in change.keys]
    return own, [sentence for sentence in wrong if sentence not in own]


def _called(given: Mapping[str, Any], check_mode: bool) -> Answer:
    leaving = given["attempt"] if given["leave"] and not check_mode else None
    confirms = given["confirm"] and not check_mode
    return verify(given["run"], given["checks"], given["baseline"], given["enforce"], confirms, leaving)


CALL = Call(
    {
        "run": {"type": "str", "required": True},
        "checks": CHECKS,
        "baseline": {"type": "str", "choices": ["run", "none"], "default": "run"},
        "enforce": {"type": "bool", "default": True},
        "confirm": {"type": "bool", "default": False},
        "attempt": {"type": "int", "default": 1},
        "leave": {"type": "bool", "default": False},
    },
    _called,
    BLANK,
)
