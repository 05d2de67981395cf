"""A change request as an approver reads it."""

from collections.abc import Sequence

from patchtide.core.change import level, score
from patchtide.core.said import ChangeRequested, known_by
from patchtide.report.table import aligned, table
from patchtide.report.words import data_of, moment, one_line

_LONGEST = 2000


def request_data(request: ChangeRequested, stream: str) -> dict[str, object]:
    """Return a request as JSON data; `run` is where it was made, empty for a plan that no run has yet."""
    found = data_of(request)
    body = found if isinstance(found, dict) else {}
    risk = {"risk_score": score(request), "risk_level": _level(request)}
    return {**body, **risk, "known": known_by(request), "run": stream}


def _level(request: ChangeRequested) -> str:
    return level(score(request))


def request_text(request: ChangeRequested, stream: str) -> str:
    """Return a request with all its fields."""
    risk = f"likelihood {request.likelihood} x impact {request.impact} = {score(request)}, {_level(request)}"
    rows = [
        ("requester", f"{request.by} ({known_by(request)})"),
        ("contact", request.contact),
        ("requested", moment(request.at)),
        ("run", stream or "none yet"),
        ("plan", request.digest),
        ("what", request.what),
        ("reason", request.reason),
        ("when", request.schedule),
        ("impact", request.impact),
        ("dependencies", request.dependencies or "none named"),
        ("rollback plan", request.rollback_plan),
        ("testing plan", request.testing_plan),
        ("risk", f"{risk}: {request.risk}" if request.risk else risk),
    ]
    rows += [("DOES NOT COUNT", request.doubt)] if request.doubt else []
    width = max(len(name) for name, _ in rows)
    return "\n".join(
        [f"change request {request.id}", *(f"  {name:<{width}}  {one_line(text, _LONGEST)}" for name, text in rows)]
    )


def requests_text(requests: Sequence[tuple[str, ChangeRequested]], width: int = 0) -> str:
    """Return a line per request, in the order given."""
    rows = [
        (one.id, moment(one.at), one.by, one.impact, f"{score(one)} {_level(one)}", stream, one.reason)
        for stream, one in requests
    ]
    return aligned(table(("request", "made", "by", "impact", "risk", "run", "why"), rows), width)
