"""The pages of commands, exit codes, and the words of a run."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import click
import yaml
from pydantic import TypeAdapter
from scripts.reference.markdown import code, prose, table, wrapped

from patchtide.cli.root import patchtide
from patchtide.core import errors, events, steps
from patchtide.core.steps import EndState, Outcome, Step
from patchtide.report.runtext import OUTCOMES

ROOT = Path(__file__).resolve().parents[2]


def cli_page() -> str:
    """Return every command with its help."""
    parts = [
        "# Commands\n",
        wrapped(
            """Each block is what `--help` prints. The options `--config`, `--json`, `--quiet` and `--no-color` may
            stand before or after a command's name. Data goes to stdout, progress to stderr. What the exit codes mean:
            [exit codes](exit-codes.md)."""
        ),
    ]
    for words, text in helps(patchtide, click.Context(patchtide, info_name="patchtide", **patchtide.context_settings)):
        parts.append(f"\n## {words}\n\n```text\n{text}\n```")
    return "\n".join(parts)


def helps(command: click.Command, ctx: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the words of a command and of all below it, each with its help."""
    ctx.terminal_width = 100
    yield ctx.command_path, command.get_help(ctx)
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            if below is not None:
                yield from helps(below, click.Context(below, info_name=name, parent=ctx))


def exit_codes_page() -> str:
    """Return every exit code with its meaning."""
    codes = {outcome.exit_code: (str(outcome), OUTCOMES[outcome]) for outcome in Outcome}
    codes[errors.PatchtideError.exit_code] = ("", "A command failed for a reason without a code of its own, or a bug")
    for kind in (errors.UsageError, errors.LockedError):
        codes[kind.exit_code] = ("", (inspect.getdoc(kind) or "").rstrip("."))
    codes[steps.WAITING_EXIT_CODE] = ("", "The run waits for a window, a person or its soak, and `--no-wait` was given")
    codes[steps.PENDING_EXIT_CODE] = ("", "Updates are pending (`plan --detailed-exitcode` only)")
    codes[steps.INTERRUPTED_EXIT_CODE] = ("", "Interrupted (SIGINT, SIGTERM, SIGHUP); `patchtide resume` goes on")
    rows = [
        (str(number), code(word) if word else "", f"{text[0].upper()}{text[1:]}.")
        for number, (word, text) in sorted(codes.items())
    ]
    if errors.UnreachableError.exit_code != Outcome.UNREACHABLE.exit_code:
        raise ValueError("unreachable hosts have two exit codes")
    return "\n".join(
        [
            "# Exit codes\n",
            "Numbers keep their meaning from release to release; new ones may come.\n",
            table(("code", "outcome", "means"), rows),
            "",
            wrapped(
                """`run`, `resume` and `rollback` exit with the outcome of the run. `tick` exits with the worst outcome
                of the runs that it took up, and with 6 while one waits. `plan` exits with 0, or 4 when hosts do not
                answer. `doctor` exits with 0 when nothing would stop a run, 4 when hosts do not answer, 2 for anything
                else. All other commands exit with 0 when they did what was asked, however the run that they show
                ended."""
            ),
        ]
    )


DOES = {
    Step.PROBE: "One round trip: what is installed, waits, is in the way. Asks a host in doubt for its journal.",
    Step.STAGE: "Downloads the locked files, checks every hash, keeps the old files, proves the way back.",
    Step.ENTER: "Enters maintenance mode: alerts, load balancers, competing updaters, the flag, your hooks.",
    Step.PATCH: "Records the state, then installs from the staged files in a unit of its own on the host.",
    Step.REBOOT: "Reboots when the update owes it and `reboot` is `when_owed`.",
    Step.VERIFY: "Measures every check and compares with what was true before the update.",
    Step.LEAVE: "Undoes on the host what `enter` did there; what was done around the host is undone next.",
    Step.ROLLBACK: "Puts the recorded state back, compares all of it, measures every check again.",
}


ROLES = {Step.ENTER: "maintenance", Step.LEAVE: "maintenance"}


ENDS = {
    EndState.PATCHED: "The update is installed, and the host was found healthy after it.",
    EndState.ROLLED_BACK: "The update was undone, the recorded state is back, and the host was found healthy.",
    EndState.UNTOUCHED: "Nothing is changed: refused, not proven by an earlier tier, stopped, or nothing to do.",
    EndState.QUARANTINED: "A person is needed: the way back failed, ended otherwise, or was not wanted (`on_failure`).",
}


def steps_page() -> str:
    """Return the words of a run."""
    plays = {step: yaml.safe_load((ROOT / f"playbooks/{step}.yml").read_text("utf-8"))[0]["name"] for step in Step}
    rows = [(code(str(step)), f"`playbooks/{step}.yml`: {plays[step]}", role_link(step), DOES[step]) for step in Step]
    status = TypeAdapter(events.Status).json_schema()["enum"]
    told = prose(events.Status).partition(": ")[2]
    return "\n".join(
        [
            "# Steps, end states, outcomes\n",
            f"## Steps\n\n{prose(Step)}\n",
            table(("step", "playbook", "role", "does"), rows),
            "\n"
            + wrapped(
                f"A step ends on a host as {', '.join(code(word) for word in status)}; {told[0].lower()}{told[1:]}"
            ),
            f"\n## End states\n\n{prose(EndState)}\n",
            table(("end state", "means"), ((code(str(end)), ENDS[end]) for end in EndState)),
            f"\n## Outcomes\n\n{prose(Outcome)}\n",
            table(
                ("outcome", "exit code", "means"),
                (
                    (code(str(out)), str(out.exit_code), f"{OUTCOMES[out][0].upper()}{OUTCOMES[out][1:]}.")
                    for out in Outcome
                ),
            ),
        ]
    )


def role_link(step: Step) -> str:
    """Return a link to the role that does a step."""
    name = ROLES.get(step, str(step))
    return f"[{name}](../../roles/{name}/README.md)"
