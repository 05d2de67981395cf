"""The command `patchtide` and the table of what it can do."""

import click

from patchtide import __version__
from patchtide.cli.groups import Lazy, LazyGroup

_DAY = "A day"
_PEOPLE = "What people say to a run"
_LOOK = "Looking"
_START = "Setting up"
_REHEARSE = "Rehearsing"

TABLE = {
    "init": Lazy("init:init", _START, "Write a project: configuration, inventory, CI; nothing is overwritten."),
    "doctor": Lazy("doctor:doctor", _START, "Check controller, inventory and every host: what would stop a run?"),
    "config": Lazy("config:config", _START, "Check and explain the configuration."),
    "key": Lazy("key:key", _START, "Keys that sign plans."),
    "plan": Lazy("plan:plan", _DAY, "Probe the hosts, lock the patch set, show what would happen."),
    "run": Lazy("run:run", _DAY, "Do it: patch test, verify, soak, wait for the window, promote, verify."),
    "resume": Lazy("run:resume", _DAY, "Go on with a run that was interrupted or had to wait."),
    "tick": Lazy("tick:tick", _DAY, "Go on with every unfinished run as far as it can, for cron and timers."),
    "approve": Lazy("people:approve", _PEOPLE, "Agree to exactly the plan of a run."),
    "reject": Lazy("people:reject", _PEOPLE, "Say no: nothing new begins until you approve."),
    "waive": Lazy("people:waive", _PEOPLE, "Let a run go on without one thing that its gates ask for."),
    "request": Lazy("request:request", _PEOPLE, "Change requests: what is asked for, and what may go wrong."),
    "checklist": Lazy("checklist:checklist", _PEOPLE, "What has to be done before an opening: go, or no-go."),
    "review": Lazy("emergency:review", _PEOPLE, "Look back at an emergency, which is owed."),
    "pause": Lazy("people:pause", _PEOPLE, "Begin nothing new until somebody resumes the run."),
    "abort": Lazy("people:abort", _PEOPLE, "Begin nothing new; bring what began to a safe end."),
    "extend": Lazy("extend:extend", _PEOPLE, "Keep the window of a run open for longer, once."),
    "rollback": Lazy("rollback:rollback", _PEOPLE, "Put the hosts that a run changed back as they were."),
    "bundle": Lazy("bundle:bundle", _DAY, "A proven patch set with its files, for fleets without a mirror."),
    "quarantine": Lazy("quarantine:quarantine", _PEOPLE, "Versions that did harm: list them, keep out, let in again."),
    "status": Lazy("status:status", _LOOK, "Where a run stands, why it waits, when it goes on."),
    "windows": Lazy("windows:windows", _LOOK, "When a tier may be worked on, and why not now."),
    "history": Lazy("history:history", _LOOK, "All runs, and how they ended."),
    "report": Lazy("report:report", _LOOK, "A run as HTML, Markdown, JSON, JUnit or CSV."),
    "audit": Lazy("audit:audit", _LOOK, "Whether the record is the one that was written; checkpoints of it."),
    "store": Lazy("store:store", _LOOK, "Look after the state: check it, back it up, put a backup back."),
    "simulate": Lazy("simulate:simulate", _REHEARSE, "What would a plan do, and when? On a virtual fleet."),
    "lab": Lazy("lab:lab", _REHEARSE, "A disposable practice fleet of real hosts."),
    "demo": Lazy("demo:demo", _REHEARSE, "The whole story on a practice fleet."),
}


@click.group(
    "patchtide",
    cls=LazyGroup,
    table=TABLE,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 100},
    epilog=(
        "Exit codes: 0 done, 1 failed, 2 usage, 3 some hosts failed within the budget, 4 hosts unreachable, 5 halted, "
        "6 waiting, 7 locked, 8 updates pending, 9 rolled back, 10 a person is needed, 130 interrupted."
    ),
)
@click.version_option(__version__, prog_name="patchtide", message="%(prog)s %(version)s")
def patchtide() -> None:
    """Promotes the exact updates that the test tier proved to production, and puts a host back when they did harm."""
