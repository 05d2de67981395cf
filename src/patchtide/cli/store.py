"""`patchtide store`: the file with the log of all runs, looked after."""

from pathlib import Path

import click

from patchtide.adapters.store.care import Soundness
from patchtide.cli.call import Call, command
from patchtide.cli.groups import Group
from patchtide.cli.output import document, printed, raw, told, warned
from patchtide.core.errors import LockedError, PatchtideError
from patchtide.core.listing import listed
from patchtide.core.settings import Settings
from patchtide.report.words import amount
from patchtide.wiring import lock, log_keeper, settings, who

_UNSOUND = 1


@click.group("store", cls=Group)
def store() -> None:
    """The log of all runs: check it, back it up while it is used, put a backup back."""


@command("check")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def check(call: Call, file: Path | None) -> int:
    """Read all of the log, or of a backup FILE: integrity, hash chain, every event, every history.

    Exits with 1 when anything is wrong.
    """
    found = log_keeper(settings(call.config, planning=False)).soundness(file)
    if call.json:
        raw(document("store-check", found, sound=not found.problems))
    else:
        printed(_told(found), call)
    return _UNSOUND if found.problems else 0


def _told(found: Soundness) -> str:
    if found.version is None:
        return f"{found.path}: there is no log yet"
    if found.problems:
        return "\n".join([f"{found.path} is not sound:", *(f"  {problem}" for problem in found.problems)])
    open_runs = f"; not ended: {listed(found.unfinished)}" if found.unfinished else ""
    what = f"{amount(found.runs, 'run')}, {amount(found.events, 'event')}, schema version {found.version}"
    return f"{found.path} is sound: {what}{open_runs}"


@command("backup")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="The file to write; in the state folder by default.")
@click.pass_obj
def backup(call: Call, out: Path | None) -> int:
    """Copy the log as it is at this instant, also while a run goes on, with its SHA-256 in FILE.sha256.

    The copy is for its owner only, and nothing is overwritten. Keep both files on another machine.
    """
    path, digest = log_keeper(settings(call.config, planning=False)).backup(out and out.absolute())
    if call.json:
        raw(document("store-backup", {"path": str(path), "sha256": digest}))
    else:
        printed(f"wrote {path} and {path.name}.sha256 ({digest})", call)
    return 0


@command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Even in place of a log with a run that has not ended, or one in use.")
@click.pass_obj
def restore(call: Call, file: Path, force: bool) -> int:
    """Put a backup back, once its digest and all of its content were found right; the log that is here is kept aside.

    Refused while a controller is at work, and while a run here has not ended or the log cannot be read to tell:
    exit code 7, unless forced.
    """
    project = settings(call.config, planning=False)
    if force and (holder := lock(project).holder()):
        warned(f"forced, although another is at work: {holder}")
        found, aside = _restored(project, file, force=True)
    else:
        with lock(project).hold(f"restoring the log ({who()})"):
            found, aside = _restored(project, file, force=force)
    _tell(found, aside, project, call)
    return 0


def _restored(project: Settings, file: Path, *, force: bool) -> tuple[Soundness, Path | None]:
    keeper = log_keeper(project)
    if not force:
        _refuse_over_unfinished(project)
    taken: list[Soundness] = []
    aside = keeper.restore(file, taken.append)
    return taken[0], aside


def _refuse_over_unfinished(project: Settings) -> None:
    """Raise LockedError where hosts may be in the middle of what only the log that is here knows of."""
    path = Path(project.state) / "log.db"
    if not path.exists():
        return
    force = "The log that is here is kept aside, and replaced with --force."
    try:
        found = log_keeper(project).soundness()
    except PatchtideError as error:
        why = f"the log that is here cannot be read, so nobody can tell whether a run has not ended: {error.message}"
        raise LockedError(why, hint=force, where=str(path)) from None
    if found.problems:
        raise LockedError(f"the log that is here is not sound: {found.problems[0]}", hint=force, where=str(path))
    if found.unfinished:
        hint = f"End it first: `patchtide resume {found.unfinished[-1]}`. {force}"
        raise LockedError(f"run {listed(found.unfinished)} has not ended", hint=hint, where=str(path))


def _tell(found: Soundness, aside: Path | None, project: Settings, call: Call) -> None:
    for run in found.unfinished:
        told(f"run {run} had not ended when this was made; end it (`patchtide abort {run}`), then plan anew", call)
    if call.json:
        raw(document("store-restore", found, state=project.state, aside=str(aside) if aside else None))
        return
    kept = f"; what was here is in {aside}" if aside else ""
    printed(f"restored {amount(found.runs, 'run')}, {amount(found.events, 'event')}{kept}", call)


for _each in (check, backup, restore):
    store.add_command(_each)
