"""A run as Markdown, for a ticket, a merge request or a wiki."""

from collections.abc import Iterator, Sequence

from patchtide.report.runtext import OUTCOMES, took
from patchtide.report.runview import Bar, RunView
from patchtide.report.table import markdown, marked, table
from patchtide.report.words import moment, span


def markdown_text(view: RunView, bars: Sequence[Bar]) -> str:
    """Return the whole report: outcome, hosts, what was installed, steps."""
    return "\n\n".join([*_head(view), *_hosts(view), *_steps(bars)]) + "\n"


def _head(view: RunView) -> Iterator[str]:
    yield f"# Patchtide run {marked(view.run)}: {marked(view.outcome or 'not ended')}"
    if view.outcome:
        yield f"{OUTCOMES[view.outcome].capitalize()}: {marked(view.reason)}."
    elif view.reason:
        yield f"Waits: {marked(view.reason)}."
    facts = [("Opened", f"{moment(view.opened_at)} by {view.opened_by}"), ("Plan", view.digest)]
    facts += [("Signed with key", key) for key in view.signed_by]
    facts += [("Ended", f"{moment(view.ended_at)} ({took(view)})")] if view.ended_at else []
    facts += [("Approved", f"{given.by} {moment(given.at)} {given.comment}") for given in view.approvals]
    facts += [("Aborted", view.aborted)] if view.aborted else []
    facts += [("In quarantine", ", ".join(view.quarantined))] if view.quarantined else []
    yield "\n".join(f"- {name}: {marked(text)}" for name, text in facts)


def _hosts(view: RunView) -> Iterator[str]:
    rows = [(h.tier, str(h.wave), h.name, h.state, str(len(h.installed)), h.why) for h in view.hosts]
    yield "## Hosts"
    yield markdown(table(("Tier", "Wave", "Host", "State", "Packages", "Why"), rows))


def _steps(bars: Sequence[Bar]) -> Iterator[str]:
    rows = [
        (moment(bar.start), bar.step, bar.host, bar.status, span(bar.end - bar.start) if bar.end else "", bar.reason)
        for bar in bars
    ]
    if rows:
        yield "## Steps"
        yield markdown(table(("Began", "Step", "Host", "Status", "Took", "Said"), rows))
