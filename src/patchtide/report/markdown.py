"""A run as Markdown, for a ticket, a merge request or a wiki."""

from collections.abc import Iterator, Sequence

from patchtide.report.fixes import cves_text, left_text
from patchtide.report.notices import notice_text
from patchtide.report.numbers import NumbersView, spread_text
from patchtide.report.runtext import OUTCOMES, took
from patchtide.report.runview import Bar, RunView, said_lines
from patchtide.report.table import markdown, marked, table
from patchtide.report.words import moment, span


def markdown_text(view: RunView, bars: Sequence[Bar], numbers: Sequence[NumbersView] = ()) -> str:
    """Return the whole report: outcome, hosts, numbers that were compared, what was installed, steps."""
    return "\n\n".join([*_head(view), *_hosts(view), *_numbers(numbers), *_fixes(view), *_steps(bars)]) + "\n"


def _head(view: RunView) -> Iterator[str]:
    yield f"# Patchtide run {marked(view.run)}: {marked(view.outcome or 'not ended')}"
    if view.outcome:
        yield f"{OUTCOMES[view.outcome].capitalize()}: {marked(view.reason)}."
    elif view.reason:
        yield f"Waits: {marked(view.reason)}."
    facts = [("Opened", f"{moment(view.opened_at)} by {view.opened_by}"), ("Plan", view.digest)]
    facts += [("Signed with key", key) for key in view.signed_by]
    facts += [("Ended", f"{moment(view.ended_at)} ({took(view)})")] if view.ended_at else []
    facts += [(word.capitalize(), told) for word, told in said_lines(view)]
    facts += [("Not made", line) for line in view.not_made]
    facts += [("Aborted", view.aborted)] if view.aborted else []
    facts += [("Paused", view.paused)] if view.paused else []
    facts += [("Told" if one.sent else "Not told", notice_text(one)) for one in view.notices]
    facts += [("Extended", told) for told in view.extended]
    facts += [("In quarantine", ", ".join(view.quarantined))] if view.quarantined else []
    yield "\n".join(f"- {name}: {marked(text)}" for name, text in facts)


def _hosts(view: RunView) -> Iterator[str]:
    rows = [(h.tier, str(h.wave), h.name, h.state, str(len(h.installed)), h.why) for h in view.hosts]
    yield "## Hosts"
    yield markdown(table(("Tier", "Wave", "Host", "State", "Packages", "Why"), rows))


def _numbers(numbers: Sequence[NumbersView]) -> Iterator[str]:
    if numbers:
        rows = [
            (one.host, one.check, spread_text(one.before, one.unit), spread_text(one.after, one.unit), one.status)
            for one in numbers
        ]
        yield "## Numbers before and after"
        yield markdown(table(("Host", "Check", "Before", "After", "Verdict"), rows))


def _fixes(view: RunView) -> Iterator[str]:
    if view.fixes:
        rows = [
            (", ".join(f.packages), cves_text(f.cves), ", ".join(f.hosts), ", ".join(f.patched)) for f in view.fixes
        ]
        yield "## What the updates fix"
        yield marked(f"{view.totals}.")
        yield markdown(table(("Packages", "Fix", "Planned on", "Patched on"), rows))
    if view.left_out:
        left = [(one.package, one.reason, ", ".join(one.hosts)) for one in view.left_out]
        yield "## What stayed away"
        yield marked(f"{left_text(view.left_out)}.")
        yield markdown(table(("Package", "Why", "Hosts"), left))


def _steps(bars: Sequence[Bar]) -> Iterator[str]:
    rows = [
        (moment(bar.start), bar.step, bar.host, bar.status, span(bar.end - bar.start) if bar.end else "", bar.reason)
        for bar in bars
    ]
    if rows:
        yield "## Steps"
        yield markdown(table(("Began", "Step", "Host", "Status", "Took", "Said"), rows))
