"""A run as text for a terminal: the summary at its end, and where it stands."""

from datetime import datetime
from typing import assert_never

from patchtide.core.actions import Action, Ask, Do, End, Quarantine, Settle, Undo, Wait
from patchtide.core.hoststate import DOING
from patchtide.core.listing import listed
from patchtide.core.unclear import INCONCLUSIVE
from patchtide.report.fixes import left_text
from patchtide.report.runview import RunView, said_lines
from patchtide.report.table import aligned, table
from patchtide.report.words import amount, moment, one_line, span

OUTCOMES = {
    "done": "everything that had to be updated is updated and healthy",
    "partly": "finished; some hosts failed within the budget, or could not be proven",
    "unreachable": "stopped: hosts did not answer",
    "halted": "stopped before it was finished",
    "rolled_back": "what the update had changed was put back",
    "needs_person": "a host needs a person: it could not be put back, or not with certainty",
}
"""What each outcome means, in words."""


def summary(view: RunView, width: int = 0) -> str:
    """Return the last words of a run: what became of it, and of each host."""
    head = f"run {view.run}: {view.outcome or ('waits' if view.held else 'not ended')}"
    meaning = OUTCOMES.get(view.outcome or "", "")
    lines = [f"{head} ({meaning})" if meaning else head]
    until = f"until {moment(view.held.until)}: " if view.held and view.held.until else ""
    if view.reason:
        lines.append(f"  {until}{view.reason}")
    lines += [f"  extended: {told}" for told in view.extended]
    lines += [f"  {line}" for line in told_of_plan(view)]
    if view.quarantined:
        lines.append(f"  in quarantine from now on: {listed(view.quarantined)}")
    return "\n".join([*lines, "", hosts_table(view, width)])


def told_of_plan(view: RunView) -> list[str]:
    """Return what the plan was to fix, and what stayed away, in a line each."""
    left = left_text(view.left_out)
    return [text for text in (view.totals and f"plan: {view.totals}", left and f"stayed away: {left}") if text]


def hosts_table(view: RunView, width: int = 0) -> str:
    """Return a line per host: tier, wave, name, state, and why."""
    rows = [(host.tier, str(host.wave), host.name, host.state, host.why) for host in view.hosts]
    return aligned(table(("tier", "wave", "host", "state", "why"), rows), width)


def standing_text(view: RunView, action: Action, holder: str | None, width: int = 0) -> str:
    """Return where a run stands, why it waits, and what goes on when; `holder` is the controller at work, if any."""
    files = amount(view.updates, "package file")
    opened = f"run {view.run}, opened {moment(view.opened_at)} by {one_line(view.opened_by)}"
    working = at_work(view) if holder else ""
    lines = [f"{opened}: {files} for {amount(len(view.hosts), 'host')}"]
    lines.append(f"  {working} [{one_line(holder or '')}]" if working else f"  {next_words(action, view.run, holder)}")
    lines += [f"  plan {view.digest[:19]} signed with key {one_line(key)}" for key in view.signed_by]
    lines += [f"  {word} {told}" for word, told in said_lines(view)]
    lines += [f"  aborted by {view.aborted}"] if view.aborted else []
    lines += [f"  paused by {view.paused}"] if view.paused else []
    lines += [f"  not told: {one.channel}, {one.notice}: {one.why}" for one in view.notices if one.why and not one.sent]
    lines += [f"  not made: {line}" for line in view.not_made]
    lines += [f"  extended: {told}" for told in view.extended]
    lines += [f"  in quarantine: {listed(view.quarantined)}"] if view.quarantined else []
    lines += [f"  {tier.name}: {amount(len(tier.waves), 'wave')}, {tier.standing}" for tier in view.tiers]
    return "\n".join([*(line.rstrip() for line in lines), "", hosts_table(view, width)])


def at_work(view: RunView) -> str:
    """Return which hosts are being worked on, by what is done to them, or nothing when none is."""
    doing: dict[str, list[str]] = {}
    for host in view.hosts:
        if host.state in DOING.values():
            doing.setdefault(host.state, []).append(host.name)
    return "; ".join(f"{word} {listed(names)}" for word, names in doing.items())


def next_words(action: Action, run_id: str, holder: str | None) -> str:
    """Return in one sentence what comes next in a run, and what somebody has to do for it."""
    match action:
        case End(outcome, reason):
            return f"{outcome}: {OUTCOMES[outcome]}; {one_line(reason)}"
        case Wait(until, code, reason, _):
            return f"waits ({code}) until {moment(until)}: {one_line(reason)}{_carried_on(run_id, holder)}"
        case Ask(code, reason, _):
            return f"waits ({code}) for a person: {one_line(reason)}{_answer(run_id, code)}"
        case Do(step, hosts, why):
            doing = "at" if holder else "next is"
            because = f" ({one_line(why)})" if why else ""
            return f"{doing} {step} on {listed(hosts)}{because}{_carried_on(run_id, holder)}"
        case Quarantine(versions, _, reason):
            return f"puts {listed(versions)} into quarantine: {one_line(reason)}{_carried_on(run_id, holder)}"
        case Undo(name, hosts):
            return f"leaves {one_line(name)} for {listed(hosts)}{_carried_on(run_id, holder)}"
        case Settle(hosts, end, reason, _):
            return f"{listed(hosts)}: {end}: {one_line(reason)}{_carried_on(run_id, holder)}"
        case _:
            assert_never(action)


def _carried_on(run_id: str, holder: str | None) -> str:
    if holder:
        return f" [{one_line(holder)}]"
    return f"; nobody is at it: go on with `patchtide resume {run_id}` or `patchtide tick`"


_ANSWERS = {
    "approval": "`patchtide approve {}`",
    "second_person": "`patchtide approve {}`",
    "rejected": "who said no can approve: `patchtide approve {}`, or end it: `patchtide abort {} --reason ...`",
    "request": "`patchtide request new {} --reason ...`",
    "checklist": "`patchtide checklist show {}`",
    "paused": "`patchtide resume {}` or `patchtide abort {} --reason ...`",
    "check_skipped": "`patchtide waive {} health:CHECK --reason ...` or `patchtide abort {} --reason ...`",
}


def _answer(run_id: str, code: str) -> str:
    if code in _ANSWERS:
        return f"; {_ANSWERS[code].replace('{}', run_id)}"
    if code == INCONCLUSIVE:
        yes = f"`patchtide waive {run_id} health:CHECK --reason ...` (it is well)"
        again = f"`patchtide resume {run_id}` (look again)"
        return f"; {yes}, {again}, or `patchtide rollback {run_id} --reason ...` (put it back)"
    return f"; `patchtide rollback {run_id} --reason ...` or `patchtide abort {run_id} --reason ...`"


def took(view: RunView, now: datetime | None = None) -> str:
    """Return how long a run took, or has taken until `now`."""
    end = view.ended_at or now
    return span(end - view.opened_at) if end else ""
