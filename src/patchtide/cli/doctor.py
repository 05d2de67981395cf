"""`patchtide doctor`: what would stop a run, and what to do about it."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from patchtide.cli.call import Call, command
from patchtide.cli.config import checked_members
from patchtide.cli.diagnosis import Finding, Level, exit_code, host_findings
from patchtide.cli.lines import LineNotifier
from patchtide.cli.output import document, printed, raw, told, width
from patchtide.cli.surveying import probe_line
from patchtide.core.errors import PatchtideError
from patchtide.core.patchset import Probe
from patchtide.core.planning import NotProbed
from patchtide.core.settings import Settings
from patchtide.core.timekeeping import clock_gate
from patchtide.engine.inspect import unfinished
from patchtide.engine.survey import surveyed
from patchtide.report.table import aligned, table
from patchtide.report.words import amount
from patchtide.wiring import CONFIG_NAME, content, desk, lock, settings, store, synchronised

_HERE = "controller"
_CORE_BELOW = (2, 23)
_CORE_FROM = (2, 19)
_NEEDED = ("ansible-core", "ansible-runner")


@command("doctor")
@click.option("--no-hosts", is_flag=True, help="Look at the controller, configuration and inventory only.")
@click.pass_obj
def doctor(call: Call, no_hosts: bool) -> int:
    """Check controller, configuration, inventory and every host: what would stop a run, and what to do?

    Exits with 0 when nothing would, 4 when hosts do not answer, 2 for anything else.
    """
    findings = list(_controller())
    project, problem = _project(call)
    if project is None:
        findings += [problem] if problem else []
    else:
        findings += [Finding(Level.OK, "configuration", project.path), *_state(project), *_clock(project)]
        findings += _fleet(project, call, ask=not no_hosts and exit_code(findings) == 0)
    _told(findings, call)
    return exit_code(findings)


def _told(findings: list[Finding], call: Call) -> None:
    code = exit_code(findings)
    if call.json:
        raw(document("doctor", {"ok": code == 0, "exit_code": code, "findings": findings}))
        return
    rows = [(f.level, f.where, f"{f.message}: {f.hint}" if f.hint else f.message) for f in findings]
    printed(aligned(table(("", "where", "what"), rows), width(call)), call)
    bad = sum(finding.level in {Level.STOP, Level.UNREACHABLE} for finding in findings)
    printed("\nnothing would stop a run" if not bad else f"\n{amount(bad, 'thing')} would stop a run", call)


def _controller() -> Iterator[Finding]:
    yield Finding(Level.OK, _HERE, f"Python {platform.python_version()}")
    for name in _NEEDED:
        yield _package(name)
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))
    for program, hint in (
        ("ansible-playbook", "Install Patchtide into an environment of its own: it brings ansible-core."),
        ("ssh", "Install it: `apt-get install openssh-client`."),
    ):
        if shutil.which(program, path=path) is None:
            yield Finding(Level.STOP, _HERE, f"the program {program} is missing", hint)
    if not (content() / "playbooks").is_dir():
        yield Finding(Level.STOP, _HERE, f"no playbooks under {content()}", "Install Patchtide again.")


def _clock(project: Settings) -> Iterator[Finding]:
    gate = clock_gate(project.clock, synchronised())
    if not gate.ok:
        hint = "Let a time server keep it: `timedatectl set-ntp true`; or say what is asked of it with `clock`."
        yield Finding(Level.STOP, _HERE, gate.reason, hint)


def _package(name: str) -> Finding:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(Level.STOP, _HERE, f"{name} is not installed", "Install Patchtide again: it brings it.")
    numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    if name == "ansible-core" and not _CORE_FROM <= numbers < _CORE_BELOW:
        return Finding(Level.STOP, _HERE, f"{name} {found} is not supported", "Install ansible-core>=2.19,<2.23.")
    return Finding(Level.OK, _HERE, f"{name} {found}")


def _project(call: Call) -> tuple[Settings | None, Finding | None]:
    try:
        return settings(call.config), None
    except PatchtideError as error:
        path = call.config or Path(CONFIG_NAME)
        hint = error.hint if path.exists() else "Write one with `patchtide init`."
        where = f" ({error.where})" if error.where else ""
        return None, Finding(Level.STOP, "configuration", f"{error.message}{where}", hint)


def _state(project: Settings) -> Iterator[Finding]:
    state = Path(project.state)
    there = next(folder for folder in (state, *state.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        hint = "Give this user the right to write there, or name another folder with `state`."
        yield Finding(Level.STOP, "state", f"{there} cannot be written", hint)
        return
    yield Finding(Level.OK, "state", str(state))
    try:
        holder = lock(project).holder()
        if holder:
            yield Finding(Level.NOTE, "state", f"at work now: {holder}", "`patchtide status` shows it.")
        for run_id, _ in unfinished(store(project)):
            yield Finding(Level.NOTE, "state", f"run {run_id} has not ended", f"`patchtide resume {run_id}`")
    except PatchtideError as error:
        yield Finding(Level.STOP, "state", error.message, error.hint)


def _fleet(project: Settings, call: Call, *, ask: bool) -> list[Finding]:
    try:
        hosts = checked_members(project, call)
    except PatchtideError as error:
        return [Finding(Level.STOP, "inventory", error.message.replace("\n", " "), error.hint)]
    total = sum(len(some) for some in hosts.values())
    findings = [Finding(Level.OK, "inventory", f"{amount(total, 'host')} in {amount(len(hosts), 'tier')}")]
    if not ask:
        return findings
    told("asking every host", call)
    there = desk(project, LineNotifier(call))

    def tell(host: str, found: Probe | NotProbed) -> None:
        told(probe_line(host, found), call)

    probes = surveyed(there.executor, project, hosts, "doctor", tell, there.clock)
    for name, probe in probes.items():
        findings += host_findings(name, probe)
    return findings
